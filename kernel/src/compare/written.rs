//! What is written in a `%%compare` cell: its options and its lanes.

use std::path::PathBuf;

/// What stands behind `%%compare`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) title: String,
    pub(super) repeat: u32,
    /// Whether the lanes run at the same time.
    pub(super) together: bool,
    pub(super) baseline: Option<String>,
    pub(super) trace: Option<PathBuf>,
}

/// One lane as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) language: String,
    pub(super) label: String,
    /// As long as the cell: everything else is spaces.
    pub(super) code: String,
}

pub(super) fn options(argument: &str) -> Result<Options, String> {
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
            "--together" => options.together = true,
            "--baseline" => options.baseline = Some(value()?),
            "--trace" => options.trace = Some(value()?.into()),
            other if other.starts_with('-') => {
                return Err(format!(
                    "there is no option `{other}`; there are --repeat N, --together, --baseline LABEL, --trace FILE"
                ));
            }
            _ if options.title.is_empty() => options.title = word,
            other => return Err(format!("`{other}`: put the title in quotation marks")),
        }
    }
    Ok(options)
}

pub(super) fn written(code: &str) -> Result<Vec<Written>, String> {
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
        let good = options("\"a title\" --repeat 3 --together --baseline 'the first'").unwrap();
        assert_eq!(
            (good.title.as_str(), good.repeat, good.baseline.as_deref()),
            ("a title", 3, Some("the first"))
        );
        assert!(good.together && !options("t").unwrap().together);
    }
}
