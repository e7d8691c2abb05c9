//! Faults of a GPU that tests ask for, by a variable of the environment that no manual names.

use corefine::engine::gpu::{Choice, Fault, Gpu, GpuError};

use super::messages::Failure;

/// `lost@open` goes wrong while the device is opened, `lost@2` in the dispatch after two that did not.
const VARIABLE: &str = "COREFINE_GPU_FAULT";

const WORDS: [(&str, Fault); 5] = [
    ("lost", Fault::Lost),
    ("memory", Fault::Memory),
    ("invalid", Fault::Invalid),
    ("shader", Fault::Shader),
    ("silent", Fault::Silent),
];

/// What is to go wrong, and after how many dispatches; `None` while the device is opened.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    fault: Fault,
    after: Option<usize>,
}

impl Asked {
    pub fn of_environment() -> Result<Option<Self>, Failure> {
        let Ok(text) = std::env::var(VARIABLE) else { return Ok(None) };
        let hint = "write lost, memory, invalid, shader or silent, and @open or @ a number of dispatches";
        Self::of(&text).map(Some).ok_or_else(|| Failure::with_hint(format!("{VARIABLE} is {text}"), hint))
    }

    fn of(text: &str) -> Option<Self> {
        let (word, place) = text.split_once('@')?;
        let (_, fault) = WORDS.into_iter().find(|(known, _)| *known == word)?;
        let after = if place == "open" { None } else { Some(place.parse().ok()?) };
        Some(Self { fault, after })
    }

    /// An adapter on which it happens.
    pub async fn open(self, choice: &Choice) -> Result<Gpu, GpuError> {
        let Some(after) = self.after else { return Gpu::open_with_fault(choice, self.fault).await };
        let mut gpu = Gpu::open(choice).await?;
        gpu.inject_fault(self.fault, after);
        Ok(gpu)
    }
}
