//! `tandem run`: notebooks without a browser.

mod outputs;
mod page;
mod pictures;

use crate::files;
use crate::notebook::{Notebook, Places};
use anyhow::{Context, bail};
use outputs::Outputs;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use tandem_cell::{Cell, CellId, EventKind, Language, Outcome, Output, Unwatched};

static STOPPED: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_: i32) {
    STOPPED.store(true, Ordering::SeqCst);
}

/// How a notebook ended.
enum End {
    Done,
    Failed(String),
    Stopped,
}

/// `tandem run`
pub fn run(
    notebooks: &[PathBuf],
    output_dir: Option<&Path>,
    html: bool,
    timeout: u64,
) -> anyhow::Result<ExitCode> {
    let handler = stop as extern "C" fn(i32);
    // SAFETY: the handler only stores a flag.
    unsafe { libc::signal(libc::SIGINT, handler as libc::sighandler_t) };
    if let Some(folder) = output_dir {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut parsed = Vec::new();
    for path in notebooks {
        parsed.push((path, read(path)?));
    }
    let mut failures = Vec::new();
    for (path, mut notebook) in parsed {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let target = match output_dir {
            Some(folder) => folder.join(path.file_name().unwrap_or_default()),
            None => path.clone(),
        };
        let directory = std::fs::canonicalize(folder.unwrap_or(Path::new(".")))?;
        println!("{}", path.display());
        let end = execute(&mut notebook, &directory, Duration::from_secs(timeout))?;
        if matches!(end, End::Stopped) {
            eprintln!("stopped; {} is as it was", target.display());
            return Ok(ExitCode::from(130));
        }
        if html {
            page::write(&notebook, &target, notebooks)?;
        }
        publish(&mut notebook);
        let text = serde_json::to_string_pretty(&notebook)? + "\n";
        let text = text.replace("  ", " ");
        let text = if serde_json::from_str::<Value>(&text).ok().as_ref() == Some(&notebook) {
            text
        } else {
            serde_json::to_string_pretty(&notebook)? + "\n"
        };
        files::write(&target, text.as_bytes())
            .with_context(|| format!("cannot write {}", target.display()))?;
        if let End::Failed(what) = end {
            eprintln!("{}: {what}", path.display());
            failures.push(path.display().to_string());
        }
    }
    Ok(match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    })
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    // nbformat judges and upgrades; what it does not know is kept where nothing was upgraded.
    let parsed = nbformat::parse_notebook(&text)
        .with_context(|| format!("{} is no notebook", path.display()))?;
    let plain: Value = serde_json::from_str(&text)?;
    match parsed {
        nbformat::Notebook::V4(_) => Ok(plain),
        nbformat::Notebook::Legacy(_) if plain["nbformat"] == 4 => Ok(plain),
        nbformat::Notebook::Legacy(legacy) => Ok(serde_json::to_value(
            nbformat::upgrade_legacy_notebook(legacy)?,
        )?),
        _ => bail!(
            "{} has a form that cannot be run; open and save it in JupyterLab",
            path.display()
        ),
    }
}

/// A text as nbformat stores it: a string, or a list of lines.
fn text(stored: &Value) -> String {
    match stored {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"]
        .as_array()
        .is_some_and(|tags| tags.iter().any(|own| own == tag))
}

fn execute(notebook: &mut Value, directory: &Path, timeout: Duration) -> anyhow::Result<End> {
    let mut language = Notebook::start(Places {
        directory: directory.to_owned(),
        data: files::data(),
        python: std::env::var_os("TANDEM_PYTHON").map(Into::into),
    })?;
    let (output, events) = Output::channel();
    let cells = notebook["cells"]
        .as_array_mut()
        .context("the notebook has no cells")?;
    let all = cells
        .iter()
        .filter(|cell| cell["cell_type"] == "code")
        .count();
    let mut outputs = Outputs::default();
    let mut count = 0;
    let mut end = End::Done;
    for (index, cell) in cells
        .iter_mut()
        .enumerate()
        .filter(|(_, cell)| cell["cell_type"] == "code")
    {
        count += 1;
        let code = text(&cell["source"]);
        if has_tag(cell, "skip-execution") {
            continue;
        }
        let first = code
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("")
            .to_owned();
        let begun = Instant::now();
        print!("[{count}/{all}] {:.60} ", first);
        let _ = std::io::Write::flush(&mut std::io::stdout());
        let id = CellId(index as u64 + 1);
        outputs.begin(id);
        let source = fingerprint(&code);
        let outcome = run_cell(&mut language, &Cell::new(id, code), &output, timeout);
        let (reached, barrier) = mpsc::channel();
        output.send(id, EventKind::Barrier(reached));
        while barrier.try_recv().is_err() {
            match events.recv_timeout(Duration::from_secs(5)) {
                Ok(event) => outputs.take(event, count),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        println!("{:.1} s", begun.elapsed().as_secs_f64());
        cell["execution_count"] = json!(count);
        // So that a check can tell whether outputs belong to the source that stands there.
        cell["metadata"]["tandem"] = json!({"source": source});
        if STOPPED.load(Ordering::SeqCst) {
            return Ok(End::Stopped);
        }
        if let Outcome::Failed(error) = outcome {
            outputs.error(id, &error);
            if !has_tag(cell, "raises-exception") {
                end = End::Failed(format!(
                    "cell {count} failed ({first}): {}: {}",
                    error.name, error.value
                ));
                break;
            }
        }
    }
    for (index, cell) in cells
        .iter_mut()
        .enumerate()
        .filter(|(_, cell)| cell["cell_type"] == "code")
    {
        if let Some(list) = outputs.of(CellId(index as u64 + 1)) {
            cell["outputs"] = list;
        }
    }
    Ok(end)
}

/// A cell's source in 64 bits (FNV-1a, Fowler, Noll and Vo).
fn fingerprint(source: &str) -> String {
    let hash = source
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

/// Runs one cell; interrupts it when its time is over, or the user says so.
fn run_cell(language: &mut Notebook, cell: &Cell, output: &Output, timeout: Duration) -> Outcome {
    let interrupter = language.interrupter();
    let done = Arc::new(AtomicBool::new(false));
    let late = Arc::new(AtomicBool::new(false));
    let (own_done, own_late) = (done.clone(), late.clone());
    let guard = std::thread::spawn(move || {
        let begun = Instant::now();
        while !own_done.load(Ordering::Acquire) {
            std::thread::park_timeout(Duration::from_millis(50));
            let over = begun.elapsed() > timeout;
            if over || STOPPED.load(Ordering::SeqCst) {
                own_late.store(over, Ordering::Release);
                interrupter.interrupt();
            }
        }
    });
    let outcome = language.execute(cell, output, &mut Unwatched);
    done.store(true, Ordering::Release);
    guard.thread().unpark();
    let _ = guard.join();
    match (late.load(Ordering::Acquire), outcome) {
        (true, Outcome::Failed(_)) => Outcome::failed(
            "Timeout",
            format!("the cell took longer than {} s", timeout.as_secs()),
        ),
        (_, outcome) => outcome,
    }
}

/// Gives pictures the form that pages of repositories show.
fn publish(notebook: &mut Value) {
    for cell in notebook["cells"].as_array_mut().into_iter().flatten() {
        if let Some(Value::Array(outputs)) = cell.get_mut("outputs") {
            *outputs = pictures::apart(std::mem::take(outputs));
        }
    }
}
