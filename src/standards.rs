//! Powders that instruments are calibrated with, as structures.

/// A powder whose structure is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standard {
    /// `CeO2`.
    pub name: &'static str,
    /// Edge of its cubic cell at room temperature, Å.
    pub a: f64,
    /// Where the edge comes from.
    pub source: &'static str,
    /// Hall's symbol of its space group.
    pub hall: &'static str,
    /// Its sites: label, element, position, Uiso in Å² to start from.
    pub sites: &'static [(&'static str, &'static str, [f64; 3], f64)],
    /// Its shortest distance between two atoms, Å.
    pub nearest: f64,
    /// Coordinates that the symmetry leaves free, as parameters of a job.
    pub free: &'static [&'static str],
}

/// Ceria, the standard of many beamlines.
pub const CEO2: Standard = Standard {
    name: "CeO2",
    a: 5.411651,
    source: "NIST SRM 674b",
    hall: "-F 4 2 3",
    sites: &[("Ce1", "Ce", [0.0, 0.0, 0.0], 0.003), ("O1", "O", [0.25, 0.25, 0.25], 0.006)],
    nearest: 2.343,
    free: &[],
};

/// Nickel.
pub const NI: Standard = Standard {
    name: "Ni",
    a: 3.5238,
    source: "Swanson & Tatge 1953, NBS Circular 539, I, 13 (no certified value)",
    hall: "-F 4 2 3",
    sites: &[("Ni1", "Ni", [0.0, 0.0, 0.0], 0.0055)],
    nearest: 2.492,
    free: &[],
};

/// Silicon.
pub const SI: Standard = Standard {
    name: "Si",
    a: 5.4311946,
    source: "NIST SRM 640c, 22.5 °C",
    hall: "-F 4vw 2vw 3",
    sites: &[("Si1", "Si", [0.125, 0.125, 0.125], 0.006)],
    nearest: 2.352,
    free: &[],
};

/// Lanthanum hexaboride; the position of boron is a start and is refined.
pub const LAB6: Standard = Standard {
    name: "LaB6",
    a: 4.156826,
    source: "NIST SRM 660c, 22.5 °C",
    hall: "-P 4 2 3",
    sites: &[("La1", "La", [0.0, 0.0, 0.0], 0.005), ("B1", "B", [0.2, 0.5, 0.5], 0.004)],
    nearest: 1.663,
    free: &["x.B1"],
};

impl Standard {
    /// The structure as a CIF.
    ///
    /// ```
    /// use corefine::standards::CEO2;
    /// let model = corefine::read::structure(CEO2.cif().as_bytes(), "CeO2.cif").unwrap().value;
    /// let crystal = corefine::expand::crystal(&model).unwrap();
    /// assert_eq!((crystal.atoms.len(), model.cell.a), (12, 5.411651));
    /// ```
    pub fn cif(&self) -> String {
        let Self { name, a, source, hall, sites, .. } = self;
        let row =
            |(label, symbol, [x, y, z], u): &(&str, &str, [f64; 3], f64)| format!("{label} {symbol} {x} {y} {z} {u}");
        let rows = sites.iter().map(row).collect::<Vec<_>>().join("\n");
        format!(
            "data_{name}\n# a: {source}\n\
             _cell_length_a {a}\n_cell_length_b {a}\n_cell_length_c {a}\n\
             _cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n\
             _space_group_name_Hall '{hall}'\n\
             loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n\
             _atom_site_fract_z\n_atom_site_U_iso_or_equiv\n{rows}\n"
        )
    }
}
