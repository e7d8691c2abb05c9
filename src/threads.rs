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

/// How many pieces are done at a time.
pub fn count() -> usize {
    #[cfg(feature = "parallel")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    1
}
