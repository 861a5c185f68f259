//! `watch`: a screen of its own, on which a file is checked whenever it is saved.

use super::{Place, plain, report, student, texts};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use tandem_grader::course::exercise::{self, Exercise};
use tandem_grader::course::progress::Copy;
use tandem_grader::course::verify;
use tandem_grader::course::watch::{Key, Keys, own_screen, saved, say};
use tandem_grader::verdict::{Outcome, Verdict};
use tandem_grader::{explain, show, terminal};

/// How often the file, and the size of the terminal, are looked at.
const INTERVAL: Duration = Duration::from_millis(100);
/// Earlier results that are shown.
const EARLIER: usize = 4;
/// The exit status after Ctrl-C.
const INTERRUPTED: u8 = 130;

/// A check that runs, in a process of its own: it is ended when the file is saved again.
struct Check {
    child: Child,
    started: Instant,
    said: Receiver<String>,
    /// The last line that it wrote on what it is doing.
    progress: Arc<Mutex<String>>,
    errors: Option<JoinHandle<()>>,
}

impl Check {
    fn start(exercise: &Exercise) -> Result<Check> {
        let mut command = Command::new("/proc/self/exe");
        command.args(["check", &exercise.name, "--json"]);
        if std::io::stdout().is_terminal() {
            command.arg("--color");
        }
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        // SAFETY: one system call between fork and exec. Should this program be killed, the check ends.
        unsafe {
            command.pre_exec(
                || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                },
            );
        }
        let mut child = command.spawn().context("cannot start the check")?;
        let (send, said) = channel();
        if let Some(mut out) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = out.read_to_string(&mut text);
                let _ = send.send(text);
            });
        }
        let progress = Arc::new(Mutex::new(String::new()));
        let errors = child.stderr.take().map(|errors| {
            let progress = progress.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(errors).lines().map_while(Result::ok) {
                    if let Ok(mut progress) = progress.lock() {
                        *progress = line.trim_start_matches("tandem-grader: ").to_owned();
                    }
                }
            })
        });
        Ok(Check {
            child,
            started: Instant::now(),
            said,
            progress,
            errors,
        })
    }

    /// What came of it, once it has ended.
    fn done(&mut self) -> Option<Outcomes> {
        let text = match self.said.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => String::new(),
            Ok(text) => text,
        };
        let _ = self.child.wait();
        if let Some(errors) = self.errors.take() {
            let _ = errors.join();
        }
        Some(match serde_json::from_str(&text) {
            Ok(verdict) => Outcomes::Judged(Box::new(verdict)),
            Err(_) => Outcomes::Failed(self.progress()),
        })
    }

    fn progress(&self) -> String {
        self.progress.lock().map_or(String::new(), |p| p.clone())
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // SAFETY: a child that has not been waited for.
            unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
            let _ = self.child.wait();
        }
    }
}

/// What came of a check.
enum Outcomes {
    Judged(Box<Verdict>),
    /// It could not be done, as where the file is not there.
    Failed(String),
}

impl Outcomes {
    /// In a word.
    fn word(&self) -> String {
        match self {
            Outcomes::Failed(_) => "not checked".into(),
            Outcomes::Judged(verdict) => match verdict.verdict {
                Outcome::Pass => "passes".into(),
                Outcome::Fail => verify::first(verdict).replace('-', " "),
                Outcome::Refused => "does not compile".into(),
                Outcome::Error => "not checked".into(),
            },
        }
    }

    fn passes(&self) -> bool {
        matches!(self, Outcomes::Judged(verdict) if verdict.verdict == Outcome::Pass)
    }
}

/// What the screen shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    Report,
    Task,
    Hints,
    Explanation,
}

/// The state of the screen.
struct Watch<'a> {
    exercises: &'a [Exercise],
    copy: Copy,
    exercise: &'a Exercise,
    path: PathBuf,
    /// When the file was saved that is checked, or was checked last.
    since: Option<(SystemTime, u64)>,
    /// Whether it is not there now.
    gone: bool,
    check: Option<Check>,
    /// The last result, and the texts that it quotes.
    result: Option<(Outcomes, show::Texts)>,
    earlier: Vec<String>,
    view: View,
    /// The first line that is shown.
    top: usize,
}

/// Checks an exercise whenever its file is saved.
pub fn watch(name: Option<&str>) -> Result<u8> {
    let exercises = exercise::carried()?;
    let copy = Copy::around(Path::new("."))?;
    if name.is_none() && copy.next(&exercises).is_none() {
        anstream::println!("All {} exercises are solved.", exercises.len());
        return Ok(0);
    }
    let exercise = super::chosen(&copy, &exercises, name)?;
    let mut watch = Watch {
        path: copy.file(exercise),
        exercises: &exercises,
        copy,
        exercise,
        since: None,
        gone: false,
        check: None,
        result: None,
        earlier: Vec::new(),
        view: View::Task,
        top: 0,
    };
    let keys = Keys::read();
    let screen = terminal::size().is_some() && std::io::stdin().is_terminal();
    if screen {
        own_screen();
    }
    let ended = watch.run(&keys, screen);
    drop(watch.check.take());
    drop(keys);
    if screen {
        anstream::println!("{}", watch.summary());
    }
    ended
}

