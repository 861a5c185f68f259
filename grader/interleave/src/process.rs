//! The process that explores: its request, its answer, and what is put back between executions.

use crate::report::{Exploration, Failure, Kind, Request, Site};
use crate::thread::FiberStack;
use std::io::{BufRead, Write};
use std::os::fd::{FromRawFd, RawFd};

/// The memory of the executable that belongs to the program: its statics and thread-locals.
#[derive(Default, Clone)]
pub struct Image {
    /// Address and first contents of each writable part.
    statics: Vec<(usize, Vec<u8>)>,
    /// The thread-local block of the one real thread: address, length.
    pub local: (usize, usize),
    /// What a new thread finds in it.
    initial: Vec<u8>,
}

impl Image {
    /// Remembers the statics in `ranges`, which are relative to `base`.
    pub fn capture(base: usize, ranges: &[(u64, u64)]) -> Image {
        let mut image = Image::default();
        for &(start, length) in ranges {
            let start = base + start as usize;
            // SAFETY: a part of the executable's writable sections.
            let bytes = unsafe { std::slice::from_raw_parts(start as *const u8, length as usize) };
            image.statics.push((start, bytes.to_vec()));
        }
        // SAFETY: the callback fills in what it is given.
        unsafe { libc::dl_iterate_phdr(Some(find_local), std::ptr::from_mut(&mut image).cast()) };
        image
    }

    /// Puts the statics back.
    pub fn restore_statics(&self) {
        for (address, bytes) in &self.statics {
            // SAFETY: where they were read; no thread of the program exists now.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), *address as *mut u8, bytes.len())
            };
        }
    }

    /// What a new thread finds in its thread-local memory.
    pub fn fresh_local(&self) -> Box<[u8]> {
        self.initial.clone().into_boxed_slice()
    }

    /// Exchanges the thread-local memory of the process with `other`.
    pub fn swap_local(&self, other: &mut [u8]) {
        // SAFETY: both are of the block's length, and nothing refers to it just now.
        unsafe {
            std::ptr::swap_nonoverlapping(self.local.0 as *mut u8, other.as_mut_ptr(), other.len())
        };
    }
}

unsafe extern "C" fn find_local(
    info: *mut libc::dl_phdr_info,
    _: usize,
    data: *mut libc::c_void,
) -> i32 {
    // SAFETY: as dl_iterate_phdr promises; the first object is the executable.
    unsafe {
        let (info, image) = (&*info, &mut *data.cast::<Image>());
        for header in std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize) {
            if header.p_type == libc::PT_TLS && !info.dlpi_tls_data.is_null() {
                let first = (info.dlpi_addr + header.p_vaddr) as *const u8;
                image.local = (info.dlpi_tls_data as usize, header.p_memsz as usize);
                image.initial =
                    std::slice::from_raw_parts(first, header.p_filesz as usize).to_vec();
                image.initial.resize(header.p_memsz as usize, 0);
            }
        }
    }
    1
}

/// Where the executable starts.
pub fn base() -> usize {
    unsafe extern "C" {
        #[link_name = "__executable_start"]
        static START: u8;
    }
    &raw const START as usize
}

/// The way back to the parent.
pub struct Channel {
    fd: RawFd,
    token: String,
}

impl Channel {
    /// Reads the request from the standard input, and hides the descriptor of the answer.
    pub fn open() -> Result<(Channel, Request), String> {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|e| e.to_string())?;
        let request: Request = serde_json::from_str(&line).map_err(|e| e.to_string())?;
        // SAFETY: descriptors of this process.
        let fd = unsafe {
            let nonce = request
                .token
                .bytes()
                .fold(0u32, |a, b| a.wrapping_mul(31) + u32::from(b));
            let fd = libc::fcntl(3, libc::F_DUPFD_CLOEXEC, 100 + (nonce % 800) as i32);
            libc::close(3);
            fd
        };
        if fd < 0 {
            return Err("no descriptor for the answer".into());
        }
        Ok((
            Channel {
                fd,
                token: request.token.clone(),
            },
            request,
        ))
    }

    /// Sends the answer.
    pub fn send(&self, answer: &Exploration) {
        let body = serde_json::to_string(answer).unwrap_or_default();
        // SAFETY: our own descriptor, not closed with the file.
        let mut file = std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(self.fd) });
        let _ = file.write_all(format!("{}{body}\n", self.token).as_bytes());
    }
}

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
        failure.parties.push(crate::report::Party {
            thread,
            what: "was here".into(),
            site: if code > base() {
                Site::Code((code - base()) as u64)
            } else {
                Site::Unknown
            },
            stack: Vec::new(),
            object: 0,
            holder: None,
        });
        let on_crash = ON_CRASH;
        ON_CRASH = None;
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
