//! `corefine shell`: the distribution of bond lengths, straight from the curve.

use corefine::report;
use corefine::shell::{Options, Shell};

use super::End;
use super::args::ShellArgs;
use super::case::Ground;
use super::engine::Worker;
use super::files::Input;
use super::messages::{Failure, parsed, summary, tell, warn_of};
use super::output::Folder;

/// What the folder of results holds.
const RESULTS: [&str; 3] = ["shell.json", "shell.csv", "shell.html"];

pub struct Plan {
    shell: Shell,
    folder: Folder,
    worker: Worker,
}

impl Plan {
    pub fn of(args: &ShellArgs) -> Result<Self, Failure> {
        let folder = Folder::of(&args.output, &RESULTS)?;
        let ground = Ground::read(&args.job)?;
        let inputs =
            ground.inputs(&ground.data()?.iter().map(|path| Input::read(path)).collect::<Result<Vec<_>, _>>()?)?;
        let options = Options { draws: args.draws, seed: args.seed, area: args.area, ..Options::default() };
        let shell = Shell::new(inputs, &options).map_err(|error| ground.located(&error))?;
        Ok(Self { shell, folder, worker: Worker::open(&args.work)? })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { shell, folder, mut worker } = self;
        let found = shell.find(worker.engine());
        worker.report();
        let mut result = found.map_err(Failure::of)?;
        result.warnings.extend(worker.warnings());
        warn_of(&result.warnings);
        let texts = [report::shell_json(&result), report::shell_csv(&result), report::shell_html(&result)];
        let found = parsed(&texts[0]);
        folder.write_named(RESULTS, texts)?;
        summary(found);
        tell!("{}", report::shell_sentence(&result));
        tell!("results in {}", folder.path().display());
        Ok(if result.agrees() { End::Well } else { End::NotConverged })
    }
}
