//! Which engine does the sums, and what there is to choose from.

#[cfg(feature = "gpu")]
use std::sync::LazyLock;
#[cfg(feature = "gpu")]
use std::time::{Duration, Instant};

use corefine::engine::{Counter, Cpu, Engine};
#[cfg(feature = "gpu")]
use serde_json::json;

use super::args::{EngineArg, Work};
#[cfg(feature = "gpu")]
use super::fault::Asked;
#[cfg(feature = "gpu")]
use super::messages::summary;
use super::messages::{Failure, note, tell};

/// An open engine, and what it has to say when the work is done.
pub enum Worker {
    Cpu(Cpu),
    #[cfg(feature = "gpu")]
    Gpu(Box<corefine::engine::gpu::Gpu>),
    #[cfg(feature = "gpu")]
    Check(Box<corefine::engine::check::Check>),
    #[cfg(feature = "gpu")]
    Auto(Box<corefine::engine::fastest::Fastest>),
}

impl Worker {
    /// Opens what the user chose; [`use_threads`] comes first, before anything is computed.
    pub fn open(work: &Work) -> Result<Self, Failure> {
        open(work.engine)
    }

    /// The same by its name alone.
    pub fn named(engine: EngineArg) -> Result<Self, Failure> {
        open(engine)
    }

    /// How near both engines of a check came to the bound on their difference, in units of the bound.
    pub fn worst(&self) -> Option<f64> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Check(check) => check.worst().map(corefine::engine::check::Worst::ratio),
            _ => None,
        }
    }

    pub fn engine(&mut self) -> &mut dyn Engine {
        match self {
            Self::Cpu(cpu) => cpu,
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => gpu.as_mut(),
            #[cfg(feature = "gpu")]
            Self::Check(check) => check.as_mut(),
            #[cfg(feature = "gpu")]
            Self::Auto(auto) => auto.as_mut(),
        }
    }

    /// What counts pairs one structure after the other; none for the CPU, which does several at a time.
    pub fn counter(&mut self) -> Option<&mut dyn Counter> {
        match self {
            Self::Cpu(_) => None,
            #[cfg(feature = "gpu")]
            Self::Gpu(gpu) => Some(gpu.as_mut()),
            #[cfg(feature = "gpu")]
            Self::Check(check) => Some(check.as_mut()),
            #[cfg(feature = "gpu")]
            Self::Auto(_) => None,
        }
    }

    /// What a user should know about how the work was done, for what is said of its results: a GPU that failed.
    pub fn warnings(&mut self) -> Vec<String> {
        self.engine().warnings()
    }

    /// Says what else happened: the worst point of a check, a GPU that was not found.
    pub fn report(&mut self) {
        match self {
            #[cfg(feature = "gpu")]
            Self::Check(check) => match check.worst() {
                Some(worst) => tell!("check: the worst point is {worst}"),
                None => tell!("check: nothing was compared"),
            },
            #[cfg(feature = "gpu")]
            Self::Auto(auto) => {
                if let Some(reason) = auto.missing() {
                    note(&format!("computed on the CPU ({reason})"));
                }
            }
            _ => {}
        }
    }
}

/// More threads than any machine has cores for.
const MOST_THREADS: usize = 1024;

/// As many threads as asked for, from the first computation on.
pub fn use_threads(threads: Option<usize>) -> Result<(), Failure> {
    let Some(threads) = threads else { return Ok(()) };
    if threads == 0 {
        return Err(Failure::with_hint("--threads is 0", "give 1 or more, or leave it out for one per core"));
    }
    if threads > MOST_THREADS {
        let hint = format!("give at most {MOST_THREADS}, or leave it out for one per core");
        return Err(Failure::with_hint(format!("--threads is {threads}"), hint));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|error| Failure::new(format!("cannot start {threads} threads: {error}")))
}

#[cfg(feature = "gpu")]
fn open(engine: EngineArg) -> Result<Worker, Failure> {
    use corefine::engine::check::Check;
    use corefine::engine::fastest::Fastest;
    use corefine::engine::gpu::{Choice, Gpu};
    let fault = Asked::of_environment()?;
    let of = move |choice| {
        pollster::block_on(async {
            match fault {
                Some(fault) => fault.open(&choice).await,
                None => Gpu::open(&choice).await,
            }
        })
    };
    let gpu = || of(Choice::Any).map_err(Failure::of);
    Ok(match engine {
        EngineArg::Cpu => Worker::Cpu(Cpu),
        EngineArg::Gpu => Worker::Gpu(Box::new(gpu()?)),
        EngineArg::Check => Worker::Check(Box::new(Check::new(gpu()?))),
        // A fault that is to happen needs an adapter to happen on, and work for it.
        EngineArg::Auto if fault.is_some() => {
            let auto = Fastest::new(Cpu, move || of(Choice::Any), clock);
            Worker::Auto(Box::new(auto.with_patience(Duration::ZERO)))
        }
        EngineArg::Auto => Worker::Auto(Box::new(Fastest::new(Cpu, move || of(Choice::Hardware), clock))),
    })
}

/// The time since it was first asked for.
#[cfg(feature = "gpu")]
fn clock() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(not(feature = "gpu"))]
fn open(engine: EngineArg) -> Result<Worker, Failure> {
    match engine {
        EngineArg::Cpu => Ok(Worker::Cpu(Cpu)),
        EngineArg::Auto => {
            note(&format!("computing on the CPU ({WITHOUT_GPU})"));
            Ok(Worker::Cpu(Cpu))
        }
        EngineArg::Gpu | EngineArg::Check => {
            Err(Failure::with_hint(WITHOUT_GPU, "take --engine cpu, or build it with the feature"))
        }
    }
}

#[cfg(not(feature = "gpu"))]
const WITHOUT_GPU: &str = "this corefine was built without the feature `gpu`";

/// `corefine devices`.
#[cfg(feature = "gpu")]
pub fn list_devices() {
    use corefine::engine::gpu::{Choice, adapters, pick};
    let adapters = pollster::block_on(adapters());
    let mut all = Vec::new();
    for (i, adapter) in adapters.iter().enumerate() {
        let kind = format!("{:?}", adapter.kind).to_lowercase();
        all.push(json!({ "name": adapter.name, "backend": adapter.backend, "kind": kind, "driver": adapter.driver }));
        tell!("{i}: {} ({}, {kind}, driver {})", adapter.name, adapter.backend, adapter.driver);
    }
    summary(json!({ "adapters": all }));
    match pick(&adapters, &Choice::Hardware) {
        Ok(best) => tell!("--engine auto takes {} for work that it does faster than the CPU", adapters[best].name),
        Err(reason) => tell!("--engine auto takes the CPU: {reason}"),
    }
}

/// `corefine devices` where there can be none.
#[cfg(not(feature = "gpu"))]
pub fn list_devices() {
    tell!("{WITHOUT_GPU}; --engine auto takes the CPU");
}
