//! How much time lies between the frames of a trajectory.

use corefine::trajectory::Frame;

use super::args::{self, Reading, Trajectories};
use super::messages::Failure;
use super::typed::nth;

/// The time between the frames that are read.
#[derive(Debug, Clone)]
pub struct Clock {
    /// A step of the simulation, ps.
    step: f64,
    /// Steps between two frames of the file, if the user says so.
    every: Option<usize>,
    stride: usize,
    /// The first and the last count of steps that came, how many frames, and where counts were uneven.
    first: Option<u64>,
    last: Option<u64>,
    between: Option<u64>,
    uneven: Option<usize>,
}

impl Clock {
    /// That of the `k`-th of so many trajectories.
    pub fn of(args: &args::Clock, reading: &Reading, (k, files): (usize, usize)) -> Result<Self, Failure> {
        let Some(text) = nth("--timestep", &args.timestep, (k, files))? else {
            let hint =
                "give the time step of the simulation: --timestep 1fs, and --every N if not every step was written";
            return Err(Failure::with_hint("the time between frames is not known: --timestep is missing", hint));
        };
        let every = nth("--every", &args.every, (k, files))?.copied();
        if every == Some(0) {
            return Err(Failure::with_hint("--every is 0", "write 1 or more"));
        }
        let (step, stride) = (duration(text)?, reading.stride);
        Ok(Self { step, every, stride, first: None, last: None, between: None, uneven: None })
    }

    /// Looks at a frame's count of steps.
    pub fn see(&mut self, frame: &Frame) {
        if let (Some(last), Some(now)) = (self.last, frame.step) {
            let between = now.checked_sub(last).filter(|steps| *steps > 0);
            let even = between.is_some() && self.between.is_none_or(|known| Some(known) == between);
            self.uneven = self.uneven.or((!even).then_some(frame.number));
            self.between = self.between.or(between);
        }
        self.first = self.first.or(frame.step);
        self.last = frame.step;
    }

    /// Those of all trajectories.
    pub fn each(args: &args::Clock, input: &Trajectories) -> Result<Vec<Self>, Failure> {
        let files = input.files.len();
        (0..files).map(|k| Self::of(args, &input.reading, (k, files))).collect()
    }

    /// Time between two frames that were read, ps.
    pub fn between(&self, name: &str) -> Result<f64, Failure> {
        if let (Some(number), None) = (self.uneven, self.every) {
            let message =
                format!("{name}: frame {number} does not come as many steps after its neighbour as the others");
            return Err(Failure::with_hint(message, "write frames at equal times, or say how many steps with --every"));
        }
        let stated = self.every.map(|every| every * self.stride);
        let steps = stated.map(|steps| steps as f64).or(self.between.map(|steps| steps as f64));
        Ok(self.step * steps.unwrap_or(self.stride as f64))
    }
}

/// `1fs`, `0.002 ps`, in ps.
fn duration(text: &str) -> Result<f64, Failure> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "as" => Some(1e-6),
        "fs" => Some(1e-3),
        "ps" => Some(1.0),
        "ns" => Some(1e3),
        _ => None,
    };
    let time = number.trim().parse::<f64>().ok().zip(factor).map(|(number, factor)| number * factor);
    let sound = time.filter(|time| time.is_finite() && *time > 0.0);
    sound.ok_or_else(|| {
        Failure::with_hint(format!("--timestep is \"{text}\""), "write a time with its unit: 1fs, 0.002ps")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, ps) in [("1fs", 1e-3), ("0.5 fs", 5e-4), ("2e-3ps", 2e-3), ("1ns", 1e3), ("100as", 1e-4)] {
            assert!((duration(text).unwrap() / ps - 1.0).abs() < 1e-12, "{text}");
        }
        for text in ["1", "fs", "-1fs", "0fs", "1 s", "1e400fs", "nan ps"] {
            assert!(duration(text).unwrap_err().to_string().contains("with its unit"), "{text}");
        }
    }
}
