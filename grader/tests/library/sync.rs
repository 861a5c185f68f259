#![allow(deprecated)]
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::mpsc::{self, *};
use std::sync::*;
use std::thread;
use std::time::Duration;

fn shared<T: Send + Sync>() {}
fn sent<T: Send>() {}
fn synced<T: Sync>() {}
fn safe<T: UnwindSafe + RefUnwindSafe>() {}
const SHORT: Duration = Duration::from_millis(1);

fn poisoned<T>(use_it: impl FnOnce() -> T) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _held = use_it();
        panic!("poisons");
    }));
}

#[test]
fn mutexes() {
    shared::<Mutex<Cell<u32>>>();
    synced::<MutexGuard<'_, u32>>();
    safe::<Mutex<Cell<u32>>>();
    static M: Mutex<u32> = Mutex::new(1);
    let mut guard: MutexGuard<'_, u32> = M.lock().unwrap();
    *guard += 1;
    assert_eq!(format!("{guard} {guard:?} {M:?}"), "2 2 Mutex { data: \"<locked>\", poisoned: false, .. }");
    assert!(matches!(M.try_lock(), Err(TryLockError::WouldBlock)));
    drop(guard);
    assert_eq!(*M.try_lock().unwrap(), 2);
    let mut own = Mutex::from(5);
    *own.get_mut().unwrap() += 1;
    assert_eq!(format!("{own:?}"), "Mutex { data: 6, poisoned: false, .. }");
    poisoned(|| own.lock());
    assert!(own.is_poisoned() && own.get_mut().is_err());
    assert!(matches!(own.try_lock(), Err(TryLockError::Poisoned(_))));
    let error: PoisonError<MutexGuard<'_, i32>> = own.lock().unwrap_err();
    assert_eq!((**error.get_ref(), *error.into_inner()), (6, 6));
    own.clear_poison();
    assert_eq!(own.into_inner().unwrap(), 6);
    assert_eq!(*Mutex::<u32>::default().lock().unwrap(), 0);
    let unsized_one: Arc<Mutex<[u32]>> = Arc::new(Mutex::new([1, 2]));
    assert_eq!(unsized_one.lock().unwrap().len(), 2);
    let mut error = PoisonError::new(1);
    *error.get_mut() = 2;
    assert!(error.to_string().contains("poisoned") && format!("{error:?}").contains("Poison"));
    let error: TryLockError<u32> = PoisonError::new(1).into();
    assert!(!error.to_string().is_empty());
    let _: LockResult<u32> = Ok(1);
    let _: TryLockResult<u32> = Ok(1);
}

