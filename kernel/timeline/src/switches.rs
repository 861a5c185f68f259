//! Reads the records of context switches: bytes in, threads out.

use crate::recording::{Interval, Left, Thread};
use crate::schedstat;
use perf_event_open_sys::bindings as sys;
use std::collections::BTreeMap;

/// What every record ends with: process and thread, time, core; 24 bytes.
pub const SAMPLE_TYPE: u64 =
    sys::PERF_SAMPLE_TID as u64 | sys::PERF_SAMPLE_TIME as u64 | sys::PERF_SAMPLE_CPU as u64;
const SAMPLE_ID: usize = 24;
const HEADER: usize = 8;

/// What the records say.
pub struct Switches {
    /// Threads that were on a core.
    pub threads: Vec<Thread>,
    /// How many records were lost.
    pub lost: u64,
}

/// A thread that was there before the recording began.
#[derive(Clone, Debug)]
pub struct Existing {
    pid: i32,
    tid: i32,
    name: String,
    cpu: u64,
}

impl Existing {
    /// The thread as it is now.
    pub fn now(pid: i32, tid: i32) -> Existing {
        Existing {
            pid,
            tid,
            name: schedstat::name(pid, tid),
            cpu: schedstat::cpu(pid, tid),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Born,
    In,
    Out { preempted: bool },
    Exit,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    time: u64,
    core: u32,
    what: What,
}

/// Reads `records`; times become relative to `start`, and nothing lies outside of
/// `start..end`. Damaged records end the reading and nothing else.
pub fn read(mut records: &[u8], existing: &[Existing], start: u64, end: u64) -> Switches {
    let mut steps: BTreeMap<(u32, u32), Vec<Step>> = BTreeMap::new();
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    for thread in existing {
        names.insert(thread.tid as u32, thread.name.clone());
    }
    let mut lost = 0;
    while let Some(header) = records.first_chunk::<HEADER>() {
        let kind = u32_at(header, 0);
        let misc = u32::from(u16::from_le_bytes([header[4], header[5]]));
        let size = usize::from(u16::from_le_bytes([header[6], header[7]]));
        let Some(body) = records.get(HEADER..size) else {
            break;
        };
        records = &records[size..];
        if body.len() < SAMPLE_ID {
            continue;
        }
        let id = &body[body.len() - SAMPLE_ID..];
        let mut step = |pid, tid, what| {
            let (time, core) = (u64_at(id, 8), u32_at(id, 16));
            let step = Step { time, core, what };
            steps.entry((pid, tid)).or_default().push(step);
        };
        match kind {
            sys::PERF_RECORD_LOST => lost += u64_at(body, 8),
            sys::PERF_RECORD_COMM => {
                let text = &body[8.min(body.len() - SAMPLE_ID)..body.len() - SAMPLE_ID];
                let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
                names.insert(u32_at(body, 4), String::from_utf8_lossy(text).into_owned());
            }
            // Both: process, its parent, thread, its parent, time.
            sys::PERF_RECORD_FORK => step(u32_at(body, 0), u32_at(body, 8), What::Born),
            sys::PERF_RECORD_EXIT => step(u32_at(body, 0), u32_at(body, 8), What::Exit),
            sys::PERF_RECORD_SWITCH if misc & sys::PERF_RECORD_MISC_SWITCH_OUT != 0 => {
                let preempted = misc & sys::PERF_RECORD_MISC_SWITCH_OUT_PREEMPT != 0;
                step(u32_at(id, 0), u32_at(id, 4), What::Out { preempted });
            }
            sys::PERF_RECORD_SWITCH => step(u32_at(id, 0), u32_at(id, 4), What::In),
            _ => {}
        }
    }
    let mut threads: Vec<Thread> = steps
        .into_iter()
        .map(|((pid, tid), steps)| thread(pid, tid, steps, start, end))
        .collect();
    for thread in existing {
        if threads.iter().all(|seen| seen.tid != thread.tid as u32) {
            threads.extend(never_switched(thread, end - start));
        }
    }
    threads.retain(|thread| !thread.intervals.is_empty());
    name_threads(&mut threads, &names);
    Switches { threads, lost }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .map_or(0, |b| u32::from_le_bytes(b.try_into().expect("4 bytes")))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..at + 8)
        .map_or(0, |b| u64::from_le_bytes(b.try_into().expect("8 bytes")))
}

/// A thread that ran from the beginning to the end without one switch leaves no record.
fn never_switched(thread: &Existing, wall: u64) -> Option<Thread> {
    let used = schedstat::cpu(thread.pid, thread.tid).saturating_sub(thread.cpu);
    let interval = Interval {
        start: 0,
        end: wall,
        core: schedstat::core(thread.pid, thread.tid),
        left: Left::Ended,
    };
    (used > 0 && used >= wall / 2).then(|| Thread {
        pid: thread.pid as u32,
        tid: thread.tid as u32,
        name: String::new(),
        born: 0,
        died: wall,
        intervals: vec![interval],
    })
}

/// Names that the program gave. A thread starts with the name of the one that started it, so
/// a name says something only if it is not that of the process.
fn name_threads(threads: &mut [Thread], names: &BTreeMap<u32, String>) {
    for thread in threads {
        let own = names.get(&thread.tid);
        let process = names.get(&thread.pid);
        if thread.tid != thread.pid
            && let (Some(own), Some(process)) = (own, process)
            && own != process
        {
            thread.name = own.clone();
        }
    }
}

fn thread(pid: u32, tid: u32, mut steps: Vec<Step>, start: u64, end: u64) -> Thread {
    steps.sort_by_key(|step| step.time);
    let inside = |time: u64| time.clamp(start, end) - start;
    let (mut born, mut died) = (0, end - start);
    let mut intervals = Vec::new();
    let first = steps.iter().find(|step| step.what != What::Born);
    // Its first record is that it left a core: it was there when the recording began.
    let mut on = match first {
        Some(step) if step.what != What::In => Some((start, step.core)),
        _ => None,
    };
    let mut add = |from: u64, to: u64, core: u32, left: Left| {
        let (start, end) = (inside(from), inside(to));
        if end > start {
            intervals.push(Interval {
                start,
                end,
                core,
                left,
            });
        }
    };
    for step in steps {
        match (step.what, on) {
            (What::Born, _) => {
                born = inside(step.time);
                on = None;
            }
            // A second arrival on the same core is the same one, seen through two events. On
            // another core, when it left the first was lost: that time is not counted.
            (What::In, Some((_, core))) if core == step.core => {}
            (What::In, _) => on = Some((step.time, step.core)),
            (What::Out { preempted }, Some((since, core))) => {
                let left = match preempted {
                    true => Left::Preempted,
                    false => Left::Blocked,
                };
                add(since, step.time, core, left);
                on = None;
            }
            // A thread that ends leaves its core without saying so.
            (What::Exit, last) => {
                died = inside(step.time);
                if let Some((since, core)) = last {
                    add(since, step.time, core, Left::Ended);
                }
                on = None;
            }
            (What::Out { .. }, None) => {}
        }
    }
    if let Some((since, core)) = on {
        add(since, end, core, Left::Ended);
    }
    Thread {
        pid,
        tid,
        name: String::new(),
        born,
        died,
        intervals,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(pid: u32, tid: u32, time: u64, core: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(pid.to_le_bytes());
        bytes.extend(tid.to_le_bytes());
        bytes.extend(time.to_le_bytes());
        bytes.extend(core.to_le_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    fn record(kind: u32, misc: u32, body: &[u8], id: &[u8]) -> Vec<u8> {
        let size = (HEADER + body.len() + id.len()) as u16;
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend((misc as u16).to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend(body);
        bytes.extend(id);
        bytes
    }

    fn switch(out: bool, preempted: bool, tid: u32, time: u64, core: u32) -> Vec<u8> {
        let misc = (u32::from(out) * sys::PERF_RECORD_MISC_SWITCH_OUT)
            | (u32::from(preempted) * sys::PERF_RECORD_MISC_SWITCH_OUT_PREEMPT);
        record(sys::PERF_RECORD_SWITCH, misc, &[], &id(1, tid, time, core))
    }

    fn life(kind: u32, tid: u32, time: u64) -> Vec<u8> {
        let mut body = Vec::new();
        for word in [1, 1, tid, 1] {
            body.extend(u32::to_le_bytes(word));
        }
        body.extend(time.to_le_bytes());
        record(kind, 0, &body, &id(1, 1, time, 0))
    }

    fn flat(thread: &Thread) -> Vec<(u64, u64, u32, Left)> {
        let intervals = thread.intervals.iter();
        intervals
            .map(|i| (i.start, i.end, i.core, i.left))
            .collect()
    }

    #[test]
    fn switches_become_times_on_a_core_with_their_reason() {
        let records = [
            switch(true, false, 1, 105, 1),
            switch(false, false, 1, 110, 0),
            switch(true, true, 1, 120, 0),
            switch(false, false, 1, 190, 1),
        ]
        .concat();
        let read = read(&records, &[], 100, 200);
        let expected = [
            (0, 5, 1, Left::Blocked),
            (10, 20, 0, Left::Preempted),
            (90, 100, 1, Left::Ended),
        ];
        assert_eq!(flat(&read.threads[0]), expected);
    }

    #[test]
    fn a_thread_that_ends_on_its_core_is_gone_from_then_on() {
        let records = [
            life(sys::PERF_RECORD_FORK, 7, 110),
            switch(false, false, 7, 120, 0),
            life(sys::PERF_RECORD_EXIT, 7, 150),
        ]
        .concat();
        let read = read(&records, &[], 100, 200);
        let thread = &read.threads[0];
        assert_eq!((thread.born, thread.died), (10, 50));
        assert_eq!(flat(thread), [(20, 50, 0, Left::Ended)]);
    }

    #[test]
    fn lost_records_are_counted_and_invent_no_time_on_a_core() {
        let mut body = 0u64.to_le_bytes().to_vec();
        body.extend(3u64.to_le_bytes());
        let records = [
            switch(false, false, 1, 110, 0),
            record(sys::PERF_RECORD_LOST, 0, &body, &id(1, 1, 115, 0)),
            switch(false, false, 1, 150, 1),
            switch(true, false, 1, 160, 1),
        ]
        .concat();
        let read = read(&records, &[], 100, 200);
        assert_eq!(read.lost, 3);
        assert_eq!(flat(&read.threads[0]), [(50, 60, 1, Left::Blocked)]);
    }

    #[test]
    fn threads_are_called_what_the_program_calls_them() {
        let existing = |tid, name: &str| Existing {
            pid: 1,
            tid,
            name: name.into(),
            cpu: 0,
        };
        let comm = |tid: u32, name: &[u8; 8]| {
            let body = [&1u32.to_le_bytes()[..], &tid.to_le_bytes(), name].concat();
            record(sys::PERF_RECORD_COMM, 0, &body, &id(1, tid, 105, 0))
        };
        let records = [
            switch(true, false, 1, 110, 0),
            switch(true, false, 2, 110, 0),
            switch(true, false, 3, 110, 0),
            comm(3, b"reader\0\0"),
        ]
        .concat();
        let read = read(
            &records,
            &[existing(1, "main"), existing(2, "main")],
            100,
            200,
        );
        let names: Vec<_> = read.threads.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["", "", "reader"]);
    }

    #[test]
    fn damaged_records_end_the_reading_and_nothing_else() {
        for bytes in [
            &[14, 0, 0, 0, 0, 0, 200, 0, 1][..],
            &[1, 2, 3],
            &[3, 0, 0, 0, 0, 0, 9, 0, 1],
            &[14, 0, 0, 0, 0, 0, 3, 0, 0, 0],
        ] {
            assert!(read(bytes, &[], 0, 1).threads.is_empty());
        }
    }
}
