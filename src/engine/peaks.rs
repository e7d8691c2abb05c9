//! Peaks on a grid: what an engine is given, and the rows that it gives back.

/// A uniform grid of distances, `r_m = (first + m) step`, m = 0 to n - 1.
///
/// Points are whole multiples of the step, so that a peak is placed by an integer and a small remainder: that
/// difference keeps its digits in f32 at any distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Index of the first point: its distance is `first * step`.
    pub first: usize,
    /// Spacing, Å.
    pub step: f64,
    /// Number of points.
    pub n: usize,
}

/// One Gaussian: a pair of atoms at its distance, with its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Index `k` of the grid point nearest to the peak, counted like [`Grid::first`] from r = 0.
    pub center: u32,
    /// The peak reaches the points `k - half ..= k + half`, those of them that are on the grid.
    pub half: u32,
    /// `r_peak - k step`, Å, at most half a step either way.
    pub offset: f64,
    /// Standard deviation σ, Å; positive.
    pub sigma: f64,
}

/// What one peak adds to one row: `(a + b t + c t²) exp(-t²/2)`, `t = (r - r_peak) / σ`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// The row.
    pub row: u32,
    /// Factor of `exp(-t²/2)`.
    pub a: f64,
    /// Factor of `t exp(-t²/2)`.
    pub b: f64,
    /// Factor of `t² exp(-t²/2)`.
    pub c: f64,
}

/// All peaks, sorted by `center`, with their terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Peaks {
    /// The grid they are laid down on.
    pub grid: Grid,
    /// Number of rows.
    pub rows: usize,
    /// The peaks, `center` ascending.
    pub peaks: Vec<Peak>,
    /// `terms[start[i]..start[i + 1]]` belong to peak i; one entry more than peaks.
    pub start: Vec<u32>,
    /// The terms, peak by peak. A peak has at most one term per row.
    pub terms: Vec<Term>,
}

/// Rows of values, one value per grid point, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Number of points per row.
    pub n: usize,
    /// Row `i` is `values[i * n..(i + 1) * n]`.
    pub values: Vec<f64>,
}

impl Grid {
    /// Distance of point m, Å.
    pub fn r(&self, m: usize) -> f64 {
        (self.first + m) as f64 * self.step
    }
}

impl Peaks {
    /// The terms of peak `i`.
    pub fn terms_of(&self, i: usize) -> &[Term] {
        &self.terms[self.start[i] as usize..self.start[i + 1] as usize]
    }

    /// Leaves out the rows that no term adds to; which ones stay, ascending.
    pub fn close_ranks(&mut self) -> Vec<u32> {
        let mut places = vec![u32::MAX; self.rows];
        self.terms.iter().for_each(|term| places[term.row as usize] = 0);
        let touched: Vec<u32> = (0..).zip(&places).filter(|(_, place)| **place == 0).map(|(row, _)| row).collect();
        for (place, row) in (0..).zip(&touched) {
            places[*row as usize] = place;
        }
        self.terms.iter_mut().for_each(|term| term.row = places[term.row as usize]);
        self.rows = touched.len();
        touched
    }

    /// The grid points that a peak reaches, as a range of `m`; empty where it lies off the grid.
    pub fn reach(&self, peak: &Peak) -> std::ops::Range<usize> {
        let first = (peak.center as usize).saturating_sub(peak.half as usize).max(self.grid.first);
        let end = (peak.center as usize + peak.half as usize + 1).min(self.grid.first + self.grid.n);
        if first < end { first - self.grid.first..end - self.grid.first } else { 0..0 }
    }
}

impl Rows {
    /// Rows of zeros.
    pub fn zeros(rows: usize, n: usize) -> Self {
        Self { n, values: vec![0.0; rows * n] }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.n).unwrap_or(0)
    }

    /// No rows at all?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.n..(i + 1) * self.n]
    }

    /// Row `i`, to be written.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.values[i * self.n..(i + 1) * self.n]
    }
}
