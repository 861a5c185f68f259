//! The process that explores: what it does about crashes, and about loops that do nothing visible.

use crate::report::{Failure, Kind, Site};
use fibers::FiberStack;
pub use fibers::{Channel, Image, base};

/// What to do when the process receives a signal: build the answer from a failure.
type OnCrash = fn(Failure);

static mut ON_CRASH: Option<OnCrash> = None;
static mut STEPS: u64 = u64::MAX;
static mut QUIET_SECONDS: u32 = 0;
/// Processor seconds that one execution may go on without a visible operation.
const SECONDS: u32 = 4;

/// Turns crashes, and loops that do nothing visible, into failures.
pub fn watch(on_crash: OnCrash) {
    // SAFETY: handlers on a stack of their own; the timer counts this process's processor time.
    unsafe {
        ON_CRASH = Some(on_crash);
        let size = 1 << 18;
        let stack = libc::stack_t {
            ss_sp: libc::malloc(size),
            ss_flags: 0,
            ss_size: size,
        };
        libc::sigaltstack(&stack, std::ptr::null_mut());
        for signal in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGILL,
            libc::SIGFPE,
            libc::SIGABRT,
            libc::SIGVTALRM,
        ] {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
        let second = libc::timeval {
            tv_sec: 1,
            tv_usec: 0,
        };
        let timer = libc::itimerval {
            it_interval: second,
            it_value: second,
        };
        libc::setitimer(libc::ITIMER_VIRTUAL, &timer, std::ptr::null_mut());
    }
}

unsafe extern "C" fn handle(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the process is not going on after this, but for the timer, which only counts.
    unsafe {
        let failure = if signal == libc::SIGVTALRM {
            let steps = crate::runtime::steps();
            if steps != STEPS {
                STEPS = steps;
                QUIET_SECONDS = 0;
                return;
            }
            QUIET_SECONDS += 1;
            if QUIET_SECONDS < SECONDS {
                return;
            }
            if !crate::runtime::active() {
                // In the middle of the engine's own work: soon again, until it is the program's.
                let soon = libc::timeval {
                    tv_sec: 0,
                    tv_usec: 1000,
                };
                let timer = libc::itimerval {
                    it_interval: soon,
                    it_value: soon,
                };
                libc::setitimer(libc::ITIMER_VIRTUAL, &timer, std::ptr::null_mut());
                return;
            }
            Failure::new(
                Kind::Livelock,
                format!(
                    "a thread computes for {SECONDS} s of processor time without any visible operation"
                ),
            )
        } else {
            let address = (*info).si_addr() as usize;
            match FiberStack::guard_of(address) {
                Some(thread) if signal == libc::SIGSEGV => Failure::new(
                    Kind::StackOverflow,
                    format!("T{thread} used up its stack of 1 MiB"),
                ),
                _ => Failure::new(
                    Kind::Crash,
                    format!("the program received {}", name(signal)),
                ),
            }
        };
        let code = (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs[libc::REG_RIP as usize]
            as usize;
        let mut failure = failure;
        let thread = crate::runtime::with(|e| e.current);
        let on_crash = ON_CRASH;
        ON_CRASH = None;
        let site = |code: usize| match code.checked_sub(base()) {
            Some(offset) => Site::Code(offset as u64),
            None => Site::Unknown,
        };
        // Unwinding needs a stack that is whole, and an instruction that exists.
        let whole = failure.kind != Kind::StackOverflow && (*info).si_addr() as usize != code;
        let stack = if whole {
            crate::unwind::frames()
        } else {
            Vec::new()
        };
        failure.parties.push(crate::report::Party {
            thread,
            what: "was here".into(),
            site: site(code),
            stack: stack.into_iter().map(|frame| site(frame - 1)).collect(),
            object: 0,
            holder: None,
        });
        if let Some(on_crash) = on_crash {
            on_crash(failure);
        }
        libc::_exit(1);
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        libc::SIGSEGV => "SIGSEGV (an invalid address)",
        libc::SIGBUS => "SIGBUS (an invalid address)",
        libc::SIGILL => "SIGILL (an invalid instruction)",
        libc::SIGFPE => "SIGFPE",
        _ => "SIGABRT (it aborted)",
    }
}
