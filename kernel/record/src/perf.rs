//! Context switches of a process from `perf_event_open(2)`: a dummy software event for each
//! thread and core, which new threads and children inherit, writing into one ring a core.
//! Needs no privilege where `kernel.perf_event_paranoid` is 2 or less.

use crate::recording::{Interval, Thread};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Pages of a ring, without its first; an ordinary user may lock 516 KiB a core.
const PAGES: usize = 64;
const PAGE: usize = 4096;
/// `perf_event_attr` up to `sample_max_stack` (version 5).
const ATTR_SIZE: u32 = 112;
const TYPE_SOFTWARE: u32 = 1;
const CONFIG_DUMMY: u64 = 9;
/// TID, TIME, CPU.
const SAMPLE: u64 = 2 | 4 | 128;
const INHERIT: u64 = 1 << 1;
const EXCLUDE_KERNEL: u64 = 1 << 5;
const EXCLUDE_HV: u64 = 1 << 6;
const COMM: u64 = 1 << 9;
const TASK: u64 = 1 << 13;
const SAMPLE_ID_ALL: u64 = 1 << 18;
const USE_CLOCKID: u64 = 1 << 25;
const CONTEXT_SWITCH: u64 = 1 << 26;
const IOC_DISABLE: libc::Ioctl = 0x2401;
const IOC_SET_OUTPUT: libc::Ioctl = 0x2405;
const FLAG_CLOEXEC: libc::c_ulong = 8;
const RECORD_LOST: u32 = 2;
const RECORD_COMM: u32 = 3;
const RECORD_EXIT: u32 = 4;
const RECORD_SWITCH: u32 = 14;
const SWITCH_OUT: u16 = 1 << 13;

struct Ring {
    file: OwnedFd,
    memory: *mut u8,
}

// SAFETY: the memory is owned, and read by whoever owns the ring.
unsafe impl Send for Ring {}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: mapped with this size in `open`.
        unsafe { libc::munmap(self.memory.cast(), (PAGES + 1) * PAGE) };
    }
}

/// An attached recorder.
pub struct Perf {
    rings: Vec<Ring>,
    others: Vec<OwnedFd>,
    records: Vec<u8>,
}

/// What the records say.
pub struct Switches {
    /// Threads that were on a core.
    pub threads: Vec<Thread>,
    /// Whether records were lost.
    pub lost: bool,
}

