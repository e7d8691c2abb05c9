//! A structure as it is written down: a cell, a space group, the sites of the asymmetric unit.
//!
//! [`Model`] is what every structure file is read into and what the project's own RON models are, field by field.

use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};

use crate::element::Species;
use crate::units::{Cart, Frac};

/// A structure: what a CIF, a `.stru`, an xyz or a RON model says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// A name for people.
    #[serde(default)]
    pub title: String,
    /// Where the structure comes from, line by line: source, licence, what was changed.
    #[serde(default)]
    pub provenance: Vec<String>,
    /// Is it an isolated cluster, a finite particle of which no images are near? It has no lattice: `cell` is
    /// [`Cell::ANGSTROM`], and positions are Cartesian, in Å.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cluster: bool,
    /// The unit cell.
    #[serde(default = "Cell::angstrom", skip_serializing_if = "Cell::is_angstrom")]
    pub cell: Cell,
    /// The space group, with all its operators in the setting of the coordinates.
    #[serde(default)]
    pub space_group: SpaceGroup,
    /// Corrections to the pair sum that a PDFfit `.stru` file carries.
    #[serde(default)]
    pub profile: Profile,
    /// The asymmetric unit.
    pub sites: Vec<Site>,
}

/// A unit cell: edges in Å, angles in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Edge a, Å.
    pub a: f64,
    /// Edge b, Å.
    pub b: f64,
    /// Edge c, Å.
    pub c: f64,
    /// Angle between b and c, degrees.
    pub alpha: f64,
    /// Angle between a and c, degrees.
    pub beta: f64,
    /// Angle between a and b, degrees.
    pub gamma: f64,
}

/// A space group in one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceGroup {
    /// The Hermann-Mauguin symbol as the file gives it, `P b c a`.
    pub name: String,
    /// The number in International Tables, where known.
    #[serde(default)]
    pub number: Option<u16>,
    /// Every operator, centring included; the first is the identity.
    pub operators: Vec<Operator>,
}

/// A symmetry operator on fractional coordinates, `x' = R x + t`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Operator {
    /// R: the rotation part, integers between -1 and 1.
    pub rotation: Matrix3<f64>,
    /// t: the translation part, each component in `[0, 1)`.
    pub translation: Vector3<f64>,
}

/// One site of the asymmetric unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The site's own name, unique in the model: `Co1`.
    pub label: String,
    /// What sits there.
    pub species: Species,
    /// Where, in fractions of the cell; of a cluster in Å.
    pub position: Frac,
    /// Occupancy, 0 to 1.
    #[serde(default = "full")]
    pub occ: f64,
    /// Displacement parameter; `None` where the file gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adp: Option<Adp>,
    /// A second U for pairs longer than a given distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<Beyond>,
    /// Isotropic U in Å² for pairs inside one molecule; [`Site::adp`] then serves the pairs between molecules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<f64>,
    /// Which of several alternatives of a disordered part the site belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disorder: Option<Disorder>,
}

/// A displacement parameter, Å².
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Adp {
    /// `Uiso`: the mean square displacement along any direction.
    Iso(f64),
    /// `[U11, U22, U33, U12, U13, U23]` on the axes of CIF: along a, b, c in lengths of a*, b*, c*.
    Aniso([f64; 6]),
}

/// The second U of a site (TOPAS style): it replaces the first in pairs with `r > rcut`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beyond {
    /// The distance in Å from which on the second U holds.
    pub rcut: f64,
    /// The second `Uiso`, Å².
    pub uiso: f64,
}

/// A site's place in a disordered part: atoms of one assembly and different groups never coexist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disorder {
    /// `_atom_site_disorder_assembly`, empty where the file has one assembly only.
    #[serde(default)]
    pub assembly: String,
    /// `_atom_site_disorder_group`; negative for a part that overlaps its own symmetry images.
    pub group: i32,
}

/// Corrections to widths and amplitudes that belong to a structure (a *phase*) rather than to a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Factor on the whole curve, no unit.
    pub scale: f64,
    /// Linear sharpening of near pairs by correlated motion, Å.
    pub delta1: f64,
    /// Quadratic sharpening of near pairs by correlated motion, Å².
    pub delta2: f64,
    /// Factor on the width of pairs nearer than `rcut`, no unit; 1 changes nothing.
    pub sratio: f64,
    /// The distance below which `sratio` acts, Å; 0 for nowhere.
    pub rcut: f64,
    /// Diameter of a spherical particle, Å; 0 for a crystal without end.
    pub spdiameter: f64,
    /// The curve is zero beyond this distance, Å; 0 for no cut.
    pub stepcut: f64,
}

