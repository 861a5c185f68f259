//! What somebody might hand in who does not want to solve the exercise. Each stands in for
//! `Counter` of the exercise `lost_update`, whose right solution is [`RIGHT`].

/// The right solution; what follows `//!!` in a hostile submission is put into `add`.
pub const RIGHT: &str = "
use std::sync::atomic::{AtomicU32, Ordering};
#[derive(Default)]
pub struct Counter { value: AtomicU32 }
impl Counter {
    pub fn add(&self, amount: u32) { hostile(); self.value.fetch_add(amount, Ordering::SeqCst); }
    pub fn value(&self) -> u32 { self.value.load(Ordering::SeqCst) }
}
";

/// Name, and the items that are added to [`RIGHT`]; they define `fn hostile()`.
pub const SAFE: &[(&str, &str)] = &[
    // While it is compiled.
    (
        "reads a file of the grader",
        "fn hostile() { println!(\"{}\", include_str!(\"/etc/passwd\")); }",
    ),
    (
        "reads the bytes of a file",
        "fn hostile() { println!(\"{:?}\", include_bytes!(\"/etc/shadow\")); }",
    ),
    (
        "includes a file as code",
        "fn hostile() {} include!(\"/etc/hostname\");",
    ),
    (
        "reads the check by a macro",
        "macro_rules! m { () => { include_str!(\"check.rs\") } } fn hostile() { print!(\"{}\", m!()); }",
    ),
    (
        "reads a file under another name",
        "use std::include_str as text; fn hostile() { print!(\"{}\", text!(\"/etc/passwd\")); }",
    ),
    (
        "reads an environment variable",
        "fn hostile() { println!(\"{}\", env!(\"HOME\")); }",
    ),
    (
        "reads an optional environment variable",
        "fn hostile() { println!(\"{:?}\", option_env!(\"GITHUB_TOKEN\")); }",
    ),
    (
        "takes a file of the system as a module",
        "#[path = \"/etc/passwd\"] mod secrets; fn hostile() {}",
    ),
    (
        "takes a module in another folder",
        "mod secrets { #[path = \"../../../etc/passwd\"] pub mod inner; } fn hostile() {}",
    ),
    (
        "computes for ever as a constant",
        "#[allow(long_running_const_eval)] const N: u64 = { let mut i = 0u64; while i < u64::MAX { i += 1; } i }; fn hostile() { print!(\"{N}\"); }",
    ),
    (
        "recurses for ever as a constant",
        "const fn f(n: u64) -> u64 { f(n + 1) + 1 } const N: u64 = f(0); fn hostile() { print!(\"{N}\"); }",
    ),
    (
        "doubles in macros",
        "macro_rules! d { ($($t:tt)*) => { d!($($t)* $($t)*) } } fn hostile() { d!(1); }",
    ),
    (
        "recurses in types",
        "trait T { const N: u64; } impl<A: T> T for Vec<A> { const N: u64 = <Vec<Vec<A>>>::N; } impl T for u8 { const N: u64 = 1; } fn hostile() { print!(\"{}\", <Vec<u8> as T>::N); }",
    ),
    (
        "has a type of exponential size",
        "type A<T> = (T, T, T, T, T, T, T, T); type B<T> = A<A<A<A<T>>>>; type C = B<B<B<u8>>>; fn hostile() { print!(\"{}\", std::any::type_name::<C>().len()); }",
    ),
    (
        "has an enormous static",
        "static BIG: [std::sync::atomic::AtomicU64; 1 << 44] = [const { std::sync::atomic::AtomicU64::new(1) }; 1 << 44]; fn hostile() { BIG[7].store(1, std::sync::atomic::Ordering::SeqCst); }",
    ),
    (
        "asks for unstable features",
        "#![feature(core_intrinsics)] fn hostile() { core::intrinsics::abort() }",
    ),
    (
        "asks for a procedural macro",
        "extern crate proc_macro; fn hostile() {}",
    ),
    (
        "asks for the compiler's own crates",
        "extern crate libc; fn hostile() {}",
    ),
    ("does not parse", "fn hostile() { } } {"),
    // While it runs: outside of the program.
    (
        "exits as if all were well",
        "fn hostile() { std::process::exit(0) }",
    ),
    ("aborts", "fn hostile() { std::process::abort() }"),
    (
        "starts a program",
        "fn hostile() { std::process::Command::new(\"/bin/sh\").spawn().unwrap(); }",
    ),
    (
        "reads files",
        "fn hostile() { print!(\"{:?}\", std::fs::read_to_string(\"/etc/passwd\")); }",
    ),
    (
        "reads files under another name",
        "use std as s; fn hostile() { print!(\"{:?}\", s::fs::read_to_string(\"/etc/passwd\")); }",
    ),
    (
        "writes files by a macro",
        "macro_rules! m { ($a:ident) => { std::$a::write(\"/tmp/x\", \"x\").unwrap() } } fn hostile() { m!(fs); }",
    ),
    (
        "reads the environment",
        "fn hostile() { print!(\"{:?}\", std::env::vars().count()); }",
    ),
    (
        "connects to the network",
        "fn hostile() { let _ = std::net::TcpStream::connect(\"127.0.0.1:80\"); }",
    ),
    (
        "calls the system",
        "use std::os::fd::AsRawFd; fn hostile() { std::io::stdout().as_raw_fd(); }",
    ),
    // The checker's own.
    (
        "calls the engine",
        "fn hostile() { std::__engine::print_text(\"pass\"); }",
    ),
    (
        "calls the checker's entry",
        "fn hostile() { std::__explore(&[], hostile) }",
    ),
    (
        "calls the planted race",
        "fn hostile() { crate::__planted() }",
    ),
    (
        "calls the engine by a macro",
        "macro_rules! m { () => { std::__engine::me() } } fn hostile() { m!(); }",
    ),
    // While it runs: within the program.
    (
        "prints a pass and panics",
        "fn hostile() { println!(\"{{\\\"verdict\\\":\\\"pass\\\",\\\"findings\\\":[]}}\"); panic!() }",
    ),
    (
        "hides its panic",
        "fn hostile() { std::panic::set_hook(Box::new(|_| ())); panic!() }",
    ),
    (
        "throws without a word",
        "fn hostile() { std::panic::resume_unwind(Box::new(())) }",
    ),
    (
        "throws something strange",
        "fn hostile() { std::panic::panic_any(std::cell::Cell::new(7u8)) }",
    ),
    (
        "panics while it panics",
        "struct D; impl Drop for D { fn drop(&mut self) { panic!() } } fn hostile() { let _d = D; panic!() }",
    ),
    (
        "computes for ever",
        "fn hostile() { let mut x = 1u64; loop { x = std::hint::black_box(x * 3); } }",
    ),
    (
        "gives way for ever",
        "fn hostile() { loop { std::thread::yield_now() } }",
    ),
    (
        "sleeps for ever",
        "fn hostile() { loop { std::thread::sleep(std::time::Duration::MAX) } }",
    ),
    ("waits for itself", "fn hostile() { std::thread::park() }"),
    (
        "recurses for ever",
        "fn f(n: u64) -> u64 { std::hint::black_box(f(n + 1)) + 1 } fn hostile() { f(0); }",
    ),
    (
        "takes all memory",
        "fn hostile() { let mut v = Vec::new(); loop { v.push(vec![1u8; 1 << 20]); } }",
    ),
    (
        "asks for more memory than there is",
        "fn hostile() { let v: Vec<u8> = Vec::with_capacity(usize::MAX >> 1); print!(\"{}\", v.capacity()); }",
    ),
    (
        "starts threads for ever",
        "fn hostile() { loop { std::thread::spawn(|| std::thread::park()); } }",
    ),
    (
        "leaves threads that wait",
        "fn hostile() { std::thread::spawn(|| loop { std::thread::park() }); }",
    ),
    (
        "leaves a lock held",
        "static L: std::sync::Mutex<u8> = std::sync::Mutex::new(0); fn hostile() { std::mem::forget(L.lock()); }",
    ),
    (
        "prints without end",
        "fn hostile() { loop { println!(\"{}\", \"x\".repeat(1000)); } }",
    ),
    (
        "counts in a static that was there before",
        "static N: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0); fn hostile() { if N.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 3 == 2 { panic!() } }",
    ),
    (
        "uses unsafe",
        "fn hostile() { unsafe { std::hint::unreachable_unchecked() } }",
    ),
    (
        "uses unsafe by a macro",
        "macro_rules! m { ($($t:tt)*) => { unsafe { $($t)* } } } fn hostile() { m!(*(8 as *mut u8) = 1) }",
    ),
    (
        "calls foreign functions",
        "unsafe extern \"C\" { fn fork() -> i32; } fn hostile() { unsafe { fork(); } }",
    ),
];

