//! What is done to measured curves.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::shared::Replace;

#[derive(Debug, ClapArgs)]
pub struct Difference {
    /// The curves of the cycled and the pristine sample, or the folders of ensembles: the last is subtracted from the others
    #[arg(num_args = 2.., required = true, value_names = ["CYCLED", "PRISTINE"])]
    pub of: Vec<PathBuf>,
    /// Write a page: both curves with their difference, or both histograms
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
    /// Curves: write the difference and its uncertainty as columns
    #[arg(short = 'o', value_name = "FILE.gr")]
    pub output: Option<PathBuf>,
    /// Curves: where they are scaled to each other, Å [default: 1.2,1.5, the C-C and C-N bonds of the rings]
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', allow_negative_numbers = true)]
    pub window: Option<Vec<f64>>,
    /// Curves: take them as they are
    #[arg(long, conflicts_with = "window")]
    pub no_scale: bool,
    /// Curves: what is compared, Å [default: all that both have]
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', allow_negative_numbers = true)]
    pub range: Option<Vec<f64>>,
    /// Curves: stretch the second one's r by 1 + STRETCH; without a number it is refined
    #[arg(long, value_name = "STRETCH", num_args = 0..=1, require_equals = true, default_missing_value = "refine", allow_negative_numbers = true)]
    pub stretch: Option<String>,
    /// Curves: broaden the second one's peaks by a Gaussian of standard deviation SMEAR, Å; without a number it is refined
    #[arg(long, value_name = "SMEAR", num_args = 0..=1, require_equals = true, default_missing_value = "refine", allow_negative_numbers = true)]
    pub smear: Option<String>,
    /// Curves: what lies under the first one (carbon black, binder, cell), with the factor it is subtracted with; may be repeated
    #[arg(long, value_name = "FILE=FACTOR")]
    pub background: Vec<String>,
    /// Curves: the same of the second one
    #[arg(long, value_name = "FILE=FACTOR")]
    pub pristine_background: Vec<String>,
    #[command(flatten)]
    pub replace: Replace,
}

#[derive(Debug, ClapArgs)]
pub struct Convert {
    /// The curve; its form is the one that its header, its name or its labels tell
    pub input: PathBuf,
    /// The file to write; its header names the form
    pub output: PathBuf,
    /// The form to write
    #[arg(long, value_enum, value_name = "FORM")]
    pub to: FormArg,
    /// The form that the file is in, where its header and name do not tell
    #[arg(long, value_enum, value_name = "FORM")]
    pub from: Option<FormArg>,
    /// Number density ρ0, atoms per Å³ [default: the header's]
    #[arg(long, value_name = "1/Å³", allow_negative_numbers = true)]
    pub number_density: Option<f64>,
    /// Square of the mean scattering length <b>² [default: the header's; of neutrons by its composition, in barn; of X-rays 1]
    #[arg(long, value_name = "B2", allow_negative_numbers = true)]
    pub b_squared: Option<f64>,
    /// Lower end of the window in Q, 1/Å [default: 0]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmin: Option<f64>,
    /// Upper end of it, 1/Å [default: from r the header's, else π/rstep; from Q all of the curve]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmax: Option<f64>,
    /// From Q to r: a Lorch window, sin(x)/x with x = πQ/qmax
    #[arg(long, conflicts_with = "soper_lorch")]
    pub lorch: bool,
    /// From Q to r: a Soper-Lorch window of this width, Å
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub soper_lorch: Option<f64>,
    /// From Q to r: last distance, Å [default: π/ΔQ]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmax: Option<f64>,
    /// From Q to r: step, Å [default: about 0.01, such that the way back is exact]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rstep: Option<f64>,
    #[command(flatten)]
    pub replace: Replace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormArg {
    /// G(r) = 4π r ρ0 [g(r) - 1]
    #[value(name = "G")]
    G,
    /// g(r), the pair distribution function
    #[value(name = "g")]
    SmallG,
    /// D(r) = <b>² G(r)
    #[value(name = "D")]
    D,
    /// T(r) = D(r) + 4π r ρ0 <b>²
    #[value(name = "T")]
    T,
    /// G(r) of Keen 2001: <b>² [g(r) - 1]
    #[value(name = "G_K")]
    Keen,
    /// r G(r) + 4π r² ρ0
    #[value(name = "RDF")]
    Rdf,
    /// S(Q)
    #[value(name = "S")]
    S,
    /// i(Q) = S(Q) - 1
    #[value(name = "i")]
    I,
    /// F(Q) = Q [S(Q) - 1]
    #[value(name = "F")]
    F,
}