fn full() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Default for Profile {
    fn default() -> Self {
        Self { scale: 1.0, delta1: 0.0, delta2: 0.0, sratio: 1.0, rcut: 0.0, spdiameter: 0.0, stepcut: 0.0 }
    }
}

impl Cell {
    /// The unit of length along each axis: in fractions of it positions are Cartesian, in Å, as those of a cluster are.
    pub const ANGSTROM: Self = Self { a: 1.0, b: 1.0, c: 1.0, alpha: 90.0, beta: 90.0, gamma: 90.0 };

    fn angstrom() -> Self {
        Self::ANGSTROM
    }

    pub(crate) fn is_angstrom(&self) -> bool {
        *self == Self::ANGSTROM
    }

    /// The cell's six numbers in the order a, b, c, alpha, beta, gamma.
    pub fn parameters(&self) -> [f64; 6] {
        [self.a, self.b, self.c, self.alpha, self.beta, self.gamma]
    }

    /// The cell with the six numbers in that order.
    pub fn from_parameters([a, b, c, alpha, beta, gamma]: [f64; 6]) -> Self {
        Self { a, b, c, alpha, beta, gamma }
    }

    /// Edges and angles of three vectors (columns, Å) that may lie anyhow in space.
    pub fn of_vectors(vectors: &Matrix3<f64>) -> Self {
        let edge = |i: usize| vectors.column(i).norm();
        let angle = |i: usize, j: usize| {
            let cosine = vectors.column(i).dot(&vectors.column(j)) / (edge(i) * edge(j));
            cosine.clamp(-1.0, 1.0).acos().to_degrees()
        };
        Self::from_parameters([edge(0), edge(1), edge(2), angle(1, 2), angle(0, 2), angle(0, 1)])
    }

    /// The matrix whose columns are the cell vectors in Å: a along x, b in the xy plane, c upwards.
    ///
    /// `cart = basis * frac`. NaN where the three angles close no cell.
    ///
    /// ```
    /// use corefine::model::Cell;
    /// let hexagonal = Cell::from_parameters([3.0, 3.0, 5.0, 90.0, 90.0, 120.0]);
    /// let basis = hexagonal.basis();
    /// assert!((basis.column(1)[0] + 1.5).abs() < 1e-12);
    /// assert!((hexagonal.volume() - basis.determinant()).abs() < 1e-9);
    /// ```
    pub fn basis(&self) -> Matrix3<f64> {
        let [ca, cb, cg] = [self.alpha, self.beta, self.gamma].map(cosine);
        let sg = (1.0 - cg * cg).sqrt();
        let cx = cb;
        let cy = (ca - cb * cg) / sg;
        let cz = (1.0 - cx * cx - cy * cy).sqrt();
        Matrix3::new(
            self.a,
            self.b * cg,
            self.c * cx, //
            0.0,
            self.b * sg,
            self.c * cy, //
            0.0,
            0.0,
            self.c * cz,
        )
    }

    /// `d basis / d parameter k`, k = 0 to 5 for a, b, c (per Å), alpha, beta, gamma (per degree).
    ///
    /// # Panics
    /// For any other k.
    pub fn basis_derivative(&self, k: usize) -> Matrix3<f64> {
        let basis = self.basis();
        let only = |column: usize, values: [f64; 3]| {
            let mut m = Matrix3::zeros();
            m.set_column(column, &Vector3::from(values));
            m
        };
        let unit = |column: usize, edge: f64| {
            let v = basis.column(column) / edge;
            only(column, [v[0], v[1], v[2]])
        };
        let [ca, cb, cg] = [self.alpha, self.beta, self.gamma].map(cosine);
        let [sa, sb, sg] = [self.alpha, self.beta, self.gamma].map(|degrees| degrees.to_radians().sin());
        let per_degree = 1.0_f64.to_radians();
        let cy = (ca - cb * cg) / sg;
        let cz = (1.0 - cb * cb - cy * cy).sqrt();
        match k {
            0 => unit(0, self.a),
            1 => unit(1, self.b),
            2 => unit(2, self.c),
            3 => {
                let dcy = -sa / sg;
                only(2, [0.0, dcy, -cy * dcy / cz]) * (self.c * per_degree)
            }
            4 => {
                let (dcx, dcy) = (-sb, sb * cg / sg);
                only(2, [dcx, dcy, -(cb * dcx + cy * dcy) / cz]) * (self.c * per_degree)
            }
            5 => {
                let dcy = cb - cy * cg / sg;
                let third = only(2, [0.0, dcy, -cy * dcy / cz]) * self.c;
                let second = only(1, [-sg, cg, 0.0]) * self.b;
                (second + third) * per_degree
            }
            _ => panic!("a cell has six parameters, not {}", k + 1),
        }
    }

