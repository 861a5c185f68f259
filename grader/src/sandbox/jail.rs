//! The process that sets a sandbox up: it has one thread, and does nothing else.
//!
//! Three processes: this one stays outside and passes the outcome on; its child is the first process
//! of the new process namespace, builds the file system, and takes everything with it when it ends;
//! that one's child becomes the program.

use super::{Job, exists};
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};

/// The group of all jobs where the grader runs as root.
const GROUP: u32 = 64_990;
/// The users that jobs run as then: one for each job of this machine.
const USERS: std::ops::Range<u32> = 64_900..64_990;
/// Where it stands which of them are taken.
const TAKEN: &str = "/run/tandem-grader";
/// Set in the environment: only try whether it works.
pub const PROBE: &str = "TANDEM_SANDBOX_PROBE";
/// The exit status of a successful try.
pub const READY: i32 = 77;
/// The exit status where the set-up failed.
const FAILED: i32 = 125;

/// Where the new file system is built.
const ROOT: &str = "/tmp";

fn die(what: &str) -> ! {
    eprintln!("{what}: {}", std::io::Error::last_os_error());
    // SAFETY: nothing is left to be cleaned up.
    unsafe { libc::_exit(FAILED) }
}

fn c(path: impl AsRef<Path>) -> CString {
    CString::new(path.as_ref().as_os_str().as_bytes()).unwrap_or_default()
}

fn mount(source: &str, target: &Path, kind: &str, flags: libc::c_ulong, data: &str) -> bool {
    let (source, target, kind, data) = (c(source), c(target), c(kind), c(data));
    // SAFETY: strings that live during the call.
    unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            data.as_ptr().cast(),
        ) == 0
    }
}

/// Runs the job, and ends as it does.
pub fn run(job: &Job) -> ! {
    let probe = std::env::var_os(PROBE).is_some();
    // SAFETY: system calls on what is ours.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if !job.answers {
            // The number is taken, so that nothing of ours gets it.
            libc::dup2(0, 3);
        }
        let user = (libc::geteuid() == 0).then(|| own_user());
        if user.is_some() {
            hand_over(job);
        }
        unshare(user.is_some());
        let mut status = [0; 2];
        if libc::pipe2(status.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            die("pipe");
        }
        let init = libc::fork();
        match init {
            -1 => die("fork"),
            0 => {
                libc::close(status[0]);
                first_process(job, user, probe, status[1])
            }
            _ => {}
        }
        INIT.store(init, Ordering::SeqCst);
        libc::signal(libc::SIGTERM, end_all as *const () as usize);
        libc::close(status[1]);
        // Only the program holds the other end of the answer's pipe from here on.
        libc::close(3);
        let mut ended = 0i32;
        let read = loop {
            let read = libc::read(status[0], (&raw mut ended).cast(), 4);
            if read >= 0 || *libc::__errno_location() != libc::EINTR {
                break read;
            }
        };
        let mut own = 0;
        while libc::waitpid(init, &mut own, 0) < 0 && *libc::__errno_location() == libc::EINTR {}
        if read != 4 {
            libc::_exit(if libc::WIFEXITED(own) && libc::WEXITSTATUS(own) != 0 {
                libc::WEXITSTATUS(own)
            } else {
                FAILED
            });
        }
        end_like(ended)
    }
}

