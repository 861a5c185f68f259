//! `%%compare` and `%%timeline`: runs code under the recorder and shows the picture.

mod settle;
mod together;
mod written;

use std::path::PathBuf;
use tandem_cell::{Cell, EventKind, LaneRun, Language, MimeBundle, Outcome, Output, Stream};
use tandem_record::{Lane, Recorder, report};

use written::{Written, options, written};

/// Finds the languages of lanes.
pub trait Lanes {
    /// The language called `name`, if there is one.
    fn lane(&mut self, name: &str) -> Option<&mut dyn Language>;
    /// Whether no language is still warming up.
    fn is_warm(&self) -> bool;
    /// All languages at once, by name.
    fn all(&mut self) -> Vec<(&'static str, &mut dyn Language)>;
}

/// Runs the lanes of a cell, and shows them in one picture.
pub fn compare(argument: &str, cell: &Cell, output: &Output, lanes: &mut dyn Lanes) -> Outcome {
    let parsed = options(argument).and_then(|options| Ok((options, written(&cell.code)?)));
    let (options, written) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Outcome::failed("MagicError", error),
    };
    let baseline = match &options.baseline {
        None => 0,
        Some(label) => match written.iter().position(|lane| lane.label == *label) {
            Some(index) => index,
            None => {
                return Outcome::failed(
                    "MagicError",
                    format!("there is no lane `{label}` to compare with"),
                );
            }
        },
    };
    let display_id = format!("tandem-compare-{}", cell.id.0);
    let show = |bundle: MimeBundle, first: bool| {
        let display_id = display_id.clone();
        output.send(
            cell.id,
            match first {
                true => EventKind::Display {
                    bundle,
                    display_id: Some(display_id),
                },
                false => EventKind::UpdateDisplay { bundle, display_id },
            },
        );
    };
    let part = |lane: &Written| Cell {
        code: lane.code.clone(),
        lane: Some(LaneRun {
            repeat: options.repeat,
        }),
        ..cell.clone()
    };
    settle::settle(&|| lanes.is_warm(), cell.id, output);
    let mut done: Vec<Lane> = Vec::new();
    let failed = if options.together {
        let labels: Vec<&str> = written.iter().map(|lane| lane.label.as_str()).collect();
        let text = format!("running {} at the same time …", labels.join(", "));
        show(MimeBundle::text(text), true);
        match together::run(&written, &part, output, lanes) {
            Ok(lanes) => {
                done = lanes;
                None
            }
            Err(outcome) => Some(outcome),
        }
    } else {
        one_by_one(
            &written,
            &part,
            output,
            lanes,
            &mut |bundle, first| show(bundle, first),
            &mut done,
        )
    };
    let base = baseline.min(done.len().saturating_sub(1));
    if !done.is_empty() {
        show(report::bundle(&options.title, &done, base), false);
    }
    match failed {
        Some(outcome) => outcome,
        None if done.len() != written.len() => {
            Outcome::failed("MagicError", "a lane holds nothing that runs")
        }
        None => save(&options.trace, &done, cell, output),
    }
}

/// Runs one lane after the other; adds what was recorded to `done`, and answers the first failure.
fn one_by_one(
    written: &[Written],
    part: &dyn Fn(&Written) -> Cell,
    output: &Output,
    lanes: &mut dyn Lanes,
    show: &mut dyn FnMut(MimeBundle, bool),
    done: &mut Vec<Lane>,
) -> Option<Outcome> {
    for (number, lane) in written.iter().enumerate() {
        let part = part(lane);
        let times = match part.lane.map_or(1, |lane| lane.repeat) {
            1 => String::new(),
            more => format!(", {more} times"),
        };
        let text = format!(
            "running lane {} of {}: {}{times} …",
            number + 1,
            written.len(),
            lane.label
        );
        show(MimeBundle::text(text), number == 0);
        let Some(language) = lanes.lane(&lane.language) else {
            return Some(no_language(&lane.language));
        };
        let mut recorder = Recorder::default();
        let outcome = language.execute(&part, output, &mut recorder);
        match finish(lane, recorder, outcome) {
            Ok(lane) => done.extend(lane),
            Err(outcome) => return Some(outcome),
        }
    }
    None
}

fn no_language(name: &str) -> Outcome {
    Outcome::failed("MagicError", format!("there is no language `{name}`"))
}

/// What was recorded of a lane; none where nothing ran.
fn finish(lane: &Written, recorder: Recorder, outcome: Outcome) -> Result<Option<Lane>, Outcome> {
    if let Outcome::Failed(mut error) = outcome {
        error.value = format!("lane “{}”: {}", lane.label, error.value);
        return Err(Outcome::Failed(error));
    }
    let runs = recorder.finish();
    Ok((!runs.is_empty()).then(|| Lane {
        label: lane.label.clone(),
        language: lane.language.clone(),
        runs,
    }))
}

/// Runs one cell as it is, and shows what its threads did.
pub fn timeline(argument: &str, cell: &Cell, output: &Output, lanes: &mut dyn Lanes) -> Outcome {
    let (name, rest) = match argument.split_once(char::is_whitespace) {
        _ if argument.starts_with('-') || argument.is_empty() => ("rust", argument),
        Some((name, rest)) => (name, rest),
        None => (argument, ""),
    };
    let options = match options(rest) {
        Ok(options) => options,
        Err(error) => return Outcome::failed("MagicError", error),
    };
    settle::settle(&|| lanes.is_warm(), cell.id, output);
    let Some(language) = lanes.lane(name) else {
        return no_language(name);
    };
    let mut part = cell.clone();
    part.opt_level.get_or_insert_with(|| "3".to_owned());
    let mut recorder = Recorder::default();
    let outcome = language.execute(&part, output, &mut recorder);
    let runs = recorder.finish();
    if !runs.is_empty() {
        let lane = Lane {
            label: name.to_owned(),
            language: name.to_owned(),
            runs,
        };
        let title = if options.title.is_empty() {
            "When its threads were on a core"
        } else {
            &options.title
        };
        output.display(
            cell.id,
            report::bundle(title, std::slice::from_ref(&lane), 0),
        );
        if outcome == Outcome::Ok {
            return save(&options.trace, &[lane], cell, output);
        }
    }
    outcome
}

fn save(path: &Option<PathBuf>, lanes: &[Lane], cell: &Cell, output: &Output) -> Outcome {
    let Some(path) = path else {
        return Outcome::Ok;
    };
    match crate::files::write(path, report::trace(lanes).to_string().as_bytes()) {
        Ok(()) => {
            let text = format!(
                "trace written to {}; open it at https://ui.perfetto.dev\n",
                path.display()
            );
            output.text(cell.id, Stream::Stdout, text);
            Outcome::Ok
        }
        Err(error) => Outcome::failed("TraceError", format!("{}: {error}", path.display())),
    }
}