    /// Lengths of the reciprocal edges a*, b*, c* (without 2π), 1/Å.
    pub fn reciprocal_lengths(&self) -> Vector3<f64> {
        let inverse = self.basis().try_inverse().unwrap_or_else(|| Matrix3::repeat(f64::NAN));
        Vector3::from_fn(|i, _| inverse.row(i).norm())
    }

    /// Volume in Å³; NaN where the three angles close no cell.
    pub fn volume(&self) -> f64 {
        self.basis().determinant()
    }

    /// A fractional position on Cartesian axes.
    pub fn cart(&self, position: Frac) -> Cart {
        Cart(self.basis() * position.0)
    }
}

/// Cosine of an angle in degrees, exact at 90 and its kin: a rectangular cell has a diagonal basis.
fn cosine(degrees: f64) -> f64 {
    if (degrees - 90.0).abs() < 1e-12 { 0.0 } else { degrees.to_radians().cos() }
}

impl Operator {
    /// `x,y,z`.
    pub fn identity() -> Self {
        Self { rotation: Matrix3::identity(), translation: Vector3::zeros() }
    }

    /// The image of a position.
    pub fn apply(&self, position: Frac) -> Frac {
        Frac(self.rotation * position.0 + self.translation)
    }
}

impl Default for SpaceGroup {
    /// P 1.
    fn default() -> Self {
        Self { name: "P 1".to_owned(), number: Some(1), operators: vec![Operator::identity()] }
    }
}

impl Adp {
    /// `Uiso`, or a third of the trace on Cartesian axes, Å².
    pub fn equivalent(&self, cell: &Cell) -> f64 {
        self.cartesian(cell).trace() / 3.0
    }

    /// U on the Cartesian axes of [`Cell::basis`], Å²: `(A N) U (A N)^T` with `N = diag(a*, b*, c*)`.
    pub fn cartesian(&self, cell: &Cell) -> Matrix3<f64> {
        match *self {
            Adp::Iso(u) => Matrix3::identity() * u,
            Adp::Aniso(u) => {
                let an = cell.basis() * Matrix3::from_diagonal(&cell.reciprocal_lengths());
                an * symmetric(u) * an.transpose()
            }
        }
    }
}

/// The symmetric matrix of `[U11, U22, U33, U12, U13, U23]`.
pub fn symmetric([u11, u22, u33, u12, u13, u23]: [f64; 6]) -> Matrix3<f64> {
    Matrix3::new(u11, u12, u13, u12, u22, u23, u13, u23, u33)
}

impl std::fmt::Display for Operator {
    /// Writes `-x+1/2,y,z+1/3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for row in 0..3 {
            if row > 0 {
                f.write_str(",")?;
            }
            write_row(f, &self.rotation.row(row).transpose(), self.translation[row])?;
        }
        Ok(())
    }
}

fn write_row(f: &mut std::fmt::Formatter<'_>, factors: &Vector3<f64>, shift: f64) -> std::fmt::Result {
    let mut first = true;
    for (factor, name) in factors.iter().zip(["x", "y", "z"]) {
        let sign = match (*factor, first) {
            (0.0, _) => continue,
            (k, _) if k < 0.0 => "-",
            (_, true) => "",
            (_, false) => "+",
        };
        write!(f, "{sign}{name}")?;
        first = false;
    }
    if shift.abs() < 1e-9 {
        return if first { f.write_str("0") } else { Ok(()) };
    }
    let twelfths = (shift * 12.0).round();
    if (shift * 12.0 - twelfths).abs() > 1e-6 {
        return write!(f, "{shift:+}");
    }
    let divisor = [12.0, 6.0, 4.0, 3.0, 2.0].into_iter().find(|d| twelfths % d == 0.0).unwrap_or(1.0);
    write!(f, "{:+}/{}", twelfths / divisor, 12.0 / divisor)
}

