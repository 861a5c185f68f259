//! Python cells under every interpreter of this machine, without Jupyter.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;
use tandem_cell::{
    Cell, CellId, Event, EventKind, Language, Lock, Outcome, Output, Stream, Unwatched, Watch,
};
use tandem_pyhost::{Python, PythonConfig};

/// The interpreters of the PATH, and those of pyenv, that start: one of each version.
fn interpreters() -> Vec<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = (9..=15).map(|minor| format!("python3.{minor}"));
    let names: Vec<String> = names.chain(["python3".to_owned()]).collect();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let pyenv = std::fs::read_dir(home.join(".pyenv/versions"));
    let pyenv = pyenv.into_iter().flatten().flatten();
    folders.extend(pyenv.map(|version| version.path().join("bin")));
    let mut found: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .filter(|path| starts(path))
        .collect();
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(version(path)));
    assert!(!found.is_empty(), "the tests need python3");
    found
}

fn version(path: &Path) -> Vec<u8> {
    let said = Command::new(path).arg("--version").output();
    said.map(|output| output.stdout).unwrap_or_default()
}

fn starts(path: &Path) -> bool {
    let mut command = Command::new(path);
    let quiet = command
        .args(["-c", "import sys; assert sys.version_info >= (3, 9)"])
        .stderr(Stdio::null())
        .status();
    path.exists() && quiet.is_ok_and(|status| status.success())
}

struct Session {
    python: Python,
    output: Output,
    events: Receiver<Event>,
    next: u64,
}

impl Session {
    fn new(interpreter: &Path) -> Session {
        let (output, events) = Output::channel();
        let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pyhost");
        Session {
            python: Python::start(PythonConfig {
                interpreter: Some(interpreter.to_owned()),
                directory: std::env::temp_dir(),
                data,
            }),
            output,
            events,
            next: 1,
        }
    }

    fn run_watched(&mut self, code: &str, watch: &mut dyn Watch) -> (Outcome, String) {
        let mut cell = Cell::new(CellId(self.next), code);
        cell.allow_stdin = true;
        self.next += 1;
        let outcome = self.python.execute(&cell, &self.output, watch);
        (outcome, self.shown())
    }

    fn run(&mut self, code: &str) -> (Outcome, String) {
        self.run_watched(code, &mut Unwatched)
    }

    /// Everything that has come so far: streams as they are, values in plain text.
    fn shown(&mut self) -> String {
        let (sender, barrier) = std::sync::mpsc::channel();
        self.output.send(CellId(0), EventKind::Barrier(sender));
        let mut text = String::new();
        for event in self.events.iter() {
            match event.kind {
                EventKind::Stream(_, bytes) => text += &String::from_utf8_lossy(&bytes),
                EventKind::Result(bundle) => {
                    text += bundle.data["text/plain"].as_str().unwrap_or_default();
                }
                EventKind::Barrier(_) => break,
                _ => {}
            }
        }
        drop(barrier);
        text
    }
}

#[test]
fn cells_run_under_every_python() {
    for interpreter in interpreters() {
        let mut session = Session::new(&interpreter);
        let name = interpreter.display();
        let good = |(outcome, text): (Outcome, String)| {
            assert_eq!(outcome, Outcome::Ok, "{name}: {text}");
            text
        };
        assert_eq!(
            good(session.run("x = 20\nprint('a', end='')\nx * 2")),
            "a40"
        );
        assert_eq!(good(session.run("x;")), "", "{name}");
        let text = good(session.run(
            "import asyncio, io, sys\nassert isinstance(sys.stdout, io.TextIOBase)\n\
             await asyncio.sleep(0)\nsys.stdout.buffer.write(b'\\xff')\nprint('é\\ud800', file=sys.stderr)",
        ));
        assert!(
            text.contains('é') && text.contains('\u{fffd}'),
            "{name}: {text}"
        );
        let text = good(session.run(
            "import threading\ndef f():\n    print('thread')\n    return 1 / 0\n\
             t = threading.Thread(target=f, name='worker'); t.start(); t.join()",
        ));
        assert!(
            text.contains("Exception in worker") && text.contains("return 1 / 0"),
            "{name}: {text}"
        );
        let (outcome, _) = session.run("def g():\n    return {}['k']\ng()");
        let Outcome::Failed(error) = outcome else {
            panic!("{name}: no error");
        };
        let text = error.traceback.join("\n");
        assert_eq!(
            (error.name.as_str(), error.value.as_str()),
            ("KeyError", "'k'")
        );
        assert!(
            text.contains("return {}['k']") && text.contains("line 3"),
            "{text}"
        );
        assert!(
            !text.contains("_serve") && !text.contains("<string>"),
            "{text}"
        );
        let (outcome, text) = session.run("import sys; sys.exit(4)");
        assert_eq!(outcome, Outcome::Ok);
        assert!(text.contains("asked to exit (4)"), "{name}: {text}");
        // The values of both ways.
        let value =
            serde_json::json!({"a": [1, -2, 18446744073709551615u64, 2.5, true, null, "ü"]});
        session.python.define_json("shared", &value).unwrap();
        assert_eq!(session.python.read_json("shared").unwrap(), value, "{name}");
        // A lane leaves nothing.
        let mut lane = Cell::new(CellId(90), "y = x + 1");
        lane.lane = Some(tandem_cell::LaneRun { repeat: 3 });
        assert_eq!(
            session
                .python
                .execute(&lane, &session.output, &mut Unwatched),
            Outcome::Ok
        );
        assert!(good(session.run("'y' in dir()")).ends_with("False"));
    }
}