/// A user that no other job has: taken until the last process of the job is gone, which has the lock
/// open.
unsafe fn own_user() -> u32 {
    // SAFETY: paths and descriptors of ours.
    unsafe {
        if libc::mkdir(c(TAKEN).as_ptr(), 0o700) != 0 && *libc::__errno_location() != libc::EEXIST {
            die(TAKEN);
        }
        loop {
            for user in USERS {
                let path = c(Path::new(TAKEN).join(user.to_string()));
                let flags = libc::O_RDWR | libc::O_CREAT | libc::O_CLOEXEC | libc::O_NOFOLLOW;
                let lock = libc::open(path.as_ptr(), flags, 0o600);
                if lock < 0 {
                    die("a user for the job");
                }
                if libc::flock(lock, libc::LOCK_EX | libc::LOCK_NB) == 0 {
                    return user;
                }
                libc::close(lock);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

/// As root, the job runs as another user, who must be able to write where it may.
fn hand_over(job: &Job) {
    use std::os::unix::fs::{PermissionsExt, chown};
    for folder in &job.writes {
        let mode = std::fs::Permissions::from_mode(0o775);
        if chown(folder, None, Some(GROUP)).is_err()
            || std::fs::set_permissions(folder, mode).is_err()
        {
            die("the job's folder");
        }
    }
}

/// The first process of the namespace.
static INIT: AtomicI32 = AtomicI32::new(0);

/// Asked to stop: ends the first process, and with it all others; then this one goes on to wait for
/// that.
extern "C" fn end_all(_: i32) {
    // SAFETY: allowed in a signal handler.
    unsafe { libc::kill(INIT.load(Ordering::SeqCst), libc::SIGKILL) };
}

/// Ends with the status that the program ended with.
unsafe fn end_like(status: i32) -> ! {
    // SAFETY: the last calls of this process.
    unsafe {
        if libc::WIFSIGNALED(status) {
            let none = libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            };
            libc::setrlimit(libc::RLIMIT_CORE, &none);
            libc::signal(libc::WTERMSIG(status), libc::SIG_DFL);
            libc::raise(libc::WTERMSIG(status));
        }
        libc::_exit(libc::WEXITSTATUS(status))
    }
}

unsafe fn unshare(root: bool) {
    let spaces = libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS;
    // SAFETY: flags only.
    unsafe {
        let (user, group) = (libc::geteuid(), libc::getegid());
        let spaces = if root {
            spaces
        } else {
            spaces | libc::CLONE_NEWUSER
        };
        if libc::unshare(spaces) != 0 {
            die("the system allows no namespaces");
        }
        if root {
            return;
        }
        for (file, text) in [
            ("/proc/self/setgroups", "deny".to_owned()),
            ("/proc/self/uid_map", format!("1000 {user} 1")),
            ("/proc/self/gid_map", format!("1000 {group} 1")),
        ] {
            if std::fs::write(file, text).is_err() {
                die(file);
            }
        }
    }
}

/// The first process of the namespace: when it ends, the system ends all others.
unsafe fn first_process(job: &Job, user: Option<u32>, probe: bool, status: i32) -> ! {
    // SAFETY: system calls on what is ours.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        build_root(job);
        let program = libc::fork();
        match program {
            -1 => die("fork"),
            0 => become_program(job, user, probe),
            _ => {}
        }
        libc::close(3);
        let mut ended = 0;
        loop {
            let process = libc::waitpid(-1, &mut ended, 0);
            if process == program || process < 0 {
                break;
            }
        }
        libc::write(status, (&raw const ended).cast(), 4);
        libc::_exit(0)
    }
}

/// A root of its own: the given files, read-only, an empty `/tmp`, a few devices, `/proc`.
unsafe fn build_root(job: &Job) {
    let root = Path::new(ROOT);
    if !mount(
        "none",
        Path::new("/"),
        "",
        libc::MS_REC | libc::MS_PRIVATE,
        "",
    ) {
        die("private mounts");
    }
    // Opened before the new root covers them.
    let devices = ["null", "zero", "urandom", "full"].map(|d| Path::new("/dev").join(d));
    let open = |path: &Path| {
        // SAFETY: a path.
        unsafe { libc::open(c(path).as_ptr(), libc::O_PATH | libc::O_CLOEXEC) }
    };
    let mut given: Vec<(PathBuf, i32, bool)> = Vec::new();
    let mut links: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (paths, writable) in [(&job.reads, false), (&job.writes, true)] {
        for path in paths.iter().filter(|p| exists(p)) {
            match std::fs::read_link(path) {
                Ok(target) => links.push((path.clone(), target)),
                Err(_) => given.push((path.clone(), open(path), writable)),
            }
        }
    }
    for device in &devices {
        given.push((device.clone(), open(device), true));
    }
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    if !mount("tmpfs", root, "tmpfs", flags, "size=4m,mode=755") {
        die("a file system of its own");
    }
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    std::fs::create_dir_all(inside(Path::new("/tmp"))).ok();
    if !mount(
        "tmpfs",
        &inside(Path::new("/tmp")),
        "tmpfs",
        flags,
        "size=64m,mode=1777",
    ) {
        die("/tmp");
    }
    for (path, fd, writable) in &given {
        if *fd >= 0 {
            bind(*fd, &inside(path), *writable);
        }
    }
    for (path, target) in links {
        let _ = std::os::unix::fs::symlink(target, inside(&path));
    }
    let proc = inside(Path::new("/proc"));
    std::fs::create_dir_all(&proc).ok();
    if !mount("proc", &proc, "proc", flags | libc::MS_NOEXEC, "") {
        die("/proc");
    }
    // SAFETY: paths.
    unsafe {
        let here = c".";
        if libc::chdir(c(root).as_ptr()) != 0
            || libc::syscall(libc::SYS_pivot_root, here.as_ptr(), here.as_ptr()) != 0
        {
            die("pivot_root");
        }
        libc::umount2(here.as_ptr(), libc::MNT_DETACH);
    }
    let flags = libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | flags;
    mount("none", Path::new("/"), "", flags, "");
}

/// Makes an opened file or folder appear in the new root.
fn bind(fd: i32, target: &Path, writable: bool) {
    let source = format!("/proc/self/fd/{fd}");
    if Path::new(&source).is_dir() {
        std::fs::create_dir_all(target).ok();
    } else {
        std::fs::create_dir_all(target.parent().unwrap_or(target)).ok();
        std::fs::write(target, "").ok();
    }
    if !mount(&source, target, "", libc::MS_BIND | libc::MS_REC, "") {
        die(&format!("cannot show {}", target.display()));
    }
    // What is locked on the mount outside must be asked for again.
    // SAFETY: filled in by the call.
    let locked = unsafe {
        let mut about: libc::statvfs = std::mem::zeroed();
        libc::statvfs(c(target).as_ptr(), &mut about);
        about.f_flag & (libc::MS_NODEV | libc::MS_NOEXEC | libc::MS_NOATIME | libc::MS_RELATIME)
    };
    let flags = libc::MS_BIND
        | libc::MS_REMOUNT
        | libc::MS_NOSUID
        | locked
        | if writable { 0 } else { libc::MS_RDONLY };
    if !mount("none", target, "", flags, "") {
        die(&format!("cannot protect {}", target.display()));
    }
}

fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: a limit of this process.
    if unsafe { libc::setrlimit(resource, &limit) } != 0 {
        die("a limit");
    }
}

unsafe fn become_program(job: &Job, user: Option<u32>, probe: bool) -> ! {
    // SAFETY: the last steps of this process before the program's.
    unsafe {
        libc::setsid();
        std::fs::write("/proc/self/oom_score_adj", "1000").ok();
        for capability in 0..=40 {
            libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
        limit(
            libc::RLIMIT_NPROC,
            job.processes + u64::from(user.is_none()),
        );
        limit(libc::RLIMIT_CPU, job.processor_seconds);
        limit(libc::RLIMIT_FSIZE, job.file_size);
        limit(libc::RLIMIT_CORE, 0);
        limit(libc::RLIMIT_NOFILE, 1024);
        limit(libc::RLIMIT_MEMLOCK, 1 << 16);
        if let Some(user) = user {
            // The limit of processes counts for ordinary users only.
            libc::setgroups(0, std::ptr::null());
            // Jobs on the same folder, one after the other, write it with the rights of their group.
            libc::umask(0o002);
            if libc::setresgid(GROUP, GROUP, GROUP) != 0 || libc::setresuid(user, user, user) != 0 {
                die("giving root up");
            }
        }
        let header = [0x2008_0522u32, 0];
        let none = [0u32; 6];
        libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr());
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        let first = if job.answers { 4 } else { 3 };
        libc::syscall(
            libc::SYS_close_range,
            first,
            u32::MAX,
            4, /* CLOSE_RANGE_CLOEXEC */
        );
        if libc::chdir(c(&job.folder).as_ptr()) != 0 {
            die("its folder");
        }
        let arguments: Vec<CString> = std::iter::once(c(&job.program))
            .chain(job.arguments.iter().map(c))
            .collect();
        let environment: Vec<CString> = super::environment()
            .iter()
            .map(|(name, value)| c(format!("{name}={value}")))
            .collect();
        let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
            let ends = std::iter::once(std::ptr::null());
            strings
                .iter()
                .map(|s| CStr::as_ptr(s))
                .chain(ends)
                .collect()
        };
        let (arguments, environment) = (pointers(&arguments), pointers(&environment));
        if let Err(error) = forbid(job.forks) {
            eprintln!("system calls cannot be forbidden: {error}");
            libc::_exit(FAILED);
        }
        if probe {
            libc::_exit(READY);
        }
        libc::execve(arguments[0], arguments.as_ptr(), environment.as_ptr());
        die("cannot start the program")
    }
}

