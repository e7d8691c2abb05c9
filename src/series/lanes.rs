//! In which order frames are refined, and where each begins.

use super::Fitted;

/// Which frame a frame begins from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The one before it.
    Forward,
    /// The one after it.
    Backward,
    /// None: each begins from the job's own start.
    Independent,
}

impl Order {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Independent => "independent",
        }
    }
}

/// The frames of a series, by their numbers, as they are refined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lanes {
    /// Refined first: all lanes begin from its result, or from the job's own start where it has none.
    pub head: Vec<usize>,
    /// Refined side by side; the frames of one lane one after the other, each from the one before it.
    pub lanes: Vec<Vec<usize>>,
}

/// How frames (their numbers, in the order of the series) are refined: in one chain, in `parts` chains of equal length that begin
/// where the first frame ended, or each on its own.
///
/// ```
/// use corefine::series::{Order, lanes};
/// let cut = lanes(&[0, 1, 2, 3, 4], Order::Backward, 2);
/// assert_eq!((cut.head, cut.lanes), (vec![4], vec![vec![3, 2], vec![1, 0]]));
/// assert_eq!(lanes(&[0, 1], Order::Independent, 1).lanes, [[0], [1]]);
/// ```
pub fn lanes(frames: &[usize], order: Order, parts: usize) -> Lanes {
    let mut frames = frames.to_vec();
    match order {
        Order::Independent => {
            return Lanes { head: Vec::new(), lanes: frames.into_iter().map(|frame| vec![frame]).collect() };
        }
        Order::Backward => frames.reverse(),
        Order::Forward => {}
    }
    if parts <= 1 {
        return Lanes { head: Vec::new(), lanes: vec![frames] };
    }
    let rest = frames.split_off(frames.len().min(1));
    let length = rest.len().div_ceil(parts).max(1);
    Lanes { head: frames, lanes: rest.chunks(length).map(<[usize]>::to_vec).collect() }
}

/// The values of the refined parameters from which a frame begins: its neighbour's, or the job's own (`own`, in the same order) where
/// the neighbour stopped at a bound, as nothing leads away from some of those, or has no such value.
///
/// ```
/// # use corefine::series::{Curve, Fitted, Parameter, start};
/// # let parameter = |value, at_bound| Parameter { name: String::new(), unit: String::new(), value, esd: None, tied: false, at_bound };
/// # let parameters = vec![parameter(3.9, false), parameter(0.0, true)];
/// # let neighbour = Fitted { begun_from: None, rw: 0.1, chi2: 1.0, converged: true, stop: String::new(), iterations: 3, parameters,
/// #     bonds: vec![], warnings: vec![], label: String::new(), curve: Curve::default() };
/// // The neighbour ended at 3.9, and at a bound, 0.
/// assert_eq!(start(&[4.0, 0.02], Some(&neighbour)), [3.9, 0.02]);
/// assert_eq!(start(&[4.0, 0.02], None), [4.0, 0.02]);
/// ```
pub fn start(own: &[f64], neighbour: Option<&Fitted>) -> Vec<f64> {
    let refined = neighbour.into_iter().flat_map(|fitted| &fitted.parameters).filter(|parameter| !parameter.tied);
    let mut ended = refined.map(|parameter| (!parameter.at_bound).then_some(parameter.value));
    own.iter().map(|own| ended.next().flatten().unwrap_or(*own)).collect()
}
