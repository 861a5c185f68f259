//! Compiles a program to be measured: against the library that runs in virtual time, and as it is,
//! for the compiler's own messages and for the clock.

use super::Options;
use crate::compile::{both, linked, on_engine, strings, with_path, words};
use crate::parts::{self, Engine, Published};
use crate::sandbox::{Ended, Folder};
use crate::source::{self, Source};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Task {
    /// The submission: name and text.
    pub submission: (String, String),
    /// The file with `input`, `reference` and `attempt`: name and text. None: the submission has
    /// `fn work()`, and perhaps `fn sequential()`.
    pub speed: Option<(String, String)>,
}

/// A compiled program.
pub struct Built {
    _folder: Folder,
    /// In virtual time.
    pub timed: PathBuf,
    /// As it is.
    pub native: PathBuf,
    /// Whether there is a sequential program to compare with; otherwise it is compared with itself
    /// on one core.
    pub sequential: bool,
    /// Whether the input is the same in every round.
    pub same_input: bool,
    /// The sources, for the lines of what it reports.
    pub sources: Vec<Source>,
}

/// The three functions of a file that has `fn work()` only.
struct Work {
    /// The text with functions that the harness can call.
    text: String,
    /// The harness.
    speed: String,
    /// Whether there is a `fn sequential()`.
    sequential: bool,
}

/// Compiles; the inner error is why the text is refused.
///
/// # Errors
///
/// The toolchain is not usable.
pub fn build(
    task: &Task,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<std::result::Result<Built, String>> {
    let parts = parts::provide(progress)?;
    let (path, text) = &task.submission;
    let mut sequential = true;
    let (text, speed_path, speed) = match &task.speed {
        Some((path, speed)) => (text.clone(), path.clone(), speed.clone()),
        None => match work(text) {
            Ok(work) => {
                sequential = work.sequential;
                (work.text, String::from("speed.rs"), work.speed)
            }
            Err(message) => return Ok(Err(format!("{path}: {message}"))),
        },
    };
    let (submission, refusals) = source::prepare(path, "submission.rs", text, false);
    let (speed, _) = source::prepare(&speed_path, "speed.rs", speed, false);
    let published = if [&submission, &speed]
        .iter()
        .any(|s| parts::mentions_published(&s.text))
    {
        parts::provide_published(&parts, Engine::VirtualTime, progress)?
    } else {
        Published::default()
    };
    let folder = Folder::new("speedup-")?;
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("submission.rs"), &submission.text)?;
    std::fs::write(at("speed.rs"), &speed.text)?;
    let modules =
        "#[path = \"submission.rs\"] pub mod submission;\n#[path = \"speed.rs\"] mod speed;\n";
    std::fs::write(
        at("timed.rs"),
        format!(
            "{modules}fn main() {{ ::std::__measure(speed::input, speed::reference, speed::attempt) }}\n"
        ),
    )?;
    std::fs::write(at("native.rs"), format!("{modules}{CLOCK}"))?;
    let color = if options.color { "always" } else { "never" };
    let base = |root: &str, output: &str| {
        let names = ["--crate-name", "submission", "--edition", &options.edition];
        let mut arguments = strings(&names);
        arguments.extend(strings(&["-Copt-level=3", "-Ccodegen-units=4"]));
        arguments.extend(strings(&["--color", color, root, "-o", output]));
        arguments
    };
    let mut native = base("native.rs", "native");
    native.extend(strings(&["-A", "dead_code", "-A", "unused_imports"]));
    native.extend(linked(&published.native));
    let mut timed = base("timed.rs", "timed");
    timed.extend(strings(&[
        "--cap-lints",
        "allow",
        "-Cdebuginfo=line-tables-only",
    ]));
    timed.extend(on_engine(&parts, Engine::VirtualTime));
    timed.extend(linked(&published.modelled));
    let (native, timed) = both(&parts, folder.path(), native, timed)?;
    let said = |ended: &Ended| {
        let said = with_path(&words(ended, &parts), "submission.rs", path);
        with_path(&said, "speed.rs", &speed_path)
    };
    if !native.status.success() {
        return Ok(Err(said(&native)));
    }
    if let Some(refusal) = refusals.first() {
        return Ok(Err(format!(
            "{path}:{}: {}: this cannot be measured in virtual time",
            refusal.line, refusal.what
        )));
    }
    if !timed.status.success() {
        return Ok(Err(format!(
            "This compiles, but uses something of the standard library that virtual time does not have:\n{}",
            said(&timed)
        )));
    }
    Ok(Ok(Built {
        timed: at("timed"),
        native: at("native"),
        sequential,
        same_input: task.speed.is_none(),
        _folder: folder,
        sources: vec![submission, speed],
    }))
}

