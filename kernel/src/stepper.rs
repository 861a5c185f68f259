//! `%%interleave python`: a short Python program under every interleaving of its bytecodes, and a
//! view in which the reader is the scheduler.

use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tandem_cell::Outcome;

/// The explorer, which the user's interpreter runs.
const EXPLORER: &str = concat!(
    include_str!("stepper/stand_ins.py"),
    include_str!("stepper/explore.py")
);
/// The script of the view, and its style.
const VIEW: &str = include_str!("stepper/view.js");
const STYLE: &str = include_str!("stepper/view.css");

/// The most wall time of an exploration, in seconds.
const SECONDS: u64 = 20;
/// The most executions.
const RUNS: u64 = 3000;

/// What the explorer answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    python: String,
    #[serde(default)]
    outcomes: Vec<Found>,
    #[serde(default)]
    runs: u64,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    threads: Vec<String>,
    #[serde(default)]
    cut: bool,
    #[serde(rename = "loop", default)]
    rounds: u64,
    #[serde(default)]
    tree: Option<Value>,
}

/// One way in which the program can end.
#[derive(Deserialize)]
struct Found {
    kind: String,
    result: String,
    count: u64,
    /// Thread, operation, values.
    rows: Vec<(usize, String, String)>,
}

/// Explores a Python program; returns what is to be displayed.
///
/// # Errors
///
/// The program does not compile, or the interpreter cannot be run.
pub fn explore(interpreter: &Path, argument: &str, code: &str) -> Result<Value, Outcome> {
    let rounds = rounds(argument)?;
    let answer = ask(interpreter, code, rounds)
        .map_err(|message| Outcome::failed("InterleaveError", message))?;
    if let Some(error) = answer.error {
        return Err(Outcome::failed("InterleaveError", error));
    }
    Ok(json!({
        "text/plain": plain(&answer),
        "text/html": html(&answer),
    }))
}

/// `--loop N`: how often a long loop goes round.
fn rounds(argument: &str) -> Result<u64, Outcome> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    match words.as_slice() {
        [] => Ok(1),
        ["--loop", number] => match number.parse() {
            Ok(rounds @ 1..=20) => Ok(rounds),
            _ => Err(Outcome::failed(
                "MagicError",
                "`--loop` takes a number from 1 to 20",
            )),
        },
        _ => Err(Outcome::failed(
            "MagicError",
            format!("`%%interleave python` takes `--loop N`, not `{argument}`"),
        )),
    }
}

fn ask(interpreter: &Path, code: &str, rounds: u64) -> Result<Answer, String> {
    let mut child = Command::new(interpreter)
        .args(["-I", "-c", EXPLORER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{} cannot be run: {error}", interpreter.display()))?;
    let request = json!({ "code": code, "loop": rounds, "runs": RUNS, "seconds": SECONDS });
    if let Some(mut input) = child.stdin.take() {
        // One that ended at once is noticed by its missing answer.
        let _ = writeln!(input, "{request}");
    }
    let mut output = child.stdout.take().ok_or("no pipe")?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = std::io::Read::read_to_end(&mut output, &mut bytes);
        bytes
    });
    let started = Instant::now();
    while !reader.is_finished() {
        if started.elapsed() > Duration::from_secs(SECONDS * 3) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(
                "the program does something that cannot be interrupted between its instructions"
                    .into(),
            );
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.wait();
    let bytes = reader.join().unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|_| "the interpreter ended without an answer".into())
}

/// The ending that a reader should see how it comes about: the first that is not like the one
/// without any switch of threads.
fn surprising(answer: &Answer) -> Option<&Found> {
    answer.outcomes.get(1)
}

fn explored(answer: &Answer) -> String {
    let runs = answer.runs;
    let mut text = if answer.complete {
        format!("all {runs} interleavings of its bytecodes")
    } else {
        format!("{runs} interleavings, not all")
    };
    let _ = write!(text, " (Python {})", answer.python);
    if answer.cut {
        let times = match answer.rounds {
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            more => format!("{more} times"),
        };
        let _ = write!(
            text,
            "; long loops go round {times} here, more often with `--loop N`"
        );
    }
    text
}

