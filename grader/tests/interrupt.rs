//! However a grader is ended, it leaves no process behind, and no temporary folder: at once where it was
//! asked to end, at the next start where it was killed.

use assert_cmd::cargo::CommandCargoExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An exercise whose check has all that a check can have: exploration, measurement, real threads.
const EXERCISE: &str = "parallel_sum";
/// What asks a program to end.
const SIGNALS: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// The places of the temporary files of one test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Under another identity, submissions must be able to reach their own folder.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).expect("ours");
        Place(folder)
    }

    /// A grader, `delay` after its start.
    fn grader(&self, arguments: &[&str], delay: Duration) -> Child {
        let mut command = Command::cargo_bin("tandem-grader").expect("built");
        command
            .env(
                "TANDEM_CACHE_DIR",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
            )
            .env("TMPDIR", self.0.path())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Who started the tests in the background or with `nohup` has them ignore signals, and a program
        // goes on ignoring what it was started to ignore.
        // SAFETY: only asks the system for something, which is allowed between fork and exec.
        unsafe {
            command.pre_exec(|| {
                for signal in SIGNALS {
                    libc::signal(signal, libc::SIG_DFL);
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("it starts");
        std::thread::sleep(delay);
        child
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.0.path()).expect("there");
        entries.flatten().map(|e| e.path()).collect()
    }

    /// Processes that have a file or folder of the place.
    fn processes(&self) -> Vec<String> {
        let mut left = Vec::new();
        for entry in std::fs::read_dir("/proc").expect("there").flatten() {
            let path = entry.path();
            let links = ["exe", "cwd"].map(|link| std::fs::read_link(path.join(link)));
            let command = std::fs::read(path.join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).into_owned();
            let place = self.0.path();
            if links.into_iter().flatten().any(|l| l.starts_with(place))
                || command.contains(&place.display().to_string())
            {
                left.push(command);
            }
        }
        left
    }
}

fn solution() -> PathBuf {
    let exercises = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises");
    exercises
        .join("5_parallelism")
        .join(EXERCISE)
        .join("solution.rs")
}

fn send(signal: i32, child: &Child) {
    // SAFETY: a child that has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
}

/// The moments of a check at which it is ended: each finds another step of it.
fn moments() -> impl Iterator<Item = Duration> {
    [10, 100, 200, 400, 700, 1000, 1500, 2500]
        .into_iter()
        .map(Duration::from_millis)
}

#[test]
fn whoever_is_asked_to_end_leaves_nothing() {
    let place = Place::new();
    let file = solution().display().to_string();
    let arguments = ["check", EXERCISE, "--file", &file];
    for signal in SIGNALS {
        for moment in moments() {
            let mut child = place.grader(&arguments, moment);
            send(signal, &child);
            let asked = Instant::now();
            let status = child.wait().expect("it ended");
            let took = asked.elapsed();
            // A fast machine may be done by then.
            let done = moment > Duration::from_millis(400) && status.success();
            let ended = status.signal() == Some(signal);
            assert!(ended || done, "{signal} after {moment:?}: {status}");
            assert!(took < Duration::from_secs(4), "{took:?} after {moment:?}");
            assert_eq!(place.processes(), Vec::<String>::new(), "after {moment:?}");
            assert_eq!(place.files(), Vec::<PathBuf>::new(), "after {moment:?}");
        }
    }
}

#[test]
fn a_class_ends_with_all_that_it_has_started() {
    let place = Place::new();
    let class = tempfile::tempdir().expect("a folder");
    for name in ["anna.rs", "bert.rs", "cleo.rs"] {
        std::fs::copy(solution(), class.path().join(name)).expect("written");
    }
    let reports = class.path().join("reports");
    let [class, reports] = [class.path(), &reports].map(|p| p.display().to_string());
    let arguments = ["class", EXERCISE, &class, "--output", &reports];
    let mut child = place.grader(&arguments, Duration::from_secs(2));
    send(libc::SIGTERM, &child);
    let status = child.wait().expect("it ended");
    assert_eq!(status.signal(), Some(libc::SIGTERM), "{status}");
    assert_eq!(place.processes(), Vec::<String>::new());
    assert_eq!(place.files(), Vec::<PathBuf>::new());
}

#[test]
fn what_a_killed_grader_leaves_is_removed_by_the_next_one() {
    let place = Place::new();
    let file = solution().display().to_string();
    let arguments = ["check", EXERCISE, "--file", &file];
    let start = || place.grader(&arguments, Duration::ZERO);
    let mut child = start();
    until(|| place.files().len() == 1);
    send(libc::SIGKILL, &child);
    child.wait().expect("it ended");
    let left = place.files();
    assert_eq!(left.len(), 1, "{left:?}");
    // What ran in the sandbox ends with the grader.
    until(|| place.processes().is_empty());
    let mut other = start();
    until(|| !left[0].exists() && place.files().len() == 1);
    // Whoever begins meanwhile leaves it its own.
    let mut next = start();
    assert!(other.wait().expect("it ended").success());
    assert!(next.wait().expect("it ended").success());
    assert_eq!(place.files(), Vec::<PathBuf>::new());
}

/// Waits for something that happens soon.
fn until(happens: impl Fn() -> bool) {
    let started = Instant::now();
    while !happens() {
        // The first one builds the checker's library.
        assert!(started.elapsed() < Duration::from_secs(300));
        std::thread::sleep(Duration::from_millis(2));
    }
}
