//! `%%compare` and `%%timeline`: runs code under the recorder and shows the picture.

use std::path::PathBuf;
use tandem_cell::{Cell, EventKind, LaneRun, Language, MimeBundle, Outcome, Output, Stream};
use tandem_record::{Lane, Recorder, report};

/// Finds the language of a lane.
pub trait Lanes {
    /// The language called `name`, if there is one.
    fn lane(&mut self, name: &str) -> Option<&mut dyn Language>;
}

/// What stands behind `%%compare`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    title: String,
    repeat: u32,
    baseline: Option<String>,
    trace: Option<PathBuf>,
}

/// One lane as written.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    language: String,
    label: String,
    /// As long as the cell: everything else is spaces.
    code: String,
}

/// Runs the lanes of a cell one after the other, and shows them in one picture.
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
    let mut done: Vec<Lane> = Vec::new();
    for (number, lane) in written.iter().enumerate() {
        let times = if options.repeat > 1 {
            format!(", {} times", options.repeat)
        } else {
            String::new()
        };
        let text = format!(
            "running lane {} of {}: {}{times} …",
            number + 1,
            written.len(),
            lane.label
        );
        show(MimeBundle::text(text), number == 0);
        let Some(language) = lanes.lane(&lane.language) else {
            return Outcome::failed(
                "MagicError",
                format!("there is no language `{}`", lane.language),
            );
        };
        let part = Cell {
            code: lane.code.clone(),
            lane: Some(LaneRun {
                repeat: options.repeat,
            }),
            ..cell.clone()
        };
        let mut recorder = Recorder::default();
        let outcome = language.execute(&part, output, &mut recorder);
        let runs = recorder.finish();
        if let Outcome::Failed(mut error) = outcome {
            error.value = format!("lane “{}”: {}", lane.label, error.value);
            if !done.is_empty() {
                show(
                    report::bundle(&options.title, &done, baseline.min(done.len() - 1)),
                    false,
                );
            }
            return Outcome::Failed(error);
        }
        if !runs.is_empty() {
            done.push(Lane {
                label: lane.label.clone(),
                language: lane.language.clone(),
                runs,
            });
        }
    }
    if done.len() != written.len() {
        return Outcome::failed("MagicError", "a lane holds nothing that runs");
    }
    show(report::bundle(&options.title, &done, baseline), false);
    save(&options.trace, &done, cell, output)
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
    let Some(language) = lanes.lane(name) else {
        return Outcome::failed("MagicError", format!("there is no language `{name}`"));
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

fn options(argument: &str) -> Result<Options, String> {
    let words = shlex::split(argument).ok_or("a quotation mark is not closed")?;
    let mut options = Options {
        repeat: 1,
        ..Options::default()
    };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
        match word.as_str() {
            "--repeat" => {
                let text = value()?;
                options.repeat = text
                    .parse()
                    .ok()
                    .filter(|repeat| (1..=1000).contains(repeat))
                    .ok_or(format!("`--repeat {text}`: give a number from 1 to 1000"))?;
            }
            "--baseline" => options.baseline = Some(value()?),
            "--trace" => options.trace = Some(value()?.into()),
            other if other.starts_with('-') => {
                return Err(format!(
                    "there is no option `{other}`; there are --repeat N, --baseline LABEL, --trace FILE"
                ));
            }
            _ if options.title.is_empty() => options.title = word,
            other => return Err(format!("`{other}`: put the title in quotation marks")),
        }
    }
    Ok(options)
}

fn written(code: &str) -> Result<Vec<Written>, String> {
    let mut lanes: Vec<Written> = Vec::new();
    let mut blank = String::new();
    for (number, line) in code.split_inclusive('\n').enumerate() {
        let spaces: String = line
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        if let Some(head) = line.strip_prefix("%lane") {
            let mut words = head.split_whitespace();
            let language = words
                .next()
                .ok_or(format!("line {}: `%lane` needs a language", number + 1))?;
            if !["rust", "python", "c", "cpp"].contains(&language) {
                return Err(format!(
                    "line {}: there is no lane `{language}`; there are rust, python, c and cpp",
                    number + 1
                ));
            }
            let label = words.collect::<Vec<_>>().join(" ");
            let label = match (label.trim_matches('"'), language) {
                ("", "python") => "Python",
                ("", "rust") => "Rust",
                ("", "c") => "C",
                ("", _) => "C++",
                (label, _) => label,
            };
            lanes.push(Written {
                language: language.to_owned(),
                label: label.to_owned(),
                code: format!("{blank}{spaces}"),
            });
        } else if let Some(lane) = lanes.last_mut() {
            lane.code.push_str(line);
        } else if !line.trim().is_empty() {
            return Err(format!(
                "line {}: a lane begins with a line `%lane LANGUAGE`",
                number + 1
            ));
        }
        blank.push_str(&spaces);
    }
    if lanes.is_empty() {
        return Err(
            "there are no lanes; each begins with a line `%lane python|rust|c|cpp [label]`"
                .to_owned(),
        );
    }
    match lanes.iter().find(|lane| lane.code.trim().is_empty()) {
        Some(lane) => Err(format!("the lane “{}” is empty", lane.label)),
        None => Ok(lanes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_keep_their_lines() {
        let lanes = written("\n%lane python two threads\nx = 1\n%lane rust\nlet y = 2;").unwrap();
        assert_eq!(lanes[0].label, "two threads");
        assert_eq!(lanes[0].code.lines().nth(2), Some("x = 1"));
        assert_eq!(
            (lanes[1].label.as_str(), lanes[1].code.lines().nth(4)),
            ("Rust", Some("let y = 2;"))
        );
        assert!(!lanes[1].code.contains("x = 1"));
    }

    #[test]
    fn what_is_wrong_with_a_comparison_is_said() {
        assert!(
            written("x = 1\n%lane rust")
                .unwrap_err()
                .starts_with("line 1")
        );
        assert!(written("%lane cobol\nx").unwrap_err().contains("cobol"));
        assert!(written("%lane rust\n \n").unwrap_err().contains("empty"));
        assert!(written("").is_err());
        assert!(
            options("--repeat 0").is_err()
                && options("--nonsense").is_err()
                && options("\"open").is_err()
        );
        let good = options("\"a title\" --repeat 3 --baseline 'the first'").unwrap();
        assert_eq!(
            (good.title.as_str(), good.repeat, good.baseline.as_deref()),
            ("a title", 3, Some("the first"))
        );
    }
}
