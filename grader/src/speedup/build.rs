//! Compiles a program to be measured: against the library that runs in virtual time, and as it is,
//! for the compiler's own messages and for the clock.

use super::Options;
use crate::beside::Beside;
use crate::compile::{linked, on_engine, one, strings, with_path, words};
use crate::parts::{self, Engine, Parts, Published};
use crate::sandbox::{Ended, Folder};
use crate::source::{self, Refusal, Source};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// In virtual time.
    pub timed: PathBuf,
    // Given up, where it still compiles, before its folder goes.
    native: Native,
    _folder: Folder,
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

/// Why a text is refused, in the compiler's words or ours.
pub type Refused = String;

/// A program that is ready to be compiled.
pub struct Plan {
    parts: Parts,
    folder: Folder,
    native: Vec<String>,
    timed: Vec<String>,
    sequential: bool,
    same_input: bool,
    /// The submission first.
    sources: [Source; 2],
    refusals: Vec<Refusal>,
}

/// Writes down what is to be compiled.
///
/// # Errors
///
/// The toolchain is not usable.
pub fn plan(
    task: &Task,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<std::result::Result<Plan, Refused>> {
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
        // One unit takes the least processor time, and other compilations have the other cores.
        arguments.extend(strings(&["-Copt-level=3", "-Ccodegen-units=1"]));
        arguments.extend(strings(&["--color", color, root, "-o", output]));
        arguments
    };
    let mut native = base("native.rs", "native");
    native.extend(strings(&["-A", "dead_code", "-A", "unused_imports"]));
    native.extend(linked(&[parts.clock()]));
    native.extend(linked(&published.native));
    let mut timed = base("timed.rs", "timed");
    timed.extend(strings(&[
        "--cap-lints",
        "allow",
        "-Cdebuginfo=line-tables-only",
    ]));
    timed.extend(on_engine(&parts, Engine::VirtualTime));
    timed.extend(linked(&published.modelled));
    Ok(Ok(Plan {
        parts,
        native,
        timed,
        sequential,
        same_input: task.speed.is_none(),
        folder,
        sources: [submission, speed],
        refusals,
    }))
}

impl Plan {
    /// Compiles, unless it is given up.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn compile(self, given_up: &AtomicBool) -> Result<std::result::Result<Built, Refused>> {
        let Plan { parts, folder, .. } = self;
        let path = folder.path().to_owned();
        let said = Said {
            parts: parts.clone(),
            sources: self.sources.clone(),
        };
        let timed = one(&parts, &path, self.timed, given_up)?;
        if given_up.load(Ordering::Relaxed) {
            return Ok(Err("it was given up".into()));
        }
        // The clock is asked last.
        let (within, arguments, theirs) = (path.clone(), self.native, said.clone());
        let native = Beside::start(move |given_up| {
            let ended = one(&parts, &within, arguments, given_up)?;
            let compiled = ended.status.success().then(|| within.join("native"));
            Ok(compiled.ok_or_else(|| theirs.by(&ended)))
        });
        let mut built = Built {
            timed: path.join("timed"),
            native: Native::Compiling(native),
            sequential: self.sequential,
            same_input: self.same_input,
            _folder: folder,
            sources: self.sources.into(),
        };
        if timed.status.success() && self.refusals.is_empty() {
            return Ok(Ok(built));
        }
        // What is wrong with it as it is comes first.
        if let Err(refused) = built.native()? {
            return Ok(Err(refused));
        }
        Ok(Err(match self.refusals.first() {
            Some(refusal) => format!(
                "{}:{}: {}: this cannot be measured in virtual time",
                said.sources[0].path, refusal.line, refusal.what
            ),
            None => format!(
                "This compiles, but uses something of the standard library that virtual time does not have:\n{}",
                said.by(&timed)
            ),
        }))
    }
}

type Compiled = std::result::Result<PathBuf, Refused>;

/// The program as it is.
enum Native {
    Compiling(Beside<Result<Compiled>>),
    Compiled(Compiled),
}

/// What the compiler says, with the names of the files as they were given.
#[derive(Clone)]
struct Said {
    parts: Parts,
    sources: [Source; 2],
}

impl Said {
    fn by(&self, ended: &Ended) -> String {
        let said = words(ended, &self.parts);
        let sources = self.sources.iter();
        sources.fold(said, |said, source| {
            with_path(&said, &source.name, &source.path)
        })
    }
}

impl Built {
    /// The program as it is, for the clock, when it is compiled.
    ///
    /// # Errors
    ///
    /// The toolchain is not usable.
    pub fn native(&mut self) -> Result<Compiled> {
        let nothing = Native::Compiled(Err(String::new()));
        let compiled = match std::mem::replace(&mut self.native, nothing) {
            Native::Compiled(compiled) => compiled,
            Native::Compiling(compiling) => compiling.finish()??,
        };
        self.native = Native::Compiled(compiled.clone());
        Ok(compiled)
    }
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

/// What of the main function that measures by the clock depends on the program.
const CLOCK: &str = r#"
fn main() {
    ::timed_clock::main(&|seed| {
        let input = ::std::hint::black_box(speed::input(seed));
        let (mut expected, mut value) = (None, None);
        let reference = ::timed_clock::timed(&mut || {
            expected = Some(::std::hint::black_box(speed::reference(&input)));
        });
        let attempt = ::timed_clock::timed(&mut || {
            value = Some(::std::hint::black_box(speed::attempt(&input)));
        });
        ::std::mem::drop((expected, value));
        [reference, attempt]
    })
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
