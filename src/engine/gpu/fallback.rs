//! `auto`: the GPU as long as it works, the CPU from then on.

use super::{Choice, Gpu};
use crate::engine::{Cpu, Engine, EngineError, Peaks, Rows};

/// An engine that may fail, and the CPU behind it.
///
/// Every change is a line in [`Fallback::notes`], for the user to see; the call that failed is done again on the CPU,
/// so that no result is lost or mixed.
#[derive(Debug)]
pub struct Fallback<E = Gpu> {
    first: Option<E>,
    cpu: Cpu,
    notes: Vec<String>,
}

impl Fallback<Gpu> {
    /// The best hardware, or else the CPU and a note that says why.
    pub async fn open() -> Self {
        match Gpu::open(&Choice::Hardware).await {
            Ok(gpu) => Self::new(gpu),
            Err(error) => Self { first: None, cpu: Cpu, notes: vec![format!("computing on the CPU ({error})")] },
        }
    }
}

impl<E: Engine> Fallback<E> {
    /// An engine with the CPU behind it.
    pub fn new(first: E) -> Self {
        Self { first: Some(first), cpu: Cpu, notes: Vec::new() }
    }

    /// Why the CPU took over, if it did.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl<E: Engine> Engine for Fallback<E> {
    fn exact(&self) -> bool {
        false
    }

    fn name(&self) -> String {
        self.first.as_ref().map_or_else(|| self.cpu.name(), Engine::name)
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        if let Some(first) = &mut self.first {
            match first.broaden(peaks) {
                Ok(rows) => return Ok(rows),
                Err(error) => self.notes.push(format!("{error}; the CPU takes over")),
            }
            self.first = None;
        }
        self.cpu.broaden(peaks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Grid, Peak, Term};

    /// Works a given number of times.
    struct Mortal(usize);

    impl Engine for Mortal {
        fn name(&self) -> String {
            "mortal".into()
        }

        fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
            if self.0 == 0 {
                return Err(EngineError { engine: self.name(), reason: "it died".into() });
            }
            self.0 -= 1;
            Cpu.broaden(peaks)
        }
    }

    #[test]
    fn the_cpu_takes_over_once_and_says_so() {
        let peaks = Peaks {
            grid: Grid { first: 0, step: 0.1, n: 20 },
            rows: 1,
            peaks: vec![Peak { center: 10, half: 8, offset: 0.0, sigma: 0.2 }],
            start: vec![0, 1],
            terms: vec![Term { row: 0, a: 1.0, b: 0.0, c: 0.0 }],
        };
        let expected = Cpu.broaden(&peaks);
        let mut engine = Fallback::new(Mortal(1));
        assert_eq!(engine.broaden(&peaks), expected);
        assert_eq!((engine.name().as_str(), engine.notes().len()), ("mortal", 0));
        assert_eq!(engine.broaden(&peaks), expected);
        assert_eq!(engine.broaden(&peaks), expected);
        assert_eq!(engine.notes(), ["the mortal engine failed: it died; the CPU takes over"]);
        assert_eq!(engine.name(), Cpu.name());
    }
}
