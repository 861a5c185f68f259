//! Marks: half for being right and half for being fast, where speed is asked for.

use crate::course::exercise::Exercise;
use crate::verdict::{Outcome, Verdict};

/// Marks, and the most there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marks {
    /// For being right.
    pub right: (f64, f64),
    /// For being fast, where that is asked for.
    pub fast: Option<(f64, f64)>,
}

impl Marks {
    /// All marks together, out of 100.
    pub fn total(&self) -> f64 {
        self.right.0 + self.fast.map_or(0.0, |(marks, _)| marks)
    }
}

/// The marks of a verdict. What is right and too slow keeps its marks for being right.
pub fn of(exercise: &Exercise, verdict: &Verdict) -> Marks {
    let right = match verdict.verdict {
        Outcome::Pass => true,
        Outcome::Fail => verdict.findings.is_empty() && !verdict.answers_wrongly(),
        Outcome::Refused | Outcome::Error => false,
    };
    let asked = exercise.about.speed.is_some();
    let most = if asked { 50.0 } else { 100.0 };
    let fast = verdict.speed.as_ref().filter(|_| right);
    let marks = fast.and_then(|s| s.marks).unwrap_or(0);
    Marks {
        right: (if right { most } else { 0.0 }, most),
        fast: asked.then_some((f64::from(marks) / 2.0, 50.0)),
    }
}
