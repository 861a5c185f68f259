//! `tandem-grader`: finds the interleaving that breaks a concurrent Rust program.

mod commands;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use reports::exploration::Mode;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tandem_grader::explore::{Options, Prepared, explore};
use tandem_grader::parts::Engine;
use tandem_grader::replay::Recording;
use tandem_grader::verdict::{Outcome, Verdict};
use tandem_grader::{files, html, parts, sandbox, show, source, svg, terminal};

/// Finds the interleaving that breaks a concurrent Rust program.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Explores the interleavings of a file: exit status 0 nothing found, 1 found, 2 refused, 3 own failure.
    Explore(Explore),
    /// Says whether a program gets faster with more cores, and why not: exit status 0 it does, 1 its
    /// answer is wrong or it breaks, 2 refused, 3 own failure.
    Speedup(Speedup),
    /// Runs a recorded execution again, with exactly the same outcome.
    Replay(Replay),
    /// Builds all that is built once, for work without a network.
    Prepare,
    /// Makes a working copy of the exercises; files that are there stay as they are.
    Init {
        /// Its folder.
        dir: PathBuf,
    },
    /// Lists the exercises.
    List,
    /// Shows the next task.
    Next {
        /// The exercise; without it, the first one that is not solved.
        name: Option<String>,
    },
    /// Shows one more hint.
    Hint {
        /// The exercise; without it, the next one.
        name: Option<String>,
    },
    /// Checks an exercise: exit status as of `explore`.
    Check(commands::Check),
    /// Grades the submissions of a class, in the sandbox: a table, a report each, results for other
    /// programs. Exit status 0 all were graded, whatever their verdicts; 3 own failure.
    Class(commands::Class),
    /// Checks an exercise whenever its file is saved.
    Watch {
        /// The exercise; without it, the next one.
        name: Option<String>,
    },
    /// Explains a kind of finding.
    Explain {
        /// Such as `data-race`; without it, says which there are.
        finding: Option<String>,
    },
    /// Writes the beginning of an exercise: for those who write them.
    New {
        /// Its folder, in the folder of its topic: `exercises/2_threading/my_exercise`.
        folder: PathBuf,
    },
    /// Holds exercises to their promises: for those who write them.
    Verify {
        /// The exercises; without them, all.
        names: Vec<String>,
        /// A folder of exercises, instead of those that the program carries.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// How many are verified at once; without it, as many as there are cores, where there is memory
        /// for so many.
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
    },
}

#[derive(Parser)]
struct Explore {
    /// The file: ordinary Rust on `std`.
    submission: PathBuf,
    /// The file with `pub fn check()`, which reaches the submission as `crate::submission`.
    /// Not needed where the submission has `#[test]` functions or `fn main`.
    #[arg(long)]
    check: Option<PathBuf>,
    /// Processor time for each check: `2s`, `500ms`.
    #[arg(long, default_value = "2s", value_parser = duration)]
    budget: Duration,
    /// The seed of the random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What `available_parallelism` answers in the program.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// How to search.
    #[arg(long, value_enum, default_value_t = Search::Mixed)]
    search: Search,
    /// With `--search exhaustive`: the most preemptions; without it, all interleavings.
    #[arg(long)]
    preemptions: Option<u32>,
    /// The most executions of each check.
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    executions: u64,
    /// The edition of the file; the newest under which it compiles, where none is given.
    #[arg(long, default_value = "", hide_default_value = true)]
    edition: String,
    /// The optimisation level of the explored program.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    opt_level: u8,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Writes a page with the report.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes a picture of the first finding.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// For the work of others: refuses where there is no sandbox.
    #[arg(long)]
    untrusted: bool,
    /// Writes the recording of a finding there, and not to the cache.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Search {
    /// By chance and systematically, by turns.
    Mixed,
    /// By chance.
    Random,
    /// By random priorities with few changes.
    Pct,
    /// Systematically.
    Exhaustive,
}

#[derive(Parser)]
struct Speedup {
    /// The file. It has `fn work()`, which does the work on `std::thread::available_parallelism`
    /// threads; with `fn sequential()` it is compared with that, otherwise with itself on one core.
    submission: PathBuf,
    /// A file with `pub fn input(seed: u64) -> I`, `pub fn reference(&I) -> O` and
    /// `pub fn attempt(&I) -> O`, the last of which calls `crate::submission`.
    #[arg(long)]
    speed: Option<PathBuf>,
    /// The number of cores to judge, 1 to 64.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    cores: u8,
    /// The seed of the inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The edition of the file.
    #[arg(long, default_value = "2024")]
    edition: String,
    /// For the work of others: refuses where there is no sandbox.
    #[arg(long)]
    untrusted: bool,
    /// Does not ask the clock of this machine.
    #[arg(long)]
    no_clock: bool,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Writes a page with the pictures.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Parser)]
