//! Linked, not instrumented, to a program that runs under ThreadSanitizer. Its runtime ignores fences,
//! so that what they order looks like a race: here they are made of what it knows. An acquire fence
//! acquires what this thread has read without acquiring; after a release fence, stores release. It
//! also disturbs the schedule before atomic operations, and keeps the reports, which are read by
//! the program's `main`, in place of printing them.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

// The numbers that LLVM gives to memory orderings.
const RELAXED: c_int = 0;
const CONSUME: c_int = 1;
const ACQUIRE: c_int = 2;
const RELEASE: c_int = 3;
const ACQUIRE_RELEASE: c_int = 4;

/// Reads that are remembered until the next acquire fence.
const READS: usize = 64;

struct Thread {
    reads: [Cell<usize>; READS],
    next: Cell<usize>,
    releases: Cell<bool>,
    random: Cell<u64>,
    operations: Cell<u32>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            reads: [const { Cell::new(0) }; READS],
            next: Cell::new(0),
            releases: Cell::new(false),
            random: Cell::new(0),
            operations: Cell::new(0),
        }
    };
}

static SEED: AtomicU64 = AtomicU64::new(1);

#[repr(C)]
struct Time {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn sched_yield() -> c_int;
    fn clock_nanosleep(clock: c_int, flags: c_int, time: *const Time, left: *mut Time) -> c_int;
    fn __tsan_acquire(address: *mut c_void);
    #[link_name = "__real___tsan_atomic_thread_fence"]
    fn real_fence(order: c_int);
    fn __tsan_get_report_data(
        report: *mut c_void,
        description: *mut *const c_char,
        count: *mut c_int,
        stacks: *mut c_int,
        accesses: *mut c_int,
        locations: *mut c_int,
        mutexes: *mut c_int,
        threads: *mut c_int,
        unique_threads: *mut c_int,
        sleep: *mut *mut c_void,
        length: usize,
    ) -> c_int;
    fn __tsan_get_report_mop(
        report: *mut c_void,
        index: usize,
        thread: *mut c_int,
        address: *mut *mut c_void,
        size: *mut c_int,
        write: *mut c_int,
        atomic: *mut c_int,
        trace: *mut *mut c_void,
        length: usize,
    ) -> c_int;
}

/// Another schedule from here on.
#[unsafe(no_mangle)]
pub extern "C" fn tandem_disturb(seed: u64) {
    SEED.store(seed | 1, Ordering::Relaxed);
}

fn random(thread: &Thread) -> u64 {
    let mut x = thread.random.get();
    if x == 0 {
        let place = std::ptr::from_ref(thread) as u64;
        x = SEED
            .load(Ordering::Relaxed)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ place.rotate_left(32);
    }
    // xorshift64, Marsaglia 2003.
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    thread.random.set(x);
    x
}

/// Now and then gives the core away, for a moment or a little longer.
fn disturb(thread: &Thread) {
    let x = random(thread);
    match x % 256 {
        0 => sleep(x, 100_000),
        // SAFETY: a plain system call.
        1..8 => drop(unsafe { sched_yield() }),
        _ => {}
    }
}

/// Operations of a thread that count as its beginning.
const BEGINNING: u32 = 16;

/// At its beginning a thread now and then waits, after an operation. A short one would have ended before
/// the next is there, and the standard library takes a lock when a thread begins and when it ends: that
/// orders the two, by chance.
fn begin(thread: &Thread) {
    let done = thread.operations.get();
    if done < BEGINNING {
        thread.operations.set(done + 1);
        let x = random(thread);
        if x.is_multiple_of(4) {
            sleep(x, 300_000);
        }
    }
}

/// For less than `most` nanoseconds.
fn sleep(random: u64, most: i64) {
    let time = Time {
        seconds: 0,
        nanoseconds: (random >> 20) as i64 % most,
    };
    // SAFETY: a plain system call.
    unsafe { clock_nanosleep(1, 0, &time, std::ptr::null_mut()) };
}

fn read(address: usize, order: c_int) {
    THREAD.with(|thread| {
        disturb(thread);
        if order == RELAXED || order == RELEASE {
            let next = thread.next.get();
            thread.reads[next].set(address);
            thread.next.set((next + 1) % READS);
        }
    });
}

/// The order of a store after a release fence.
fn stores(order: c_int) -> c_int {
    THREAD.with(|thread| match (thread.releases.get(), order) {
        (true, RELAXED) => RELEASE,
        (true, CONSUME | ACQUIRE) => ACQUIRE_RELEASE,
        _ => order,
    })
}

#[unsafe(export_name = "__wrap___tsan_atomic_thread_fence")]
unsafe extern "C" fn fence(order: c_int) {
    // SAFETY: the runtime's own function.
    unsafe { real_fence(order) };
    THREAD.with(|thread| {
        if order != RELEASE {
            for read in &thread.reads {
                let address = read.replace(0);
                if address != 0 {
                    // SAFETY: the address is only a name to the runtime.
                    unsafe { __tsan_acquire(address as *mut c_void) };
                }
            }
        }
        if order >= RELEASE {
            thread.releases.set(true);
        }
    });
}

