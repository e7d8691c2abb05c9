//! What a package of the command ships beside it.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use clap_complete::Shell;

#[derive(Debug, ClapArgs)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, ClapArgs)]
pub struct Man {
    /// Folder for corefine.1 and one page for each verb; it is made if need be
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace older pages
    #[arg(long, requires = "out")]
    pub force: bool,
}