#[test]
fn an_interrupt_ends_what_waits_for_ever_under_every_python() {
    for interpreter in interpreters() {
        let mut session = Session::new(&interpreter);
        for code in [
            "while True: pass",
            "import time; time.sleep(600)",
            "import threading; l = threading.Lock(); l.acquire(); l.acquire()",
            "import threading\na = threading.Lock(); a.acquire()\nt = threading.Thread(target=a.acquire, daemon=True)\nt.start(); t.join()",
        ] {
            let interrupter = session.python.interrupter();
            struct Started(std::sync::mpsc::Sender<()>);
            impl Watch for Started {
                fn started(&mut self, _pid: i32) {
                    let _ = self.0.send(());
                }
                fn ended(&mut self) {}
            }
            let (sender, started) = std::sync::mpsc::channel();
            let asker = std::thread::spawn(move || {
                started.recv().unwrap();
                std::thread::sleep(Duration::from_millis(100));
                interrupter.interrupt();
            });
            let (outcome, _) = session.run_watched(code, &mut Started(sender));
            asker.join().unwrap();
            let Outcome::Failed(error) = outcome else {
                panic!("{code} was not interrupted");
            };
            assert_eq!(
                error.name,
                "KeyboardInterrupt",
                "{}: {code}: {error:?}",
                interpreter.display()
            );
            assert!(
                !error.value.contains("killed"),
                "{}: {code}",
                interpreter.display()
            );
        }
        assert_eq!(session.run("1 + 1").1, "2");
    }
}

#[derive(Default)]
struct Looking(Option<Lock>);

impl Watch for Looking {
    fn started(&mut self, _pid: i32) {}
    fn ended(&mut self) {}
    fn wants_lock(&self) -> bool {
        true
    }
    fn lock(&mut self, lock: Lock) {
        self.0 = Some(lock);
    }
}

#[test]
fn who_holds_the_lock_is_seen_where_python_shows_it() {
    for interpreter in interpreters() {
        let mut session = Session::new(&interpreter);
        let mut looking = Looking::default();
        // Each thread counts until it has had 60 ms of a core; then one without the lock.
        let (outcome, text) = session.run_watched(
            "import sys, threading, time, tandem\n\
             def count():\n    end = time.thread_time() + 0.06\n    while time.thread_time() < end: pass\n    seen.append(tandem.thread_id())\n\
             seen = []\nts = [threading.Thread(target=count) for _ in range(2)]\n\
             for t in ts: t.start()\nfor t in ts: t.join()\n\
             free = threading.Thread(target=lambda: (seen.append(tandem.thread_id()), tandem.burn(200_000_000, release_gil=True)))\n\
             free.start(); free.join()\nprint(sys.version_info[1], *seen)",
            &mut looking,
        );
        assert_eq!(outcome, Outcome::Ok, "{text}");
        let numbers: Vec<u32> = text
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        let [minor, first, second, free] = numbers[..] else {
            panic!("{text}");
        };
        match looking.0.expect("the host was asked to look") {
            Lock::Seen {
                holds,
                sampler,
                looked,
            } => {
                assert_ne!(minor, 12);
                let known: u64 = looked.iter().map(|(from, to)| to - from).sum();
                let held: u64 = holds.iter().map(|h| h.to - h.from).sum();
                assert!(0 < held && held <= known, "{held} of {known}");
                let of = |tid: u32| {
                    holds
                        .iter()
                        .filter(|h| h.tid == tid)
                        .map(|h| h.to - h.from)
                        .sum::<u64>()
                };
                assert!(
                    of(first) > 20_000_000 && of(second) > 20_000_000,
                    "{holds:?}"
                );
                assert!(
                    of(free) < of(first) / 2,
                    "{free} works without the lock: {holds:?}"
                );
                assert_eq!(of(sampler), 0);
                assert!(
                    holds.windows(2).all(|pair| pair[0].to <= pair[1].from),
                    "one at a time"
                );
            }
            Lock::Hidden(why) => assert!(minor == 12 && why.contains("3.12"), "{minor}: {why}"),
        }
    }
}

#[test]
fn an_old_python_is_refused_with_its_version() {
    let (output, events) = Output::channel();
    let folder = tempfile::tempdir().unwrap();
    // A stand-in: ends as the bootstrap does under an old Python.
    let old = folder.path().join("python3");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.6.15' && exit\nexit 121\n";
    std::fs::write(&old, script).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut python = Python::start(PythonConfig {
        interpreter: Some(old),
        directory: std::env::temp_dir(),
        data: folder.path().to_owned(),
    });
    let outcome = python.execute(&Cell::new(CellId(1), "1"), &output, &mut Unwatched);
    let Outcome::Failed(error) = outcome else {
        panic!("it cannot run");
    };
    assert!(
        error.value.contains("Python 3.6.15") && error.value.contains("3.9 or later"),
        "{error:?}"
    );
    drop((output, events, Stream::Stdout));
}

#[test]
fn process_pools_work_without_a_guard() {
    for interpreter in interpreters() {
        let mut session = Session::new(&interpreter);
        for method in ["fork", "spawn", "forkserver"] {
            let (outcome, text) =
                session.run("import multiprocessing\ndef square(n): return n * n");
            assert_eq!(outcome, Outcome::Ok, "{text}");
            let (outcome, text) = session.run(&format!(
                "context = multiprocessing.get_context('{method}')\n\
                 with context.Pool(2) as pool: found = pool.map(square, range(5))\nfound"
            ));
            assert_eq!(
                (outcome, text.as_str()),
                (Outcome::Ok, "[0, 1, 4, 9, 16]"),
                "{method}"
            );
        }
    }
}