macro_rules! atomics {
    ($($module:ident, $kind:ty, $size:literal;)*) => { $(
        mod $module {
            use super::*;
            unsafe extern "C" {
                #[link_name = concat!("__real___tsan_atomic", $size, "_load")]
                fn real_load(at: *const $kind, order: c_int) -> $kind;
                #[link_name = concat!("__real___tsan_atomic", $size, "_store")]
                fn real_store(at: *mut $kind, value: $kind, order: c_int);
                #[link_name = concat!("__real___tsan_atomic", $size, "_compare_exchange_val")]
                fn real_exchange(at: *mut $kind, old: $kind, new: $kind, order: c_int, failure: c_int) -> $kind;
            }
            #[unsafe(export_name = concat!("__wrap___tsan_atomic", $size, "_load"))]
            unsafe extern "C" fn load(at: *const $kind, order: c_int) -> $kind {
                read(at as usize, order);
                // SAFETY: what was called for.
                unsafe { real_load(at, order) }
            }
            #[unsafe(export_name = concat!("__wrap___tsan_atomic", $size, "_store"))]
            unsafe extern "C" fn store(at: *mut $kind, value: $kind, order: c_int) {
                THREAD.with(disturb);
                // SAFETY: what was called for.
                unsafe { real_store(at, value, stores(order)) }
                THREAD.with(begin);
            }
            #[unsafe(export_name = concat!("__wrap___tsan_atomic", $size, "_compare_exchange_val"))]
            unsafe extern "C" fn exchange(at: *mut $kind, old: $kind, new: $kind, order: c_int, failure: c_int) -> $kind {
                read(at as usize, order.min(failure));
                // SAFETY: what was called for.
                let found = unsafe { real_exchange(at, old, new, stores(order), failure) };
                THREAD.with(begin);
                found
            }
            atomics! { @change $kind, $size, "exchange", swap, real_swap }
            atomics! { @change $kind, $size, "fetch_add", add, real_add }
            atomics! { @change $kind, $size, "fetch_sub", sub, real_sub }
            atomics! { @change $kind, $size, "fetch_and", and, real_and }
            atomics! { @change $kind, $size, "fetch_or", or, real_or }
            atomics! { @change $kind, $size, "fetch_xor", xor, real_xor }
            atomics! { @change $kind, $size, "fetch_nand", nand, real_nand }
        }
    )* };
    (@change $kind:ty, $size:literal, $name:literal, $wrap:ident, $real:ident) => {
        unsafe extern "C" {
            #[link_name = concat!("__real___tsan_atomic", $size, "_", $name)]
            fn $real(at: *mut $kind, value: $kind, order: c_int) -> $kind;
        }
        #[unsafe(export_name = concat!("__wrap___tsan_atomic", $size, "_", $name))]
        unsafe extern "C" fn $wrap(at: *mut $kind, value: $kind, order: c_int) -> $kind {
            read(at as usize, order);
            // SAFETY: what was called for.
            let found = unsafe { $real(at, value, stores(order)) };
            THREAD.with(begin);
            found
        }
    };
}

atomics! {
    one, u8, "8";
    two, u16, "16";
    four, u32, "32";
    eight, u64, "64";
}

/// Settings of the runtime: reports are only kept, repeated ones too, as the
/// other access may be forgotten in one and not in the next; signals end the program as they would without it; lock
/// orders are the explorer's business; what was seen is told before the end, which waits for no more.
#[unsafe(no_mangle)]
extern "C" fn __tsan_default_options() -> *const c_char {
    c"exitcode=66:symbolize=0:history_size=7:suppress_equal_stacks=0:suppress_equal_addresses=0:handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0:report_thread_leaks=0:report_destroy_locked=0:detect_deadlocks=0:report_signal_unsafe=0:atexit_sleep_ms=0".as_ptr()
}

/// Frames of an access that are kept.
const FRAMES: usize = 24;
/// Reports that are kept.
const REPORTS: usize = 64;

/// One access of a race. `frames` are return addresses, innermost first; 0 ends them.
#[repr(C)]
#[derive(Clone, Copy)]
struct Access {
    write: c_int,
    atomic: c_int,
    frames: [usize; FRAMES],
}

static mut KEPT: [[Access; 2]; REPORTS] = [[Access {
    write: 0,
    atomic: 0,
    frames: [0; FRAMES],
}; 2]; REPORTS];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Called by the runtime, under a lock of its own.
#[unsafe(no_mangle)]
unsafe extern "C" fn __tsan_on_report(report: *mut c_void) {
    let index = COUNT.load(Ordering::Relaxed);
    if index >= REPORTS {
        return;
    }
    let mut numbers = [0; 8];
    let [
        count,
        stacks,
        accesses,
        locations,
        mutexes,
        threads,
        unique,
        _,
    ] = &mut numbers;
    let mut description = std::ptr::null();
    let mut sleep = [std::ptr::null_mut(); 1];
    // SAFETY: room for everything that is written; only this call writes to `KEPT` now.
    unsafe {
        __tsan_get_report_data(
            report,
            &mut description,
            count,
            stacks,
            accesses,
            locations,
            mutexes,
            threads,
            unique,
            sleep.as_mut_ptr(),
            1,
        );
        for at in 0..(*accesses).clamp(0, 2) as usize {
            let (mut thread, mut size) = (0, 0);
            let mut address = std::ptr::null_mut();
            let access = &raw mut KEPT[index][at];
            __tsan_get_report_mop(
                report,
                at,
                &mut thread,
                &mut address,
                &mut size,
                &raw mut (*access).write,
                &raw mut (*access).atomic,
                (&raw mut (*access).frames).cast(),
                FRAMES,
            );
        }
    }
    COUNT.store(index + 1, Ordering::Release);
}

/// The reports so far: how many, and where the first one lies.
#[unsafe(no_mangle)]
extern "C" fn tandem_reports(first: *mut *const c_void) -> usize {
    // SAFETY: the caller has room for an address.
    unsafe { *first = (&raw const KEPT).cast() };
    COUNT.load(Ordering::Acquire)
}
