//! `corefine completions` and `corefine man`: what a package of the command ships beside it.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;

use super::End;
use super::args;
use super::messages::{Failure, tell};
use super::output::Folder;

const NAME: &str = "corefine";

/// Writes completions for a shell to stdout.
pub fn complete(args: &args::Completions) -> Result<End, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), NAME, &mut text);
    print(&text)
}

/// Writes the manual.
pub fn man(args: &args::Man) -> Result<End, Failure> {
    let Some(out) = &args.out else { return print(page(&args::command())?.as_bytes()) };
    let pages = pages()?;
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let folder = Folder::check(out, &names, args.force)?;
    folder.write(&pages.iter().map(|(name, text)| (name.as_str(), text.clone())).collect::<Vec<_>>())?;
    tell!("{} pages in {}", pages.len(), out.display());
    Ok(End::Well)
}

/// `corefine.1`, and `corefine-VERB.1` of each verb.
fn pages() -> Result<Vec<(String, String)>, Failure> {
    let mut command = args::command();
    // Gives every verb the options that are common to all.
    command.build();
    let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help");
    let of_verbs = verbs.map(|verb| Ok((format!("{NAME}-{}.1", verb.get_name()), page(verb)?)));
    std::iter::once(Ok((format!("{NAME}.1"), page(&command)?))).chain(of_verbs).collect()
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text).map_err(Failure::new)?;
    String::from_utf8(text).map_err(Failure::new)
}

fn print(text: &[u8]) -> Result<End, Failure> {
    match io::stdout().write_all(text) {
        // A reader that has enough, such as head, is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!("cannot write: {error}"))),
        _ => Ok(End::Well),
    }
}