/// Makes `fn work()` callable, and `fn sequential()` where there is one.
fn work(text: &str) -> std::result::Result<Work, String> {
    let file =
        syn::parse_file(text).map_err(|error| format!("{}: {error}", error.span().start().line))?;
    let find = |name: &str| {
        file.items.iter().find_map(|item| match item {
            syn::Item::Fn(f) if f.sig.ident == name && f.sig.inputs.is_empty() => Some(f),
            _ => None,
        })
    };
    let Some(function) = find("work") else {
        return Err(
            "there is no `fn work()`: it must do the parallel work, without parameters".into(),
        );
    };
    let source = text;
    let returned = |f: &syn::ItemFn| match &f.sig.output {
        syn::ReturnType::Default => String::new(),
        syn::ReturnType::Type(_, kind) => {
            let place = syn::spanned::Spanned::span(kind.as_ref()).byte_range();
            source.get(place).unwrap_or_default().to_owned()
        }
    };
    let mut text = text.to_owned();
    text += "\n#[doc(hidden)] pub fn __work() ";
    let sequential = find("sequential");
    // Sums of floating-point numbers depend on their order: they are not compared.
    let kind = returned(function);
    let compared = sequential.is_some_and(|s| returned(s) == kind)
        && !kind.is_empty()
        && !kind.contains("f64")
        && !kind.contains("f32");
    let (result, body) = if compared {
        (
            format!("-> {kind} "),
            ["work()", "sequential()"].map(str::to_owned),
        )
    } else {
        (
            String::new(),
            ["work", "sequential"]
                .map(|f| format!("::std::mem::drop(::std::hint::black_box({f}()))")),
        )
    };
    text += &format!("{result}{{ {} }}\n", body[0]);
    let reference = if sequential.is_some() {
        text += &format!(
            "#[doc(hidden)] pub fn __sequential() {result}{{ {} }}\n",
            body[1]
        );
        "crate::submission::__sequential()"
    } else {
        // It is compared with itself on one core.
        ""
    };
    let result = if compared {
        format!("-> {kind} ")
    } else {
        String::new()
    };
    let uses = if compared {
        "#[allow(unused_imports)] use crate::submission::*;\n"
    } else {
        ""
    };
    let speed = format!(
        "{uses}pub fn input(_: u64) {{}}\n\
         pub fn reference(_: &()) {result}{{ {reference} }}\n\
         pub fn attempt(_: &()) {result}{{ crate::submission::__work() }}\n"
    );
    Ok(Work {
        text,
        speed,
        sequential: sequential.is_some(),
    })
}

/// Measures by the clock: reads its request, runs reference and attempt by turns with a canary before,
/// between and after them, answers on descriptor 3.
const CLOCK: &str = r#"
fn main() {
    use ::std::io::{Read, Write};
    use ::std::os::fd::FromRawFd;
    unsafe extern "C" { fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32; }
    let mut request = ::std::string::String::new();
    let _ = ::std::io::stdin().read_to_string(&mut request);
    // SAFETY: the parent's pipe.
    let mut answer = unsafe { ::std::fs::File::from_raw_fd(3) };
    let (seeds, token) = request.split_once("\"token\":\"").expect("a request");
    let token = token.split('"').next().expect("a token");
    let seeds = seeds.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u64>().ok());
    let timed = |f: &mut dyn FnMut()| {
        let start = ::std::time::Instant::now();
        f();
        start.elapsed().as_nanos() as u64
    };
    // Wall time of the whole and processor time of its threads.
    let spin = |n: u64| {
        let mut time = [0; 2];
        let mut processor = || {
            // SAFETY: the time of this thread (3), written to `time`.
            unsafe { clock_gettime(3, &mut time) };
            time[0] * 1_000_000_000 + time[1]
        };
        let start = processor();
        let mut x = n;
        for i in 0..n { x = ::std::hint::black_box(x.rotate_left(5) ^ i); }
        ::std::hint::black_box(x);
        processor() - start
    };
    let canary = || {
        let (mut alone, mut both) = (0, 0_i64);
        let one = timed(&mut || alone = spin(12_000_000));
        let two = timed(&mut || both = ::std::thread::scope(|s| {
            let threads = [(); 2].map(|()| s.spawn(|| spin(6_000_000)));
            threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
        }));
        ::std::format!("[{one},{alone},{two},{both}]")
    };
    // The first is not counted: cores that slept wake up.
    let _ = canary();
    let mut canaries = ::std::vec![canary()];
    let mut rounds = ::std::vec::Vec::new();
    for seed in seeds {
        let input = ::std::hint::black_box(speed::input(seed));
        let (mut expected, mut value) = (None, None);
        let reference = timed(&mut || expected = Some(::std::hint::black_box(speed::reference(&input))));
        let attempt = timed(&mut || value = Some(::std::hint::black_box(speed::attempt(&input))));
        rounds.push(::std::format!("[{reference},{attempt}]"));
        ::std::mem::drop((expected, value));
        canaries.push(canary());
    }
    let (rounds, canaries) = (rounds.join(","), canaries.join(","));
    let _ = ::std::write!(answer, "{token}{{\"rounds\":[{rounds}],\"canaries\":[{canaries}]}}");
}
"#;

/// Reads the files of a task.
///
/// # Errors
///
/// A file cannot be read.
pub fn read(submission: &Path, speed: Option<&Path>) -> Result<Task> {
    let named =
        |path: &Path| Ok::<_, anyhow::Error>((path.display().to_string(), source::read(path)?));
    if submission.is_dir() {
        bail!("{} is a folder, not a Rust file", submission.display());
    }
    Ok(Task {
        submission: named(submission)?,
        speed: speed.map(named).transpose()?,
    })
}
