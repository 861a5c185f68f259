//! What the machine is, and what all programs together use of it.

use std::fs;

/// Numbers of the cores that are in use.
pub fn online() -> Vec<u32> {
    let text = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let cores = ranges(text.trim());
    match cores.is_empty() {
        true => (0..count()).collect(),
        false => cores,
    }
}

/// `0-3,8` as numbers.
fn ranges(text: &str) -> Vec<u32> {
    text.split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(first.parse().ok()?..=last.parse().ok()?)
        })
        .flatten()
        .collect()
}

fn count() -> u32 {
    // SAFETY: no memory is involved.
    unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as u32
}

/// How many cores a process may use.
pub fn allowed(pid: i32) -> u32 {
    // SAFETY: the set is plain bits, and as long as it says.
    let allowed = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        match libc::sched_getaffinity(pid, std::mem::size_of_val(&set), &mut set) {
            0 => libc::CPU_COUNT(&set),
            _ => 0,
        }
    };
    match allowed {
        1.. => allowed as u32,
        _ => count(),
    }
}

/// Time of all cores that was not idle, since the machine was started, in nanoseconds: first
/// line of `/proc/stat`, everything but idle and waiting for disks. Stolen time is part of it.
pub fn busy() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|number| number.parse().ok())
        .collect();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    // SAFETY: no memory is involved.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64;
    (ticks.iter().sum::<u64>() - idle) * (1_000_000_000 / per_second)
}

/// Time on cores of this process itself, in nanoseconds: what shows the output of a run is no
/// stranger to it.
pub fn own() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the result.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_read_as_the_system_writes_them() {
        assert_eq!(ranges("0-2,5,7-8"), [0, 1, 2, 5, 7, 8]);
        assert!(ranges("").is_empty());
        assert!(!online().is_empty());
        assert!(allowed(0) >= 1);
    }
}
