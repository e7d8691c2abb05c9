//! From intensities to G(r).

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::shared::{RadiationArg, Replace};

#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("place").required(true).args(["output", "out"])))]
pub struct Reduce {
    /// Patterns of the sample (.chi, .xy, .xye, .dat, .csv): files, or patterns such as 'run*.chi'
    #[arg(required = true, value_name = "SAMPLE")]
    pub samples: Vec<String>,
    /// Pattern of what is not the sample: the empty container
    #[arg(long, value_name = "EMPTY.chi")]
    pub background: Option<PathBuf>,
    /// Settings in RON, or a file of PDFgetX3 with its header; what stands on the command line goes before it
    #[arg(long, value_name = "FILE")]
    pub job: Option<PathBuf>,
    /// Write FILE.iq, FILE.sq, FILE.fq and FILE.gr (one sample)
    #[arg(short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write these four for each sample, by its name, into a folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub replace: Replace,
    /// Write a page with all curves too, FILE.html
    #[arg(long, conflicts_with = "scan")]
    pub report: bool,
    /// Write one page, FILE.scan.html, with reductions for several values of qmax, rpoly or bgscale, and figures of merit
    #[arg(long, value_name = "KEY[=V,V,...]")]
    pub scan: Option<String>,
    /// Write the covariance of points too: of G(r) at k π/qmax, FILE.gcov, of F(Q), FILE.fcov
    #[arg(long, value_enum, value_delimiter = ',', value_name = "G,F", conflicts_with = "scan")]
    pub covariance: Vec<CovarianceArg>,
    #[command(flatten)]
    pub settings: ReduceSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CovarianceArg {
    #[value(name = "G")]
    G,
    #[value(name = "F")]
    F,
}

/// What may stand in a job too.
#[derive(Debug, ClapArgs)]
pub struct ReduceSettings {
    /// Chemical formula, such as "Co C6.5 H5 N4"
    #[arg(long, value_name = "FORMULA")]
    pub composition: Option<String>,
    /// What was scattered [default: xray]
    #[arg(long, value_enum)]
    pub radiation: Option<RadiationArg>,
    /// What the first column is: twotheta (degrees), QA (1/Å) or Qnm (1/nm) [default: what the file says]
    #[arg(long, value_name = "WORD")]
    pub dataformat: Option<String>,
    /// Wavelength, Å [default: what the file says]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub wavelength: Option<f64>,
    /// Zero of the scattering angle, degrees [default: 0]
    #[arg(long, value_name = "DEG", allow_negative_numbers = true)]
    pub twothetazero: Option<f64>,
    /// Factor on the background [default: 1]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub bgscale: Option<f64>,
    /// Fit that factor together with the scale
    #[arg(long, conflicts_with = "bgscale")]
    pub fit_bgscale: bool,
    /// The polynomial may change G(r) below this, Å [default: 0.9]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rpoly: Option<f64>,
    /// Upper end of usable data, 1/Å [default: the last point that is not zero]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmaxinst: Option<f64>,
    /// Lower end of usable data, 1/Å [default: 0]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmin: Option<f64>,
    /// Upper end of the transform, 1/Å [default: qmaxinst]
    #[arg(long, value_name = "1/Å", allow_negative_numbers = true)]
    pub qmax: Option<f64>,
    /// First distance, Å [default: 0]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmin: Option<f64>,
    /// Last distance, Å [default: 30]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rmax: Option<f64>,
    /// Step of the grid, Å [default: 0.01]
    #[arg(long, value_name = "Å", allow_negative_numbers = true)]
    pub rstep: Option<f64>,
    /// Correct for polarisation, (1 + K cos² 2θ) / (1 + K): K is 1 for a full ring or an unpolarised beam
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub polarisation: Option<f64>,
    /// Correct for the absorption of a plate across the beam: μ times its thickness
    #[arg(long, value_name = "μt", conflicts_with = "capillary", allow_negative_numbers = true)]
    pub flat_plate: Option<f64>,
    /// Correct for the absorption of a capillary: μ times its inner radius
    #[arg(long, value_name = "μR", allow_negative_numbers = true)]
    pub capillary: Option<f64>,
    /// Subtract Compton scattering, as a detector sees it that counts quanta or adds up their energy [default: none]
    #[arg(long, value_enum)]
    pub compton: Option<ComptonArg>,
    /// Factor on F(Q) against ripples [default: none]
    #[arg(long, value_enum)]
    pub window: Option<WindowArg>,
    /// The window of Soper and Barney, of this width
    #[arg(long, value_name = "Å", conflicts_with = "window", allow_negative_numbers = true)]
    pub soper_lorch: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ComptonArg {
    None,
    Counting,
    Integrating,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WindowArg {
    None,
    Lorch,
}