fn open(tid: i32, core: i32) -> io::Result<OwnedFd> {
    let mut attr = [0u64; ATTR_SIZE as usize / 8];
    attr[0] = u64::from(TYPE_SOFTWARE) | u64::from(ATTR_SIZE) << 32;
    attr[1] = CONFIG_DUMMY;
    attr[3] = SAMPLE;
    attr[5] = INHERIT
        | EXCLUDE_KERNEL
        | EXCLUDE_HV
        | COMM
        | TASK
        | SAMPLE_ID_ALL
        | USE_CLOCKID
        | CONTEXT_SWITCH;
    attr[11] = (libc::CLOCK_MONOTONIC as u64) << 32;
    // SAFETY: the attribute is as long as it says; the descriptor is owned from here on.
    unsafe {
        let fd = libc::syscall(
            libc::SYS_perf_event_open,
            attr.as_ptr(),
            tid,
            core,
            -1,
            FLAG_CLOEXEC,
        );
        match fd {
            0.. => Ok(OwnedFd::from_raw_fd(fd as i32)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Perf {
    /// Attaches to all threads of a process.
    ///
    /// # Errors
    /// Where the kernel does not allow it.
    pub fn attach(pid: i32, cores: u32) -> io::Result<Perf> {
        let mut perf = Perf {
            rings: Vec::new(),
            others: Vec::new(),
            records: Vec::new(),
        };
        for entry in std::fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
            let Some(tid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            for core in 0..cores {
                let file = match open(tid, core as i32) {
                    Ok(file) => file,
                    // The thread has ended meanwhile, or the core is off.
                    Err(error)
                        if matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENODEV)) =>
                    {
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                perf.add(file, core as usize)?;
            }
        }
        Ok(perf)
    }

    fn add(&mut self, file: OwnedFd, core: usize) -> io::Result<()> {
        if let Some(ring) = self.rings.get(core) {
            // SAFETY: plain system call on own descriptors.
            let joined =
                unsafe { libc::ioctl(file.as_raw_fd(), IOC_SET_OUTPUT, ring.file.as_raw_fd()) };
            if joined < 0 {
                return Err(io::Error::last_os_error());
            }
            self.others.push(file);
            return Ok(());
        }
        // SAFETY: a new mapping of a descriptor that is owned here.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                (PAGES + 1) * PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        self.rings.push(Ring {
            file,
            memory: memory.cast(),
        });
        Ok(())
    }

    /// Takes what the rings hold; to be called often enough that they do not fill.
    pub fn drain(&mut self) {
        for ring in &self.rings {
            // SAFETY: the layout of the first page is `perf_event_mmap_page`: data_head at 1024
            // (written by the kernel, hence volatile and fenced), data_tail at 1032.
            unsafe {
                let head = ring.memory.add(1024).cast::<u64>().read_volatile();
                std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
                let tail = ring.memory.add(1032).cast::<u64>();
                let from = tail.read();
                let data = ring.memory.add(PAGE);
                for at in from..head {
                    self.records
                        .push(data.add(at as usize % (PAGES * PAGE)).read_volatile());
                }
                std::sync::atomic::fence(std::sync::atomic::Ordering::AcqRel);
                tail.write_volatile(head);
            }
        }
    }

    /// Detaches, and answers what happened between `start` and `end` (`CLOCK_MONOTONIC`, ns).
    pub fn finish(mut self, start: u64, end: u64) -> Switches {
        for file in self.rings.iter().map(|ring| &ring.file).chain(&self.others) {
            // SAFETY: plain system call on an own descriptor.
            unsafe { libc::ioctl(file.as_raw_fd(), IOC_DISABLE, 0) };
        }
        self.drain();
        read(&self.records, start, end)
    }
}

struct Switch {
    time: u64,
    core: u32,
    out: bool,
}

fn read(mut records: &[u8], start: u64, end: u64) -> Switches {
    let mut switches: BTreeMap<(u32, u32), Vec<Switch>> = BTreeMap::new();
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    let mut ends: Vec<(u32, u32, u64)> = Vec::new();
    let mut lost = false;
    while let Some(header) = records.first_chunk::<8>() {
        let u32_at = |bytes: &[u8], at: usize| {
            bytes
                .get(at..at + 4)
                .map_or(0, |b| u32::from_le_bytes(b.try_into().expect("4 bytes")))
        };
        let u64_at = |bytes: &[u8], at: usize| {
            bytes
                .get(at..at + 8)
                .map_or(0, |b| u64::from_le_bytes(b.try_into().expect("8 bytes")))
        };
        let kind = u32_at(header, 0);
        let misc = u16::from_le_bytes([header[4], header[5]]);
        let size = usize::from(u16::from_le_bytes([header[6], header[7]]));
        let Some(body) = records.get(8..size) else {
            break;
        };
        match kind {
            RECORD_LOST => lost = true,
            RECORD_COMM => {
                let text = &body[8..body.len().saturating_sub(24).max(8)];
                let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
                names.insert(u32_at(body, 4), String::from_utf8_lossy(text).into_owned());
            }
            // A thread that ends leaves its core without a switch record. Its body: process,
            // parent, thread, parent's thread, time.
            RECORD_EXIT => ends.push((u32_at(body, 0), u32_at(body, 8), u64_at(body, 16))),
            RECORD_SWITCH => switches
                .entry((u32_at(body, 0), u32_at(body, 4)))
                .or_default()
                .push(Switch {
                    time: u64_at(body, 8),
                    core: u32_at(body, 16),
                    out: misc & SWITCH_OUT != 0,
                }),
            _ => {}
        }
        records = &records[size..];
    }
    for (pid, tid, time) in ends {
        if let Some(list) = switches.get_mut(&(pid, tid)) {
            // `intervals` passes over an end of what has already left its core.
            list.push(Switch {
                time,
                core: 0,
                out: true,
            });
        }
    }
    let threads = switches
        .into_iter()
        .map(|((pid, tid), mut list)| {
            list.sort_by_key(|switch| switch.time);
            Thread {
                pid,
                tid,
                name: names.get(&tid).cloned().unwrap_or_default(),
                intervals: intervals(&list, start, end),
                held: Vec::new(),
            }
        })
        .filter(|thread| !thread.intervals.is_empty())
        .collect();
    Switches { threads, lost }
}

fn intervals(list: &[Switch], start: u64, end: u64) -> Vec<Interval> {
    let mut found = Vec::new();
    let mut on: Option<(u64, u32)> = match list.first() {
        // It was on a core before the recording began.
        Some(first) if first.out => Some((start, first.core)),
        _ => None,
    };
    let mut add = |from: u64, to: u64, core: u32| {
        let (from, to) = (from.clamp(start, end), to.clamp(start, end));
        if to > from {
            found.push(Interval {
                start: from - start,
                end: to - start,
                core,
            });
        }
    };
    for switch in list {
        match (switch.out, on) {
            (false, None) => on = Some((switch.time, switch.core)),
            (true, Some((since, core))) => {
                add(since, switch.time, core);
                on = None;
            }
            _ => {}
        }
    }
    if let Some((since, core)) = on {
        add(since, end, core);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_become_times_on_a_core() {
        let at = |time, core, out| Switch { time, core, out };
        let list = [
            at(5, 1, true),
            at(10, 0, false),
            at(20, 0, true),
            at(90, 1, false),
        ];
        let found = intervals(&list, 0, 100);
        let flat: Vec<_> = found.iter().map(|i| (i.start, i.end, i.core)).collect();
        assert_eq!(flat, [(0, 5, 1), (10, 20, 0), (90, 100, 1)]);
    }

    #[test]
    fn damaged_records_end_the_reading_and_nothing_else() {
        assert!(
            read(&[14, 0, 0, 0, 0, 0, 200, 0, 1], 0, 1)
                .threads
                .is_empty()
        );
        assert!(read(&[1, 2, 3], 0, 1).threads.is_empty());
    }
}
