#![allow(deprecated)]
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::thread::{self, AccessError, Builder, JoinHandle, LocalKey, Scope, ScopedJoinHandle, Thread, ThreadId};
use std::time::{Duration, Instant, SystemTime, SystemTimeError, TryFromFloatSecsError, UNIX_EPOCH};

fn shared<T: Send + Sync>() {}
fn safe<T: UnwindSafe + RefUnwindSafe>() {}

#[test]
fn threads() -> thread::Result<()> {
    shared::<JoinHandle<Cell<u32>>>();
    shared::<(Thread, ThreadId, Scope<'_, '_>, ScopedJoinHandle<'_, u8>)>();
    safe::<(Thread, ThreadId, LocalKey<Cell<u32>>)>();
    let handle: JoinHandle<u32> = thread::spawn(|| 1);
    assert_ne!(handle.thread().id(), thread::current().id());
    while !handle.is_finished() {
        thread::yield_now();
    }
    assert_eq!(handle.join()?, 1);
    let named = Builder::new().name("worker".into()).stack_size(1 << 16);
    let named = named.spawn(|| thread::current().name().map(str::to_owned)).unwrap();
    assert_eq!(format!("{:?}", named.thread().name()), "Some(\"worker\")");
    assert_eq!(named.join()?.as_deref(), Some("worker"));
    assert_eq!(unsafe { Builder::new().spawn_unchecked(|| 2) }.unwrap().join()?, 2);
    assert!(format!("{:?}", Builder::new()).starts_with("Builder"));
    let payload = thread::spawn(|| panic!("text {}", std::hint::black_box(1))).join().unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "text 1");
    assert!(!thread::panicking());
    assert!(thread::available_parallelism().unwrap().get() >= 1);
    Ok(())
}

#[test]
fn scopes() {
    let mut data = vec![1, 2, 3];
    let sum = thread::scope(|s| {
        let handle: ScopedJoinHandle<'_, i32> = s.spawn(|| data.iter().sum());
        let named = Builder::new().name("n".into()).spawn_scoped(s, || 4).unwrap();
        assert_eq!(named.thread().name(), Some("n"));
        while !named.is_finished() {
            thread::yield_now();
        }
        s.spawn(|| s.spawn(|| ()));
        handle.join().unwrap() + named.join().unwrap()
    });
    data.push(sum);
    assert_eq!(data, [1, 2, 3, 10]);
    let failed = catch_unwind(AssertUnwindSafe(|| thread::scope(|s| { s.spawn(|| panic!("inner")); })));
    assert_eq!(failed.unwrap_err().downcast_ref::<&str>(), Some(&"a scoped thread panicked"));
}

#[test]
fn parking() {
    let me = thread::current();
    thread::spawn(move || me.unpark());
    thread::park();
    thread::park_timeout(Duration::from_millis(1));
    thread::park_timeout_ms(1);
    thread::sleep(Duration::from_millis(1));
    thread::sleep_ms(1);
}

struct Loud(u32);
impl Drop for Loud {
    fn drop(&mut self) {
        assert!(LOUD.try_with(|l| l.0).is_err());
        LEFT.with(|l| l.set(l.get() + self.0));
    }
}

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(0) };
    static LOUD: Loud = Loud(1);
    /// With a comment.
    pub static LIST: RefCell<Vec<u32>> = RefCell::new(Vec::new());
    static NEVER: Cell<u32> = panic!("the first value is not needed");
    static NOR_THIS: RefCell<u32> = panic!("the first value is not needed");
}