struct Replay {
    /// The recording: its file, or its name; without it, the last one.
    file: Option<PathBuf>,
    /// Prints what to type to stop at the finding in a debugger, and keeps the program.
    #[arg(long)]
    gdb: bool,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Writes a page with the report.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes a picture of the first finding.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, scale) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds: f64 = number
        .trim()
        .parse()
        .map_err(|_| "a time like 2s or 500ms".to_owned())?;
    if !(0.0..=86400.0).contains(&(seconds * scale)) {
        return Err("a time between 0 and a day".into());
    }
    Ok(Duration::from_secs_f64(seconds * scale))
}

/// The most stack that the parser of a submission needs: each level of nesting takes some, and only
/// what is used is ever there.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    sandbox::main_if_asked();
    sandbox::interrupt::handle();
    match std::thread::Builder::new().stack_size(STACK).spawn(run) {
        Ok(thread) => thread.join().unwrap_or(ExitCode::from(3)),
        Err(_) => run(),
    }
}

fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 3 } else { 0 });
        }
    };
    let Some(command) = arguments.command else {
        return finish(commands::welcome());
    };
    finish(match command {
        Command::Explore(arguments) => run_explore(&arguments),
        Command::Replay(arguments) => run_replay(&arguments),
        Command::Speedup(arguments) => run_speedup(&arguments),
        Command::Prepare => run_prepare(),
        Command::Init { dir } => commands::init(&dir),
        Command::List => commands::list(),
        Command::Next { name } => commands::next(name.as_deref()),
        Command::Hint { name } => commands::hint(name.as_deref()),
        Command::Check(arguments) => {
            allowed(arguments.untrusted).and_then(|()| commands::check(&arguments))
        }
        Command::Class(arguments) => allowed(true).and_then(|()| commands::class(&arguments)),
        Command::Watch { name } => commands::watch(name.as_deref()),
        Command::Explain { finding } => commands::explain(finding.as_deref()),
        Command::New { folder } => commands::new(&folder),
        Command::Verify { names, dir, jobs } => commands::verify(dir.as_deref(), &names, jobs),
    })
}

fn finish(done: Result<u8>) -> ExitCode {
    sandbox::interrupt::settle();
    match done {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            anstream::eprintln!("{}", terminal::fitted(&format!("tandem-grader: {error:#}")));
            ExitCode::from(3)
        }
    }
}

fn progress(what: &str) {
    anstream::eprintln!("tandem-grader: {what} …");
}

/// The work of others needs the sandbox.
fn allowed(untrusted: bool) -> Result<()> {
    use sandbox::{State, state};
    match state() {
        State::Fails(reason) if untrusted => anyhow::bail!(
            "this machine does not allow a sandbox ({reason}), and the work of others is not run without one"
        ),
        _ => Ok(()),
    }
}

/// Builds all that is built once.
fn run_prepare() -> Result<u8> {
    let parts = parts::provide(&mut progress)?;
    parts::provide_published(&parts, Engine::Interleave, &mut progress)?;
    parts::provide_published(&parts, Engine::VirtualTime, &mut progress)?;
    // Without it, everything else works all the same.
    if let Err(error) = tandem_grader::threads::prepare(&parts, &mut progress) {
        anstream::eprintln!(
            "tandem-grader: nothing can be run with real threads under ThreadSanitizer: {error:#}"
        );
    }
    Ok(0)
}

fn run_explore(arguments: &Explore) -> Result<u8> {
    allowed(arguments.untrusted)?;
    let options = Options {
        budget: arguments.budget,
        executions: arguments.executions,
        seed: arguments.seed,
        threads: arguments.threads,
        mode: match arguments.search {
            Search::Mixed => Mode::Mixed,
            Search::Random => Mode::Random,
            Search::Pct => Mode::Pct,
            Search::Exhaustive => Mode::Exhaustive(arguments.preemptions),
        },
        edition: arguments.edition.clone(),
        opt_level: arguments.opt_level,
        color: !arguments.json && arguments.html.is_none() && std::io::stdout().is_terminal(),
        shorten: true,
        debug: false,
    };
    let check = arguments.check.as_deref();
    let mut verdict = match explore(&arguments.submission, check, &options, &mut progress) {
        Ok(verdict) => verdict,
        Err(error) if arguments.json => Verdict::new(Outcome::Error, format!("{error:#}")),
        Err(error) => return Err(error),
    };
    record(&mut verdict, arguments, &options)?;
    report(
        &verdict,
        &texts(&arguments.submission, check),
        arguments.json,
        arguments.html.as_deref(),
    )?;
    picture(&verdict, arguments.svg.as_deref())?;
    Ok(verdict.verdict.exit_status())
}

