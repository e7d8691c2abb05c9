//! Gudrun writes histograms: the edges of the bins, not their centres.

use super::sheet::Sheet;

/// Moves the points of a Gudrun histogram from the lower edges of the bins to their centres; what a user should know of it.
///
/// A histogram of n bins has n + 1 edges: the file's last row is the end of the last bin, with zeros for its values,
/// and is left out. Taken for centres, the edges of a `.dofr` make every distance short by half a bin (0.01 Å for bins of 0.02 Å),
/// and its `.int01` every Q. That they are edges shows in two ways: D(r) does not vanish in the row `r = 0` but goes as 1 to 3
/// between the first two rows, as a straight line does at half a bin and one and a half; and the sine transform of the `.int01` agrees
/// with the `.dofr` best when both are moved by half a bin, and only then with a factor of one between them.
pub(super) fn centre_bins(sheet: &mut Sheet) -> Option<String> {
    if sheet.rows.len() < 3 || !sheet.rows.last()?.values[1..].iter().all(|&v| v == 0.0) {
        return None;
    }
    let end = sheet.rows.pop()?.values[0];
    let edges: Vec<f64> = sheet.rows.iter().map(|row| row.values[0]).chain([end]).collect();
    for (row, bin) in sheet.rows.iter_mut().zip(edges.windows(2)) {
        row.values[0] = 0.5 * (bin[0] + bin[1]);
    }
    let half = 0.5 * (edges[1] - edges[0]);
    Some(format!(
        "Gudrun's histogram: its rows begin with the lower edges of the bins; the centres were taken, {half:.4} higher"
    ))
}