#[test]
fn thread_locals() {
    LEFT.set(1);
    assert_eq!((LEFT.get(), LEFT.replace(2), LEFT.take(), LEFT.get()), (1, 1, 2, 0));
    LIST.with_borrow_mut(|l| l.push(1));
    assert_eq!(LIST.with_borrow(Vec::len), 1);
    LIST.set(vec![1, 2]);
    assert_eq!((LIST.replace(vec![3]).len(), LIST.take(), LIST.with(|l| l.borrow().len())), (2, vec![3], 0));
    NEVER.set(4);
    NOR_THIS.set(5);
    assert_eq!((NEVER.get(), NOR_THIS.take()), (4, 5));
    thread::spawn(|| LOUD.with(|l| assert_eq!(l.0, 1))).join().unwrap();
    assert_eq!(LEFT.try_with(Cell::get), Ok(0));
    let error: &dyn std::error::Error = &AccessError::clone(&thread::spawn(caught).join().unwrap());
    assert_eq!(format!("{error} {error:?}"), "already destroyed AccessError");
}

fn caught() -> AccessError {
    static FOUND: std::sync::Mutex<Option<AccessError>> = std::sync::Mutex::new(None);
    struct Asks;
    impl Drop for Asks {
        fn drop(&mut self) {
            *FOUND.lock().unwrap() = ASKS.try_with(|_| ()).err();
        }
    }
    thread_local!(static ASKS: Asks = Asks);
    thread::spawn(|| ASKS.with(|_| ())).join().unwrap();
    FOUND.lock().unwrap().unwrap()
}

#[test]
fn time() {
    safe::<(Instant, SystemTime, Duration)>();
    let start = Instant::now();
    thread::sleep(Duration::from_millis(5));
    assert!(start.elapsed() >= Duration::from_millis(5));
    let later = start + Duration::from_secs(1);
    assert_eq!(later - start, Duration::from_secs(1));
    assert_eq!(later.duration_since(start), Duration::from_secs(1));
    assert_eq!(start.checked_duration_since(later), None);
    assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
    assert_eq!(start.checked_add(Duration::from_secs(1)), Some(later));
    assert_eq!(later.checked_sub(Duration::from_secs(1)), Some(start));
    let mut moment = later - Duration::from_millis(1);
    moment += Duration::from_millis(2);
    moment -= Duration::from_millis(1);
    assert_eq!(moment, later);
    assert!(start < later && !format!("{start:?}").is_empty());
    let now = SystemTime::now();
    assert!(now.duration_since(UNIX_EPOCH).is_ok() && now >= SystemTime::UNIX_EPOCH);
    assert!(now.elapsed().is_ok());
    let error: SystemTimeError = now.duration_since(now + Duration::from_secs(2)).unwrap_err();
    assert_eq!(error.duration(), Duration::from_secs(2));
    assert_eq!(now.checked_add(Duration::ZERO), now.checked_sub(Duration::ZERO));
    let mut other = now;
    other += Duration::from_secs(1);
    other -= Duration::from_secs(1);
    assert_eq!(other - Duration::ZERO, now);
    let error: Result<Duration, TryFromFloatSecsError> = Duration::try_from_secs_f32(-1.0);
    assert!(error.is_err());
}

#[test]
fn hints() {
    std::hint::spin_loop();
    assert_eq!(std::hint::black_box(3), 3);
    std::hint::cold_path();
    assert_eq!(std::hint::select_unpredictable(true, 1, 2), 1);
    unsafe { std::hint::assert_unchecked(true) };
    if std::hint::black_box(false) {
        unsafe { std::hint::unreachable_unchecked() }
    }
}

#[test]
fn panics() {
    static SEEN: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        assert_eq!(info.payload_as_str(), Some("seen"));
        SEEN.fetch_add(info.location().map_or(0, |l| l.line().min(1)), std::sync::atomic::Ordering::SeqCst);
    }));
    assert!(catch_unwind(|| panic!("seen")).is_err());
    std::panic::set_hook(before);
    assert!(catch_unwind(|| panic!("not seen")).is_err());
    let passed = catch_unwind(|| std::panic::resume_unwind(Box::new(7))).unwrap_err();
    assert_eq!(passed.downcast_ref(), Some(&7));
    assert_eq!(SEEN.load(std::sync::atomic::Ordering::SeqCst), 1);
}
