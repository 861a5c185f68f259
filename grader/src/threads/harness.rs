//! The main function of a program that runs under ThreadSanitizer: instrumented as the program is, and
//! compiled once, as nothing in it depends on the program.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::sync::Mutex;

unsafe extern "C" {
    fn tandem_disturb(seed: u64);
    fn tandem_reports(first: *mut *const Race) -> usize;
    static __ehdr_start: u8;
}
#[repr(C)]
#[derive(Clone, Copy)]
struct Access {
    write: i32,
    atomic: i32,
    frames: [usize; 24],
}
type Race = [Access; 2];

/// Where the first panic was, and what it said.
static PANIC: Mutex<String> = Mutex::new(String::new());

fn reports<'a>() -> &'a [Race] {
    let mut first = std::ptr::null();
    // SAFETY: the runtime's own memory, of which what is there is not written to any more.
    unsafe {
        let count = tandem_reports(&mut first);
        std::slice::from_raw_parts(first, count)
    }
}

/// A race that must be seen before it may be said that there is none; how many reports that made.
#[inline(never)]
fn planted() -> usize {
    static mut PLANTED: [u64; 64] = [0; 64];
    for at in 0..64 {
        // SAFETY: none; it is a race.
        let write = move || unsafe { *black_box(&raw mut PLANTED[at]) = 1 };
        let other = std::thread::spawn(write);
        write();
        drop(other.join());
        if !reports().is_empty() {
            break;
        }
    }
    reports().len()
}

/// Reads a request, runs the program with each seed of it, and answers on descriptor 3. A run says
/// whether its answer was right; nothing where there was none.
pub fn main(run: &dyn Fn(u64) -> Option<bool>) {
    let mut request = String::new();
    let _ = std::io::stdin().read_to_string(&mut request);
    // SAFETY: the parent's pipe.
    let mut answer = unsafe { File::from_raw_fd(3) };
    let (seeds, token) = request.split_once("\"token\":\"").expect("a request");
    let token = token.split('"').next().expect("a token");
    let seeds = seeds
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse::<u64>().ok());
    let of_planted = planted();
    let _ = answer.write_all(token.as_bytes());
    std::panic::set_hook(Box::new(|about| {
        let mut first = PANIC.lock().unwrap_or_else(|e| e.into_inner());
        if first.is_empty() {
            let place = about
                .location()
                .map_or_else(String::new, |l| format!("{}:{}: ", l.file(), l.line()));
            *first = place + about.payload_as_str().unwrap_or("a panic");
        }
    }));
    let (mut runs, mut wrong, mut panicked) = (0, Vec::new(), Vec::new());
    for seed in seeds {
        runs += 1;
        // SAFETY: of the runtime that this is linked to.
        unsafe { tandem_disturb(seed) };
        match run(seed) {
            Some(true) => {}
            Some(false) => wrong.push(seed.to_string()),
            None => panicked.push(seed.to_string()),
        }
    }
    let _ = write!(
        answer,
        "{{\"sees\":{},\"runs\":{runs},\"wrong\":[{}],\"panicked\":[{}],\"panic\":\"{}\",\"races\":[{}]}}",
        of_planted > 0,
        wrong.join(","),
        panicked.join(","),
        first_panic(),
        races(of_planted)
    );
}

/// The reports after the first ones, as JSON has them.
fn races(skipped: usize) -> String {
    let base = &raw const __ehdr_start as usize;
    let frames = |access: &Access| {
        access
            .frames
            .iter()
            .take_while(|f| **f != 0)
            .map(|f| f.wrapping_sub(base).to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let access = |a: &Access| {
        format!(
            "{{\"write\":{},\"atomic\":{},\"frames\":[{}]}}",
            a.write != 0,
            a.atomic != 0,
            frames(a)
        )
    };
    let race = |race: &Race| format!("[{},{}]", access(&race[0]), access(&race[1]));
    let races: Vec<_> = reports().iter().skip(skipped).map(race).collect();
    races.join(",")
}

/// What the first panic said, as JSON has it.
fn first_panic() -> String {
    let first = PANIC.lock().unwrap_or_else(|e| e.into_inner());
    first
        .chars()
        .take(2000)
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04x}", c as u32),
            c => c.to_string(),
        })
        .collect()
}
