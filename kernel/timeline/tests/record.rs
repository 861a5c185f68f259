//! Real recordings of real programs. How long something takes on a busy machine is nobody's
//! promise, so nothing here depends on it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use tandem_cell::Watch;
use tandem_timeline::{Figures, Recorder, Recording, Source};

/// A shell that waits for a line, does `work`, says so, and waits to be let go.
struct Program {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(work: &str) -> Program {
        let script = format!("read go; {work}; echo done; read go");
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Program { child, lines }
    }

    fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn record(mut self, mut recorder: Recorder) -> Recording {
        recorder.started(self.child.id() as i32);
        self.go();
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
        recorder.ended();
        self.go();
        self.child.wait().unwrap();
        recorder.finish().remove(0)
    }
}

const COUNT: &str = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";

fn check(recording: &Recording) {
    for thread in &recording.threads {
        assert!(
            thread.died <= recording.wall && thread.born <= thread.died,
            "{thread:?}"
        );
        let mut last = 0;
        for interval in &thread.intervals {
            assert!(
                last <= interval.start && interval.start < interval.end,
                "{thread:?}"
            );
            last = interval.end;
        }
        assert!(last <= recording.wall, "{thread:?}");
    }
    let figures = Figures::of(recording);
    assert!(figures.together <= figures.wall, "{figures:?}");
    assert!(figures.cpu > 0, "{recording:?}");
}

#[test]
fn a_program_that_works_is_on_a_core_and_its_children_have_rows_of_their_own() {
    let work = format!("({COUNT}) & ({COUNT}) & wait");
    let recording = Program::start(&work).record(Recorder::new());
    check(&recording);
    if recording.source == Source::ContextSwitches {
        let children = recording.threads.iter().filter(|t| t.pid != recording.pid);
        let children: Vec<_> = children.collect();
        assert!(children.len() >= 2, "{recording:?}");
        assert!(children.iter().all(|child| child.born > 0), "{recording:?}");
    }
}

#[test]
fn sampling_sees_the_same_program() {
    let recording = Program::start(COUNT).record(Recorder::sampling());
    assert_eq!(recording.source, Source::Samples);
    check(&recording);
    assert_eq!(recording.lost, 0);
}

#[test]
fn a_program_that_sleeps_is_hardly_on_a_core() {
    let recording = Program::start("sleep 0.3").record(Recorder::new());
    assert!(recording.wall >= 300_000_000, "{recording:?}");
    assert!(recording.cpu() < recording.wall / 2, "{recording:?}");
}

#[test]
fn time_on_cores_is_what_the_system_counted() {
    let mut recorder = Recorder::new();
    let mut program = Program::start(COUNT);
    let pid = program.child.id() as i32;
    let cpu = || tandem_timeline::schedstat::cpu(pid, pid);
    recorder.started(pid);
    let before = cpu();
    program.go();
    let mut line = String::new();
    program.lines.read_line(&mut line).unwrap();
    // It waits for its next line: what it used cannot change any more, once it is asleep.
    let counted = loop {
        let first = cpu();
        std::thread::yield_now();
        if first == cpu() {
            break first - before;
        }
    };
    recorder.ended();
    program.go();
    program.child.wait().unwrap();
    let recording = recorder.finish().remove(0);
    if recording.source == Source::ContextSwitches {
        let (least, most) = (counted / 10 * 9, counted / 10 * 11 + 1_000_000);
        assert!(
            (least..=most).contains(&recording.cpu()),
            "{counted} {recording:?}"
        );
    }
}

#[test]
fn every_run_is_recorded_and_a_process_that_is_gone_is_no_trouble() {
    let mut recorder = Recorder::new();
    recorder.started(i32::MAX);
    recorder.ended();
    recorder.ended();
    recorder.started(i32::MAX);
    recorder.started(i32::MAX);
    recorder.ended();
    let recordings = recorder.finish();
    assert_eq!(recordings.len(), 2);
    assert!(recordings.iter().all(|r| r.threads.is_empty()));
}