/// Forbids the system calls that lead outside, or that could disturb the grader.
fn forbid(forks: bool) -> Result<(), Box<dyn std::error::Error>> {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };
    use std::collections::BTreeMap;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in FORBIDDEN {
        rules.insert(*call, Vec::new());
    }
    let flag = |mask: i32, value: i32| -> Result<SeccompRule, seccompiler::BackendError> {
        let operator = SeccompCmpOp::MaskedEq(mask as u64);
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, operator, value as u64)?;
        SeccompRule::new(vec![condition])
    };
    let mut clone = vec![flag(libc::CLONE_NEWUSER, libc::CLONE_NEWUSER)?];
    if !forks {
        // Threads, but no processes.
        clone.push(flag(libc::CLONE_THREAD, 0)?);
        for call in [libc::SYS_fork, libc::SYS_vfork, libc::SYS_socket] {
            rules.insert(call, Vec::new());
        }
    }
    rules.insert(libc::SYS_clone, clone);
    let refuse = |error: i32| SeccompAction::Errno(error as u32);
    let arch = TargetArch::x86_64;
    // The arguments of clone3 cannot be looked at: libraries fall back to clone where it is absent.
    let absent: BTreeMap<i64, Vec<SeccompRule>> = [(libc::SYS_clone3, Vec::new())].into();
    for (rules, error) in [(rules, libc::EPERM), (absent, libc::ENOSYS)] {
        let program: BpfProgram =
            SeccompFilter::new(rules, SeccompAction::Allow, refuse(error), arch)?.try_into()?;
        apply_filter(&program)?;
    }
    Ok(())
}

const FORBIDDEN: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_memfd_create,
    libc::SYS_personality,
    libc::SYS_sched_setaffinity,
    libc::SYS_setpriority,
    libc::SYS_clock_settime,
    libc::SYS_pidfd_getfd,
    libc::SYS_connect,
    libc::SYS_bind,
];