#[test]
fn read_write_locks() {
    shared::<RwLock<u32>>();
    synced::<(RwLockReadGuard<'_, u32>, RwLockWriteGuard<'_, u32>)>();
    safe::<RwLock<Cell<u32>>>();
    let mut lock = RwLock::from(1);
    {
        let (a, b): (RwLockReadGuard<'_, i32>, _) = (lock.read().unwrap(), lock.try_read().unwrap());
        assert_eq!(format!("{a} {b:?} {lock:?}"), "1 1 RwLock { data: 1, poisoned: false, .. }");
        assert!(lock.try_write().is_err());
    }
    let mut guard: RwLockWriteGuard<'_, i32> = lock.write().unwrap();
    *guard = 2;
    assert!(lock.try_read().is_err() && format!("{guard} {guard:?}") == "2 2");
    let reads = RwLockWriteGuard::downgrade(guard);
    assert_eq!(*reads + *lock.read().unwrap(), 4);
    drop(reads);
    *lock.try_write().unwrap() += 1;
    *lock.get_mut().unwrap() += 1;
    poisoned(|| lock.read());
    assert!(!lock.is_poisoned());
    poisoned(|| lock.write());
    assert!(lock.is_poisoned() && lock.read().is_err() && lock.write().is_err());
    lock.clear_poison();
    assert_eq!(lock.into_inner().unwrap(), 4);
    assert_eq!(*RwLock::<u8>::default().read().unwrap(), 0);
}

#[test]
fn condition_variables() {
    shared::<Condvar>();
    safe::<Condvar>();
    let (m, c) = (Mutex::new(0), Condvar::default());
    thread::scope(|s| {
        s.spawn(|| {
            *m.lock().unwrap() = 1;
            c.notify_one();
        });
        let mut guard = m.lock().unwrap();
        while *guard == 0 {
            guard = c.wait(guard).unwrap();
        }
        let guard = c.wait_while(guard, |v| *v == 0).unwrap();
        let (guard, result): (_, WaitTimeoutResult) = c.wait_timeout(guard, SHORT).unwrap();
        let _ = (result.timed_out(), format!("{result:?} {c:?}"));
        let (guard, result) = c.wait_timeout_while(guard, SHORT, |v| *v == 1).unwrap();
        assert!(result.timed_out());
        let (_guard, _) = c.wait_timeout_ms(guard, 1).unwrap();
        c.notify_all();
    });
    static C: Condvar = Condvar::new();
    C.notify_one();
}

#[test]
fn barriers() {
    shared::<Barrier>();
    safe::<(Barrier, BarrierWaitResult)>();
    let barrier = Barrier::new(2);
    let leaders = thread::scope(|s| {
        let other = s.spawn(|| barrier.wait().is_leader());
        let result: BarrierWaitResult = barrier.wait();
        let _ = format!("{barrier:?} {result:?}");
        [result.is_leader(), other.join().unwrap()]
    });
    assert_ne!(leaders[0], leaders[1]);
}

#[test]
fn once() {
    shared::<Once>();
    safe::<Once>();
    static ONCE: Once = ONCE_INIT;
    assert!(!ONCE.is_completed());
    poisoned(|| ONCE.call_once(|| panic!("fails")));
    assert!(catch_unwind(|| ONCE.call_once(|| ())).is_err());
    assert!(catch_unwind(|| ONCE.wait()).is_err());
    thread::scope(|s| {
        s.spawn(|| ONCE.call_once_force(|state: &OnceState| assert!(state.is_poisoned())));
        ONCE.wait_force();
    });
    ONCE.wait();
    assert!(ONCE.is_completed() && format!("{ONCE:?}").starts_with("Once"));
}

#[test]
fn once_locks() {
    shared::<OnceLock<u32>>();
    safe::<OnceLock<u32>>();
    static CELL: OnceLock<u32> = OnceLock::new();
    assert_eq!(CELL.get(), None);
    assert_eq!(format!("{CELL:?}"), "OnceLock(<uninit>)");
    thread::scope(|s| {
        s.spawn(|| assert_eq!(*CELL.wait(), 3));
        assert_eq!(*CELL.get_or_init(|| 3), 3);
    });
    assert_eq!(CELL.set(4), Err(4));
    let mut own = CELL.clone();
    assert!(own == CELL && own == OnceLock::from(3) && format!("{own:?}") == "OnceLock(3)");
    *own.get_mut().unwrap() = 5;
    assert_eq!((own.take(), own.into_inner()), (Some(5), None));
    assert_eq!(OnceLock::<u32>::default().get(), None);
}

#[test]
fn lazy_locks() {
    shared::<LazyLock<u32>>();
    safe::<LazyLock<u32>>();
    static LAZY: LazyLock<u32> = LazyLock::new(|| 6);
    assert_eq!(LazyLock::get(&LAZY), None);
    assert_eq!((*LAZY, LazyLock::force(&LAZY), LazyLock::get(&LAZY)), (6, &6, Some(&6)));
    let mut own = LazyLock::new(|| 7);
    assert_eq!(format!("{own:?}"), "LazyLock(<uninit>)");
    assert_eq!(LazyLock::get_mut(&mut own), None);
    *LazyLock::force_mut(&mut own) += 1;
    *own += 1;
    assert_eq!(LazyLock::get_mut(&mut own), Some(&mut 9));
    assert_eq!(format!("{own:?}"), "LazyLock(9)");
    static FAILS: LazyLock<u32> = LazyLock::new(|| panic!("no value"));
    assert!(catch_unwind(|| *FAILS).is_err());
    let again = catch_unwind(|| *FAILS).unwrap_err();
    assert_eq!(again.downcast_ref::<&str>(), Some(&"LazyLock instance has previously been poisoned"));
    assert_eq!(*LazyLock::<u32>::default(), 0);
}

#[test]
fn channels() {
    shared::<(Sender<Cell<u32>>, SyncSender<u32>)>();
    sent::<Receiver<Cell<u32>>>();
    safe::<(Sender<u32>, SyncSender<u32>, Receiver<u32>)>();
    let (sender, receiver): (Sender<u32>, Receiver<u32>) = channel();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    sender.clone().send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
    (2..6).for_each(|i| sender.send(i).unwrap());
    let _ = format!("{sender:?} {receiver:?}");
    assert_eq!(receiver.iter().next(), Some(2));
    assert_eq!(receiver.try_iter().next(), Some(3));
    drop(sender);
    for (i, value) in (&receiver).into_iter().enumerate().take(1) {
        assert_eq!((i, value), (0, 4));
    }
    assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [5]);
    let (sender, receiver) = mpsc::sync_channel(1);
    sender.send(1).unwrap();
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(receiver.recv_timeout(SHORT), Ok(1));
    let _ = format!("{:?}", sender.clone());
    drop(receiver);
    assert_eq!(sender.send(3), Err(SendError(3)));
    assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
    let (sender, receiver) = sync_channel::<u32>(0);
    thread::scope(|s| {
        s.spawn(move || sender.send(9).unwrap());
        assert_eq!(receiver.recv(), Ok(9));
        assert_eq!(receiver.recv(), Err(RecvError));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Disconnected));
    });
    let errors: [Box<dyn std::error::Error>; 4] = [
        Box::new(RecvError), Box::new(TryRecvError::from(RecvError)),
        Box::new(RecvTimeoutError::from(RecvError)), Box::new(TrySendError::from(SendError(1))),
    ];
    assert!(errors.iter().all(|e| !e.to_string().is_empty()));
    let _: (Option<mpsc::Iter<'_, u32>>, Option<mpsc::TryIter<'_, u32>>, Option<mpsc::IntoIter<u32>>) = (None, None, None);
}

#[test]
fn counted_references() {
    let a = Arc::new_cyclic(|weak: &Weak<u32>| weak.strong_count() as u32);
    let weak = Arc::downgrade(&a);
    assert_eq!((Arc::strong_count(&a), Arc::weak_count(&a), weak.upgrade().as_deref()), (1, 1, Some(&0)));
    assert!(Arc::ptr_eq(&a, &a.clone()) && Arc::into_inner(a) == Some(0) && weak.upgrade().is_none());
    let mut b: Arc<[u32]> = Arc::from(vec![1, 2]);
    Arc::get_mut(&mut b).unwrap()[0] = 3;
    assert_eq!(Arc::make_mut(&mut b)[0], 3);
    assert_eq!(Arc::try_unwrap(Arc::new(4)), Ok(4));
    let raw = Arc::into_raw(Arc::new(5));
    unsafe {
        Arc::increment_strong_count(raw);
        Arc::decrement_strong_count(raw);
        assert_eq!(*Arc::from_raw(raw), 5);
    }
    assert_eq!(Arc::unwrap_or_clone(Arc::new(6)), 6);
}