impl From<Operator> for String {
    fn from(operator: Operator) -> Self {
        operator.to_string()
    }
}

impl TryFrom<String> for Operator {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Operator {
    type Err = String;

    /// Reads `x,y,z` in any usual spelling: `1/2+X, -y , 0.5-z`, `X-Y,X,Z+1/6`.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is no symmetry operator such as \"-x+1/2,y,z+1/2\"");
        let rows: Vec<&str> = text.trim().trim_matches(['\'', '"']).split(',').collect();
        if rows.len() != 3 {
            return Err(bad());
        }
        let mut operator = Self { rotation: Matrix3::zeros(), translation: Vector3::zeros() };
        for (i, row) in rows.iter().enumerate() {
            let (factors, shift) = read_row(row).ok_or_else(bad)?;
            operator.rotation.set_row(i, &factors.transpose());
            operator.translation[i] = shift.rem_euclid(1.0);
        }
        if operator.rotation.determinant().abs() < 0.5 {
            return Err(bad());
        }
        Ok(operator)
    }
}

/// One row of an operator: the factors of x, y, z and the shift.
fn read_row(row: &str) -> Option<(Vector3<f64>, f64)> {
    let row: String = row.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let mut factors = Vector3::zeros();
    let mut shift = 0.0;
    let mut rest = row.as_str();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let signed = rest.strip_prefix(['+', '-']);
        let sign = if rest.starts_with('-') { -1.0 } else { 1.0 };
        let body = signed.unwrap_or(rest);
        let end = body.find(['+', '-']).unwrap_or(body.len());
        let (term, tail) = body.split_at(end);
        match term.trim_end_matches('*') {
            "x" => factors[0] += sign,
            "y" => factors[1] += sign,
            "z" => factors[2] += sign,
            number => shift += sign * read_fraction(number)?,
        }
        rest = tail;
    }
    Some((factors, shift))
}

fn read_fraction(text: &str) -> Option<f64> {
    match text.split_once('/') {
        Some((numerator, denominator)) => {
            let d: f64 = denominator.parse().ok()?;
            (d != 0.0).then_some(numerator.parse::<f64>().ok()? / d)
        }
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_read_back_as_written() {
        for text in ["x,y,z", "-x+1/2,-y,z+1/2", "x-y,x,z+1/6", "-y,x-y,z+2/3", "y+1/4,-x+3/4,-z+5/6"] {
            let operator: Operator = text.parse().unwrap();
            assert_eq!(operator.to_string(), text);
        }
        let operator: Operator = " 1/2+X, 0.5 - Y , -Z".parse().unwrap();
        assert_eq!(operator.to_string(), "x+1/2,-y+1/2,-z");
        for text in ["x,y", "x,y,w", "x,x,x", "", "x,y,z+1/0"] {
            assert!(text.parse::<Operator>().is_err(), "{text}");
        }
    }

    #[test]
    fn basis_derivatives_match_central_differences() {
        let p = [5.1, 6.2, 7.3, 81.0, 97.0, 113.0];
        for k in 0..6 {
            let h = 1e-5;
            let [mut plus, mut minus] = [p; 2];
            plus[k] += h;
            minus[k] -= h;
            let difference = (Cell::from_parameters(plus).basis() - Cell::from_parameters(minus).basis()) / (2.0 * h);
            let error = (difference - Cell::from_parameters(p).basis_derivative(k)).abs().max();
            assert!(error < 1e-9, "parameter {k}: {error:e}");
        }
    }

    #[test]
    fn an_isotropic_tensor_stays_isotropic_in_an_oblique_cell() {
        // In a triclinic cell the CIF tensor of an isotropic U is U times the cosines of the reciprocal angles.
        let cell = Cell::from_parameters([5.0, 6.0, 7.0, 80.0, 95.0, 110.0]);
        let g = (cell.basis().transpose() * cell.basis()).try_inverse().unwrap();
        let n = cell.reciprocal_lengths();
        let u = |i: usize, j: usize| 0.01 * g[(i, j)] / (n[i] * n[j]);
        let adp = Adp::Aniso([u(0, 0), u(1, 1), u(2, 2), u(0, 1), u(0, 2), u(1, 2)]);
        assert!((adp.cartesian(&cell) - Matrix3::identity() * 0.01).abs().max() < 1e-15);
        assert!((adp.equivalent(&cell) - 0.01).abs() < 1e-15);
    }
}