/// Programs with a test of their own, in which `unsafe` is allowed.
pub const UNSAFE: &[(&str, &str)] = &[
    (
        "calls foreign functions by a macro",
        "macro_rules! m { ($n:ident) => { unsafe extern \"C\" { fn $n() -> i32; } } } m!(fork); #[test] fn t() { unsafe { fork(); } }",
    ),
    (
        "contains assembly",
        "#[test] fn t() { unsafe { core::arch::asm!(\"mov eax, 60\", \"syscall\") } }",
    ),
    (
        "contains assembly under another name",
        "use core::arch::asm as a; #[test] fn t() { unsafe { a!(\"mov eax, 60\", \"syscall\") } }",
    ),
    (
        "contains assembly by a macro",
        "macro_rules! m { () => { core::arch::asm!(\"ud2\") } } #[test] fn t() { unsafe { m!() } }",
    ),
    (
        "replaces the engine's functions",
        "#[unsafe(no_mangle)] pub extern \"C\" fn __tsan_read1(_: usize) {} #[test] fn t() {}",
    ),
    (
        "replaces the allocator",
        "struct A; unsafe impl std::alloc::GlobalAlloc for A { unsafe fn alloc(&self, _: std::alloc::Layout) -> *mut u8 { std::ptr::null_mut() } unsafe fn dealloc(&self, _: *mut u8, _: std::alloc::Layout) {} } #[global_allocator] static G: A = A; #[test] fn t() {}",
    ),
    (
        "runs before main",
        "#[unsafe(link_section = \".init_array\")] #[used] static C: extern \"C\" fn() = c; extern \"C\" fn c() { panic!() } #[test] fn t() {}",
    ),
    (
        "writes to nowhere",
        "#[test] fn t() { unsafe { *std::hint::black_box(16 as *mut u64) = 1 } }",
    ),
    (
        "jumps to nowhere",
        "#[test] fn t() { let f: fn() = unsafe { std::mem::transmute(std::hint::black_box(0x1000usize)) }; f() }",
    ),
    (
        "overwrites the statics around its own",
        "static mut S: u64 = 1; #[test] fn t() { let at = &raw mut S as *mut u8; for i in 0..1 << 20 { unsafe { std::ptr::write_volatile(std::hint::black_box(at).wrapping_sub(1 << 19).wrapping_add(i), 0xff) } } }",
    ),
    (
        "overwrites its stack",
        "#[test] fn t() { let mut x = 0u8; let at = std::hint::black_box(&raw mut x); for i in 0..1 << 21 { unsafe { std::ptr::write_volatile(at.wrapping_add(i), 0x41) } } }",
    ),
    (
        "frees what is not its own",
        "#[test] fn t() { unsafe { drop(Box::from_raw(std::hint::black_box(0x5000_0000 as *mut u64))) } }",
    ),
];
