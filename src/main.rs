//! The command `corefine`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