fn first_line(text: &str) -> &str {
    text.lines().last().unwrap_or("(nothing is printed)")
}

fn plain(answer: &Answer) -> String {
    let mut text = format!("{}\n\n", explored(answer));
    for found in &answer.outcomes {
        let _ = writeln!(text, "{:6} × {}", found.count, first_line(&found.result));
    }
    if let Some(found) = surprising(answer) {
        let _ = writeln!(text, "\nHow it comes to: {}\n", first_line(&found.result));
        let threads = shown(&found.rows);
        let width = 44;
        let heads: Vec<String> = threads
            .iter()
            .map(|t| {
                format!(
                    "{:width$}",
                    answer.threads.get(*t).map_or("", String::as_str)
                )
            })
            .collect();
        let _ = writeln!(text, "  step  {}", heads.join(""));
        for (number, (thread, operation, values)) in found.rows.iter().enumerate() {
            let column = threads.iter().position(|t| t == thread).unwrap_or(0);
            let step = format!("{operation} {values}");
            let _ = writeln!(
                text,
                "  {:4}  {}{}",
                number + 1,
                " ".repeat(column * width),
                step.trim_end()
            );
        }
    }
    text
}

/// The threads that have rows.
fn shown(rows: &[(usize, String, String)]) -> Vec<usize> {
    let mut threads: Vec<usize> = rows.iter().map(|r| r.0).collect();
    threads.sort_unstable();
    threads.dedup();
    threads
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn html(answer: &Answer) -> String {
    let total: u64 = answer.outcomes.iter().map(|o| o.count).sum();
    let mut html = format!(
        "<style>{STYLE}</style><div class=\"tandem-steps\"><p>{}</p><table class=\"ends\">\
         <caption>How it can end</caption>",
        escape(&explored(answer)).replace(
            "`--loop N`",
            "<code style=\"white-space:nowrap\">--loop N</code>"
        )
    );
    for found in &answer.outcomes {
        let share = 100.0 * found.count as f64 / total.max(1) as f64;
        let _ = write!(
            html,
            "<tr><td class=\"n\">{} of {total}</td><td class=\"bar\"><div class=\"{}\" style=\"width:{share:.1}%\"></div></td>\
             <td><code>{}</code></td></tr>",
            found.count,
            if found.kind == "ok" { "fine" } else { "bad" },
            escape(first_line(&found.result))
        );
    }
    html += "</table>";
    if let Some(found) = surprising(answer) {
        let threads = shown(&found.rows);
        let _ = write!(
            html,
            "<details open><summary>How it comes to <code>{}</code></summary><div class=\"scroll\"><table class=\"rows\"><tr><th>step</th>",
            escape(first_line(&found.result))
        );
        for thread in &threads {
            let name = answer.threads.get(*thread).map_or("", String::as_str);
            let _ = write!(html, "<th scope=\"col\">{}</th>", escape(name));
        }
        html += "</tr>";
        for (number, (thread, operation, values)) in found.rows.iter().enumerate() {
            let _ = write!(html, "<tr><td class=\"n\">{}</td>", number + 1);
            for column in &threads {
                if column == thread {
                    let shared = values.contains(" is ")
                        || values.contains(" becomes ")
                        || ["acquire", "release", "wait", "notify"].contains(&operation.as_str());
                    let class = if shared { "" } else { " class=\"dim\"" };
                    let _ = write!(
                        html,
                        "<td{class}><code>{operation}</code> {}</td>",
                        escape(values)
                    );
                } else {
                    html += "<td></td>";
                }
            }
            html += "</tr>";
        }
        html += "</table></div></details>";
    }
    if let Some(tree) = &answer.tree {
        let data = json!({
            "threads": answer.threads,
            "tree": tree,
            "usual": answer.outcomes.first().map(|o| &o.result),
        });
        // Nothing in the data may end the element that it stands in.
        let data = data.to_string().replace("</", "<\\/");
        let question = match (answer.outcomes.len(), answer.complete) {
            (1, true) => "Can you get another result? There is none; try.",
            _ => "Can you get another result?",
        };
        // Where no script runs, there is nothing to choose.
        let _ = write!(
            html,
            "<section class=\"you\" hidden aria-label=\"You are the scheduler\"><h4>You are the scheduler</h4>\
             <p>Choose who runs next. {question}</p><div class=\"view\" aria-live=\"polite\"></div>\
             <script type=\"application/json\">{data}</script><script>{VIEW}</script></section>"
        );
    }
    html + "</div>"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(code: &str) -> Vec<(String, u64)> {
        let answer = ask(Path::new("python3"), code, 1).expect("an answer");
        assert!(answer.error.is_none(), "{:?}", answer.error);
        assert!(answer.complete);
        let ends = answer.outcomes.into_iter();
        ends.map(|o| (first_line(&o.result).to_owned(), o.count))
            .collect()
    }

    const THREADS: &str = "\nthreads = [threading.Thread(target=f) for _ in range(2)]\n\
        for t in threads: t.start()\nfor t in threads: t.join()\nprint(counter)\n";

    #[test]
    fn a_lost_update_is_among_all_interleavings() {
        let race = format!(
            "import threading\ncounter = 0\ndef f():\n    global counter\n    counter += 1\n{THREADS}"
        );
        let ends = ends(&race);
        let mut values: Vec<&str> = ends.iter().map(|e| e.0.as_str()).collect();
        values.sort_unstable();
        assert_eq!(values, ["1", "2"]);
    }

    #[test]
    fn with_a_lock_there_is_one_end() {
        let locked = format!(
            "import threading\ncounter = 0\nlock = threading.Lock()\ndef f():\n    global counter\n    with lock:\n        counter += 1\n{THREADS}"
        );
        assert_eq!(ends(&locked).len(), 1);
    }

    #[test]
    fn two_locks_in_opposite_order_deadlock_sometimes() {
        let crossed = "import threading\na, b = threading.Lock(), threading.Lock()\n\
            def one():\n    with a:\n        with b: pass\n\
            def two():\n    with b:\n        with a: pass\n\
            threads = [threading.Thread(target=t) for t in (one, two)]\n\
            for t in threads: t.start()\nfor t in threads: t.join()\nprint('done')\n";
        let ends = ends(crossed);
        assert!(ends.iter().any(|(end, _)| end == "done"));
        assert!(ends.iter().any(|(end, _)| end.starts_with("deadlock")));
    }

    #[test]
    fn a_notify_before_the_wait_is_lost() {
        let program = |wait: &str| {
            format!(
                "import threading\ncondition = threading.Condition()\nready = False\n\
                 def waits():\n    with condition:\n        {wait}\n\
                 def tells():\n    global ready\n    with condition:\n        ready = True\n        condition.notify()\n\
                 threads = [threading.Thread(target=t) for t in (waits, tells)]\n\
                 for t in threads: t.start()\nfor t in threads: t.join()\nprint('done')\n"
            )
        };
        let lost = ends(&program("condition.wait()"));
        assert!(
            lost.iter().any(|(end, _)| end.starts_with("deadlock")),
            "{lost:?}"
        );
        assert!(lost.iter().any(|(end, _)| end == "done"), "{lost:?}");
        let kept = ends(&program("condition.wait_for(lambda: ready)"));
        assert!(kept.iter().all(|(end, _)| end == "done"), "{kept:?}");
    }

    #[test]
    fn nobody_leaves_a_barrier_before_all_are_there() {
        let program = "import threading\nbarrier = threading.Barrier(2)\nseen = []\n\
            def f():\n    seen.append('in')\n    barrier.wait()\n    seen.append('out')\n\
            threads = [threading.Thread(target=f) for _ in range(2)]\n\
            for t in threads: t.start()\nfor t in threads: t.join()\nprint(*seen)\n";
        let ends = ends(program);
        assert_eq!(ends.len(), 1, "{ends:?}");
        assert_eq!(ends[0].0, "in in out out");
    }

    #[test]
    fn mistakes_are_named() {
        let answer = ask(Path::new("python3"), "def f(:\n", 1).expect("an answer");
        assert!(answer.error.is_some_and(|e| e.contains("SyntaxError")));
        assert!(rounds("--loop 1000").is_err());
        assert!(rounds("--fast").is_err());
    }
}
