//! Which phases and which data sets a name in a job is meant for.

use super::Job;

/// The names of a job's phases and data sets, with which names of parameters, pairs and angles may end.
///
/// `Uiso.Ni@glass` is `Uiso.Ni` of the phase `glass` in every data set, `qdamp@n` that of the data set `n` for every phase,
/// `scale@glass@n` belongs to the one in the other, and a name without an end to all: there it is one number.
///
/// ```
/// use corefine::job::Scopes;
/// let text = r#"(
///     structure: "Ni.cif",
///     datasets: { "x": (file: "x.gr", rmin: 1, rmax: 9), "n": (file: "n.gr", rmin: 1, rmax: 9) },
/// )"#;
/// let scopes = Scopes::of(&corefine::read::job::job(text, "job.ron").unwrap());
/// let scoped = scopes.scoped("qdamp@n").unwrap();
/// assert_eq!((scoped.name, scoped.phase, scoped.dataset), ("qdamp", None, Some(1)));
/// assert!(scoped.holds(0, 1) && !scoped.holds(0, 0));
/// assert!(scopes.scoped("qdamp@y").unwrap_err().to_string().contains("there are x n"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// The names of the phases; that of a single one may be empty.
    pub phases: Vec<String>,
    /// The names of the data sets.
    pub datasets: Vec<String>,
}

/// A name taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scoped<'a> {
    /// Before the first `@`.
    pub name: &'a str,
    /// The rest, from the first `@` on.
    pub end: &'a str,
    /// The phase that it is meant for; `None`: for all.
    pub phase: Option<usize>,
    /// The data set that it is meant for; `None`: for all.
    pub dataset: Option<usize>,
}

/// A name whose end means nothing in the job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\": {problem}; {known}")]
pub struct ScopeError {
    /// The whole name.
    pub text: String,
    /// What is wrong.
    pub problem: String,
    /// What there is.
    pub known: String,
}

impl Scopes {
    /// Those of a job.
    pub fn of(job: &Job) -> Self {
        Self {
            phases: job.phases.iter().map(|(name, _)| name.clone()).collect(),
            datasets: job.datasets.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Takes a name apart.
    ///
    /// # Errors
    /// An end that is no phase and no data set, or two of a kind.
    pub fn scoped<'a>(&self, text: &'a str) -> Result<Scoped<'a>, ScopeError> {
        let (name, end) = text.split_at(text.find('@').unwrap_or(text.len()));
        let mut scoped = Scoped { name, end, phase: None, dataset: None };
        for word in end.split('@').skip(1) {
            let index = |names: &[String]| names.iter().position(|name| name == word && !word.is_empty());
            let (slot, found) = match (index(&self.phases), index(&self.datasets)) {
                (Some(phase), _) => (&mut scoped.phase, phase),
                (None, Some(dataset)) => (&mut scoped.dataset, dataset),
                (None, None) => return Err(self.error(text, format!("there is no phase or data set \"{word}\""))),
            };
            if slot.replace(found).is_some() {
                return Err(self.error(text, "it names two of a kind".to_owned()));
            }
        }
        Ok(scoped)
    }

    /// Is this text the parameter `name`, for every phase of this data set?
    pub fn means(&self, text: &str, name: &str, dataset: usize) -> bool {
        let all = |phase: Option<usize>| phase.is_none() || self.phases.len() == 1;
        let here = |own: Option<usize>| own.is_none_or(|own| own == dataset);
        self.scoped(text).is_ok_and(|scoped| scoped.name == name && all(scoped.phase) && here(scoped.dataset))
    }

    /// What belongs to a data set, by its whole name.
    pub fn in_dataset(&self, name: &str, dataset: usize) -> String {
        if self.datasets.len() == 1 { name.to_owned() } else { format!("{name}@{}", self.datasets[dataset]) }
    }

    /// What belongs to a phase, by its whole name.
    pub fn in_phase(&self, name: &str, phase: usize) -> String {
        if self.phases.len() == 1 { name.to_owned() } else { format!("{name}@{}", self.phases[phase]) }
    }

    fn error(&self, text: &str, problem: String) -> ScopeError {
        let names: Vec<&str> =
            self.phases.iter().chain(&self.datasets).map(String::as_str).filter(|name| !name.is_empty()).collect();
        let known = match &names[..] {
            [] => "this job gives names to none: see `phases` and `datasets`".to_owned(),
            names => format!("there are {}", names.join(" ")),
        };
        ScopeError { text: text.to_owned(), problem, known }
    }
}

impl Scoped<'_> {
    /// Is it meant for this phase in this data set?
    pub fn holds(&self, phase: usize, dataset: usize) -> bool {
        self.phase.is_none_or(|own| own == phase) && self.dataset.is_none_or(|own| own == dataset)
    }

    /// How many ends it has: the more, the nearer it is meant.
    pub fn depth(&self) -> usize {
        usize::from(self.phase.is_some()) + usize::from(self.dataset.is_some())
    }
}