impl Watch<'_> {
    /// Until somebody wants no more.
    fn run(&mut self, keys: &Keys, screen: bool) -> Result<u8> {
        let mut shown = String::new();
        self.begin()?;
        loop {
            let now = saved(&self.path);
            // While an editor saves, it may not be there for a moment.
            self.gone = now.is_none();
            if now.is_some() && now != self.since {
                self.begin()?;
            }
            if let Some(outcome) = self.check.as_mut().and_then(Check::done) {
                self.finished(outcome)?;
                if !screen {
                    anstream::print!("{}\n{}\n", self.text(terminal::width()), self.summary());
                }
            }
            if screen {
                let frame = self.frame(terminal::size().unwrap_or((80, 24)));
                // Drawn over what was there, and only where something has changed: no flicker.
                if frame != shown {
                    say(&frame);
                    shown = frame;
                }
            }
            match keys.next(INTERVAL) {
                None => {}
                Some(Key::Interrupt) => return Ok(INTERRUPTED),
                // Lines that were typed ahead, and no more: what they have asked for is done first.
                Some(Key::Ended) if !screen && self.check.is_some() => std::thread::sleep(INTERVAL),
                Some(Key::Ended | Key::Letter('q')) => return Ok(0),
                Some(key) => {
                    self.typed(key)?;
                    if !screen && self.view != View::Report {
                        anstream::print!("{}", self.text(terminal::width()));
                        self.view = View::Report;
                    }
                }
            }
        }
    }

    /// Begins to check; a check that runs is of no use any more.
    fn begin(&mut self) -> Result<()> {
        self.check = None;
        self.since = saved(&self.path);
        self.check = Some(Check::start(self.exercise)?);
        Ok(())
    }

    fn finished(&mut self, outcome: Outcomes) -> Result<()> {
        self.check = None;
        self.copy = Copy::around(Path::new("."))?;
        if let Some((before, _)) = &self.result {
            self.earlier.push(before.word());
            let surplus = self.earlier.len().saturating_sub(EARLIER);
            self.earlier.drain(..surplus);
        }
        let texts = texts(self.exercise, &self.path).unwrap_or_default();
        self.result = Some((outcome, texts));
        self.show(View::Report);
        Ok(())
    }

    fn show(&mut self, view: View) {
        self.view = view;
        self.top = 0;
    }

    /// Shows something, or the report again.
    fn toggle(&mut self, view: View) {
        self.show(if self.view == view {
            View::Report
        } else {
            view
        });
    }

    fn typed(&mut self, key: Key) -> Result<()> {
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        let room = body(rows) as isize;
        let last = self.text(columns).lines().count() as isize - room;
        let to = |top: isize| top.clamp(0, last.max(0)) as usize;
        match key {
            Key::Enter => self.begin()?,
            Key::Lines(n) => self.top = to(self.top as isize + n),
            Key::Pages(n) => self.top = to(self.top as isize + n * (room - 1).max(1)),
            Key::Letter(' ') => self.top = to(self.top as isize + (room - 1).max(1)),
            Key::Home => self.top = 0,
            Key::End => self.top = to(last),
            Key::Letter('t') => self.toggle(View::Task),
            Key::Letter('e') => self.toggle(View::Explanation),
            Key::Letter('h') => {
                let exercise = self.exercise;
                let shown = (self.copy.reached(exercise).hints + 1).min(exercise.hints.len());
                self.copy.reach(exercise, |r| r.hints = shown)?;
                self.show(View::Hints);
            }
            Key::Letter('n') => self.go(1)?,
            Key::Letter('p') => self.go(-1)?,
            _ => {}
        }
        Ok(())
    }

    /// Goes to the next exercise that is not solved, in one direction or the other.
    fn go(&mut self, step: isize) -> Result<()> {
        let count = self.exercises.len() as isize;
        let here = self
            .exercises
            .iter()
            .position(|e| e.name == self.exercise.name);
        let here = here.unwrap_or(0) as isize;
        let next = (1..count)
            .map(|n| &self.exercises[(here + step * n).rem_euclid(count) as usize])
            .find(|e| !self.copy.reached(e).solved);
        if let Some(next) = next {
            self.exercise = next;
            self.path = self.copy.file(next);
            self.result = None;
            self.earlier.clear();
            self.show(View::Task);
            self.begin()?;
        }
        Ok(())
    }

    /// The text that is shown.
    fn text(&self, width: usize) -> String {
        let text = match (self.view, &self.result) {
            (View::Hints, _) => {
                let shown = self.copy.reached(self.exercise).hints;
                terminal::rendered(&student::hints(self.exercise, shown), width)
            }
            (View::Report, Some((Outcomes::Judged(verdict), texts))) => {
                report(self.exercise, verdict, texts, width, Place::Watched)
            }
            (View::Report, Some((Outcomes::Failed(why), _))) => format!("{why}\n"),
            (View::Explanation, Some((Outcomes::Judged(verdict), _)))
                if verdict.verdict == Outcome::Fail =>
            {
                let kind = verify::first(verdict);
                let text = explain::text(&kind).unwrap_or_default();
                format!("{}\n\n{text}\n", kind.replace('-', " "))
            }
            (View::Explanation, _) => "Nothing was found that could be explained.\n".into(),
            (View::Task | View::Report, _) => {
                let file = terminal::path(&self.path);
                let task = terminal::rendered(&self.exercise.task, width);
                format!("{task}\nEdit {file}.\n")
            }
        };
        terminal::fit(&text, width)
    }

    /// The last result in a line.
    fn summary(&self) -> String {
        let word = self
            .result
            .as_ref()
            .map_or("not checked".into(), |r| r.0.word());
        format!(
            "{}: {word}. {}",
            self.exercise.name,
            student::solved(&self.copy, self.exercises)
        )
    }

    /// All that is written to the terminal to show the present state.
    fn frame(&self, (columns, rows): (usize, usize)) -> String {
        let text = self.text(columns);
        let lines: Vec<&str> = text.lines().collect();
        let room = body(rows);
        let top = self.top.min(lines.len().saturating_sub(room));
        let below = lines.len().saturating_sub(top + room);
        let mut frame = String::from("\x1b[?2026h\x1b[H");
        for row in 0..room {
            let line = lines.get(top + row).copied().unwrap_or_default();
            frame += &format!("{}\x1b[0m\x1b[K\r\n", terminal::cut(line, columns));
        }
        let more = match below {
            0 => String::new(),
            1 => " · 1 more line: ↓".into(),
            below => format!(" · {below} more lines: ↓"),
        };
        let state = terminal::cut(&format!("{}{more}", self.state()), columns);
        frame += &format!("{state}\x1b[0m\x1b[K\r\n");
        frame += &format!("\x1b[2m{}\x1b[0m\x1b[K\x1b[J\x1b[?2026l", keys(columns));
        match std::env::var_os("NO_COLOR") {
            Some(value) if !value.is_empty() => without_colours(&frame),
            _ => frame,
        }
    }

    /// What is done, and what came of the checks before.
    fn state(&self) -> String {
        let mut state = match (&self.check, &self.result) {
            (Some(check), _) => {
                let seconds = check.started.elapsed().as_secs();
                let doing = plain(&check.progress());
                let doing = doing.trim_end_matches(['…', ' ']);
                match (doing, seconds) {
                    ("", 0) => "checking …".to_owned(),
                    ("", _) => format!("checking … {seconds} s"),
                    _ => format!("{doing} … {seconds} s"),
                }
            }
            (None, _) if self.gone => {
                format!("{} is not there any more", terminal::path(&self.path))
            }
            (None, Some((outcome, _))) => {
                let color = if outcome.passes() { 32 } else { 31 };
                format!("\x1b[1;{color}m{}\x1b[0m", outcome.word())
            }
            (None, None) => String::new(),
        };
        let mut earlier = self.earlier.clone();
        if let (Some(_), Some((outcome, _))) = (&self.check, &self.result) {
            earlier.push(outcome.word());
        }
        if !earlier.is_empty() {
            state += &format!(" · before: {}", earlier.join(", "));
        }
        let solved = |e: &&Exercise| self.copy.reached(e).solved;
        let solved = self.exercises.iter().filter(solved).count();
        format!("{state} · {solved}/{} solved", self.exercises.len())
    }
}

/// The rows above the two at the bottom.
fn body(rows: usize) -> usize {
    rows.saturating_sub(2).max(1)
}

/// What can be typed, as much as fits.
fn keys(columns: usize) -> String {
    const KEYS: [&str; 8] = [
        "q quit",
        "n next",
        "h hint",
        "t task",
        "Enter again",
        "e explain",
        "p previous",
        "↑↓ scroll",
    ];
    let mut line = String::new();
    for key in KEYS {
        let longer = match line.as_str() {
            "" => key.to_owned(),
            line => format!("{line}  {key}"),
        };
        if terminal::columns(&longer) >= columns {
            break;
        }
        line = longer;
    }
    line
}

/// A frame without its colours: what places the cursor stays.
fn without_colours(frame: &str) -> String {
    let mut parts = frame.split("\x1b[");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic());
        match end.map(|at| part.split_at(at + 1)) {
            Some((sequence, rest)) if sequence.ends_with('m') => text += rest,
            _ => text += &format!("\x1b[{part}"),
        }
    }
    text
}
