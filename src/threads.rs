//! The one place that knows of threads: independent pieces of work, done side by side where the feature `parallel` is
//! on and there are cores for it, one after the other otherwise.

/// `f(0), f(1) ... f(n - 1)`, in this order whatever the number of threads.
///
/// ```
/// assert_eq!(corefine::threads::map(4, |k| k * k), [0, 1, 4, 9]);
/// ```
pub fn map<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    if n > 1 && count() > 1 {
        use rayon::prelude::*;
        return (0..n).into_par_iter().map(f).collect();
    }
    // On the caller's own thread: to hand work to a pool of one costs more than many a piece.
    (0..n).map(f).collect()
}

/// `f` of each item, in this order whatever the number of threads.
///
/// ```
/// assert_eq!(corefine::threads::map_each(vec!["a", "b"], |text| text.len()), [1, 1]);
/// ```
pub fn map_each<A: Send, T: Send>(items: Vec<A>, f: impl Fn(A) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    if items.len() > 1 && count() > 1 {
        use rayon::prelude::*;
        return items.into_par_iter().map(f).collect();
    }
    items.into_iter().map(f).collect()
}

/// What `a` and `b` give, side by side where there are threads for it.
///
/// ```
/// assert_eq!(corefine::threads::both(|| 1, || "two"), (1, "two"));
/// ```
pub fn both<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    #[cfg(feature = "parallel")]
    if count() > 1 {
        return rayon::join(a, b);
    }
    (a(), b())
}

thread_local! {
    /// Is this thread's work already one of many pieces?
    #[cfg(feature = "parallel")]
    static ALONE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// `f()`, with all work inside it done one after the other: where whole tasks are done side by side, to cut each up as well
/// would only cost.
///
/// ```
/// assert_eq!(corefine::threads::alone(|| corefine::threads::map(3, |k| k)), [0, 1, 2]);
/// ```
pub fn alone<T>(f: impl FnOnce() -> T) -> T {
    #[cfg(feature = "parallel")]
    {
        let before = ALONE.replace(true);
        let result = f();
        ALONE.set(before);
        result
    }
    #[cfg(not(feature = "parallel"))]
    f()
}

/// How many pieces are done at a time.
pub fn count() -> usize {
    #[cfg(feature = "parallel")]
    return if ALONE.get() { 1 } else { rayon::current_num_threads() };
    #[cfg(not(feature = "parallel"))]
    1
}
