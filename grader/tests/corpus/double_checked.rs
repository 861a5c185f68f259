// Double-checked locking: "The Double-Checked Locking is Broken Declaration", mended.
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

pub struct Table {
    values: [u32; 3],
}

static TABLE: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());
static LOCK: Mutex<()> = Mutex::new(());
static MADE: AtomicU32 = AtomicU32::new(0);

pub fn table() -> &'static Table {
    let table = TABLE.load(Ordering::Acquire);
    if !table.is_null() {
        return unsafe { &*table };
    }
    let _held = LOCK.lock().unwrap();
    let table = TABLE.load(Ordering::Relaxed);
    if !table.is_null() {
        return unsafe { &*table };
    }
    MADE.fetch_add(1, Ordering::Relaxed);
    let made = Box::into_raw(Box::new(Table { values: [1, 2, 3] }));
    TABLE.store(made, Ordering::Release);
    unsafe { &*made }
}

#[test]
fn it_is_made_once() {
    let others: Vec<_> = (0..2).map(|i| std::thread::spawn(move || table().values[i])).collect();
    assert_eq!(table().values[2], 3);
    let sum: u32 = others.into_iter().map(|t| t.join().unwrap()).sum();
    assert_eq!((sum, MADE.load(Ordering::Relaxed)), (3, 1));
}

//# bug relaxed_check: data-race
//-     let table = TABLE.load(Ordering::Acquire);
//+     let table = TABLE.load(Ordering::Relaxed);
//# bug relaxed_publication: data-race
//-     TABLE.store(made, Ordering::Release);
//+     TABLE.store(made, Ordering::Relaxed);
//# bug no_second_check: panic
//-     let table = TABLE.load(Ordering::Relaxed);
//-     if !table.is_null() {
//-         return unsafe { &*table };
//-     }
//-     MADE.fetch_add(1, Ordering::Relaxed);
//+     MADE.fetch_add(1, Ordering::Relaxed);
//# bug lock_is_dropped: panic, data-race
//-     let _held = LOCK.lock().unwrap();
//+     drop(LOCK.lock().unwrap());