/// Saves what is needed to run each finding again.
fn record(verdict: &mut Verdict, arguments: &Explore, options: &Options) -> Result<()> {
    let named =
        |path: &Path| Ok::<_, anyhow::Error>((path.display().to_string(), source::read(path)?));
    for index in 0..verdict.findings.len() {
        let submission = named(&arguments.submission)?;
        let check = arguments.check.as_deref().map(named).transpose()?;
        let (prepared, _) =
            source::prepare(&submission.0, "x.rs", submission.1.clone(), check.is_none());
        let finding = &verdict.findings[index];
        let entry = prepared
            .entries
            .iter()
            .position(|e| Some(&e.name) == finding.check.as_ref())
            .unwrap_or(0);
        let recording = Recording::new(submission, check, options, entry, finding);
        let path = match &arguments.save {
            Some(path) => {
                std::fs::write(path, serde_json::to_string(&recording)?)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                path.clone()
            }
            None => recording.save()?,
        };
        verdict.findings[index].replay = Some(path.display().to_string());
    }
    Ok(())
}

fn run_speedup(arguments: &Speedup) -> Result<u8> {
    allowed(arguments.untrusted)?;
    use tandem_grader::speedup::{self, Judgement, build};
    let task = build::read(&arguments.submission, arguments.speed.as_deref())?;
    let options = speedup::Options {
        cores: arguments.cores.into(),
        seed: arguments.seed,
        edition: arguments.edition.clone(),
        clock: !arguments.no_clock,
        color: !arguments.json && std::io::stdout().is_terminal(),
        ..Default::default()
    };
    let measured = match speedup::measure(&task, None, &options, &mut progress)? {
        Ok(measured) => measured,
        Err(message) => {
            if arguments.json {
                let refused = serde_json::json!({ "judgement": "refused", "message": message });
                anstream::println!("{refused}");
            } else {
                anstream::println!("{message}");
            }
            return Ok(2);
        }
    };
    if let Some(file) = &arguments.html {
        files::write(file, html::speedup_page(&measured).as_bytes())?;
    }
    if arguments.json {
        anstream::println!("{}", serde_json::to_string(&measured)?);
    } else {
        let text = speedup::show::text(&measured);
        anstream::print!("{}", terminal::fitted(&text));
    }
    Ok(match measured.judgement {
        Judgement::WrongAnswer | Judgement::Broken => 1,
        _ => 0,
    })
}

fn run_replay(arguments: &Replay) -> Result<u8> {
    let recording = Recording::read(&Recording::find(arguments.file.as_deref())?)?;
    if arguments.gdb {
        return debug(&recording);
    }
    let verdict = recording.replay(&mut progress)?;
    let texts = std::iter::once(&recording.submission)
        .chain(&recording.check)
        .cloned()
        .collect();
    report(&verdict, &texts, arguments.json, arguments.html.as_deref())?;
    picture(&verdict, arguments.svg.as_deref())?;
    Ok(verdict.verdict.exit_status())
}

/// Keeps the program and its request, and says how to run them under a debugger.
fn debug(recording: &Recording) -> Result<u8> {
    let ready = match recording.prepare(true, &mut progress)? {
        Prepared::Ready(ready) => ready,
        Prepared::Refused(verdict) => {
            anstream::println!("{}", verdict.message);
            return Ok(2);
        }
    };
    let request = ready.request(recording.entry, &recording.options())?;
    let program = ready.keep();
    let input = program.with_file_name("request.json");
    std::fs::write(&input, format!("{}\n", serde_json::to_string(&request)?))?;
    anstream::println!(
        "cd {} && rust-gdb -ex 'break tandem_stop_here' -ex 'run < {} 3>/dev/null' {}",
        program.parent().unwrap_or(Path::new(".")).display(),
        input.display(),
        program.display()
    );
    anstream::println!(
        "It stops where a thread has failed. `backtrace` shows how it came there; `frame 3` or so is your code,\n\
         and `info locals` its variables. After a deadlock, the thread is the one that blocked last."
    );
    Ok(0)
}

fn texts(submission: &Path, check: Option<&Path>) -> show::Texts {
    let paths = std::iter::once(submission).chain(check);
    paths
        .filter_map(|p| Some((p.display().to_string(), source::read(p).ok()?)))
        .collect()
}

/// Draws the first finding, where there is one and a picture is wanted.
fn picture(verdict: &Verdict, file: Option<&Path>) -> Result<()> {
    match (verdict.findings.first(), file) {
        (Some(finding), Some(file)) => std::fs::write(file, svg::finding(finding))
            .with_context(|| format!("cannot write {}", file.display())),
        _ => Ok(()),
    }
}

fn report(verdict: &Verdict, texts: &show::Texts, json: bool, page: Option<&Path>) -> Result<()> {
    if let Some(path) = page {
        let text = html::page(verdict, texts, "tandem-grader");
        files::write(path, text.as_bytes())?;
    }
    if json {
        anstream::println!("{}", serde_json::to_string(verdict)?);
    } else {
        let text = show::verdict(verdict, texts, terminal::width());
        anstream::print!("{}", terminal::fitted(&text));
    }
    Ok(())
}
