//! Context switches of a process from `perf_event_open(2)`: a dummy software event for each
//! thread and core, which new threads and children inherit, writing into one ring a core.
//! Needs no privilege where `kernel.perf_event_paranoid` is 2 or less, and costs nothing that
//! could be measured beside the switches themselves.

use crate::machine;
use crate::switches::{self, Switches};
use perf_event_open_sys::{bindings as sys, ioctls, perf_event_open};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{Ordering, fence};

/// Pages of a ring, tried in this order: how much memory a user may lock differs.
const RING_PAGES: [usize; 3] = [64, 16, 4];

/// An attached recorder.
pub struct Perf {
    rings: BTreeMap<u32, Ring>,
    others: Vec<OwnedFd>,
    records: Vec<u8>,
    /// Threads that existed when it attached: process time and name of each.
    existing: Vec<switches::Existing>,
}

impl Perf {
    /// Attaches to all threads of a process.
    ///
    /// # Errors
    /// Where the system does not allow it, or has no such events.
    pub fn attach(pid: i32) -> io::Result<Perf> {
        let mut perf = Perf {
            rings: BTreeMap::new(),
            others: Vec::new(),
            records: Vec::new(),
            existing: Vec::new(),
        };
        let cores = machine::online();
        let mut attached = BTreeSet::new();
        // What threads start from now on inherits; a thread that was started by one that had
        // no event yet shows up in the next round.
        loop {
            let new: Vec<i32> = threads(pid)?
                .into_iter()
                .filter(|tid| attached.insert(*tid))
                .collect();
            if new.is_empty() {
                break;
            }
            for tid in new {
                perf.add_thread(tid, &cores)?;
                perf.existing.push(switches::Existing::now(pid, tid));
            }
        }
        match perf.rings.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(perf),
        }
    }

    fn add_thread(&mut self, tid: i32, cores: &[u32]) -> io::Result<()> {
        for core in cores {
            let file = match open(tid, *core) {
                Ok(file) => file,
                // The thread has ended meanwhile, or the core was switched off.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENODEV)) => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(ring) = self.rings.get(core) {
                // SAFETY: plain system call on own descriptors.
                let joined = unsafe { ioctls::SET_OUTPUT(file.as_raw_fd(), ring.file.as_raw_fd()) };
                if joined < 0 {
                    return Err(io::Error::last_os_error());
                }
                self.others.push(file);
            } else {
                self.rings.insert(*core, Ring::new(file)?);
            }
        }
        Ok(())
    }

    /// Takes what the rings hold; to be called often enough that they do not fill.
    pub fn drain(&mut self) {
        for ring in self.rings.values_mut() {
            ring.drain_into(&mut self.records);
        }
    }

    /// Detaches, and answers what happened between `start` and `end` (`CLOCK_MONOTONIC`, ns).
    pub fn finish(mut self, start: u64, end: u64) -> Switches {
        let rings = self.rings.values().map(|ring| &ring.file);
        for file in rings.chain(&self.others) {
            // SAFETY: plain system call on an own descriptor.
            unsafe { ioctls::DISABLE(file.as_raw_fd(), 0) };
        }
        self.drain();
        switches::read(&self.records, &self.existing, start, end)
    }
}

fn threads(pid: i32) -> io::Result<Vec<i32>> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/task"))?.flatten();
    Ok(entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

fn open(tid: i32, core: u32) -> io::Result<OwnedFd> {
    let mut attr = sys::perf_event_attr {
        type_: sys::PERF_TYPE_SOFTWARE,
        size: size_of::<sys::perf_event_attr>() as u32,
        config: sys::PERF_COUNT_SW_DUMMY.into(),
        sample_type: switches::SAMPLE_TYPE,
        clockid: libc::CLOCK_MONOTONIC,
        ..Default::default()
    };
    attr.set_inherit(1);
    attr.set_exclude_kernel(1);
    attr.set_exclude_hv(1);
    attr.set_comm(1);
    attr.set_task(1);
    attr.set_sample_id_all(1);
    attr.set_use_clockid(1);
    attr.set_context_switch(1);
    let flags = sys::PERF_FLAG_FD_CLOEXEC.into();
    // SAFETY: the attribute is as long as it says; the descriptor is owned from here on.
    unsafe {
        match perf_event_open(&mut attr, tid, core as i32, -1, flags) {
            fd @ 0.. => Ok(OwnedFd::from_raw_fd(fd)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// The memory that the kernel writes the records of one core to.
struct Ring {
    file: OwnedFd,
    memory: *mut u8,
    page: usize,
    pages: usize,
}

// SAFETY: the mapping is owned by the ring and reached through it alone.
unsafe impl Send for Ring {}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: mapped with this size in `new`.
        unsafe { libc::munmap(self.memory.cast(), (self.pages + 1) * self.page) };
    }
}

impl Ring {
    fn new(file: OwnedFd) -> io::Result<Ring> {
        // SAFETY: no memory is involved.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(4096) as usize;
        let mut error = io::ErrorKind::OutOfMemory.into();
        for pages in RING_PAGES {
            // SAFETY: a new mapping of a descriptor that is owned here.
            let memory = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    (pages + 1) * page,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_SHARED,
                    file.as_raw_fd(),
                    0,
                )
            };
            if memory != libc::MAP_FAILED {
                return Ok(Ring {
                    file,
                    memory: memory.cast(),
                    page,
                    pages,
                });
            }
            error = io::Error::last_os_error();
        }
        Err(error)
    }

    fn drain_into(&mut self, records: &mut Vec<u8>) {
        let size = self.pages * self.page;
        // SAFETY: the first page is a `perf_event_mmap_page`, shared with the kernel, which
        // writes `data_head`, hence volatile and fenced as perf_event_open(2) asks; the data
        // pages follow it, and the part between tail and head is not written meanwhile.
        unsafe {
            let control = self.memory.cast::<sys::perf_event_mmap_page>();
            let head = (&raw const (*control).data_head).read_volatile();
            fence(Ordering::Acquire);
            let tail = (&raw const (*control).data_tail).read_volatile();
            let data = self.memory.add(self.page);
            let from = tail as usize % size;
            let length = (head - tail) as usize;
            let first = length.min(size - from);
            records.extend_from_slice(std::slice::from_raw_parts(data.add(from), first));
            records.extend_from_slice(std::slice::from_raw_parts(data, length - first));
            fence(Ordering::Release);
            (&raw mut (*control).data_tail).write_volatile(head);
        }
    }
}
