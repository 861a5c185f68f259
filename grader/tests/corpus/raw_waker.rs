// A waker made by hand of a table of functions, with the count of its references by hand too.
use std as s;
use s::sync::atomic::{AtomicUsize, Ordering::*, fence};
use s::task::{RawWaker, RawWakerVTable, Waker};

struct Task {
    references: AtomicUsize,
    woken: AtomicUsize,
}

static FREED: AtomicUsize = AtomicUsize::new(0);
static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, release);

unsafe fn clone(data: *const ()) -> RawWaker {
    unsafe { (*data.cast::<Task>()).references.fetch_add(1, Relaxed) };
    RawWaker::new(data, &TABLE)
}

unsafe fn wake(data: *const ()) {
    unsafe {
        wake_by_ref(data);
        release(data);
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    unsafe { (*data.cast::<Task>()).woken.fetch_add(1, Relaxed) };
}

unsafe fn release(data: *const ()) {
    let task = data.cast::<Task>().cast_mut();
    if unsafe { (*task).references.fetch_sub(1, Release) } == 1 {
        fence(Acquire);
        drop(unsafe { Box::from_raw(task) });
        FREED.fetch_add(1, Relaxed);
    }
}

#[test]
fn the_last_one_frees_the_task() {
    let task = Box::into_raw(Box::new(Task { references: AtomicUsize::new(1), woken: AtomicUsize::new(0) }));
    let waker = unsafe { Waker::from_raw(RawWaker::new(task.cast(), &TABLE)) };
    let other = waker.clone();
    let thread = s::thread::spawn(move || other.wake());
    waker.wake_by_ref();
    drop(waker);
    thread.join().unwrap();
    assert_eq!(FREED.load(Relaxed), 1);
}

//# bug clone_does_not_count: use-after-free, double-free, data-race
//-     unsafe { (*data.cast::<Task>()).references.fetch_add(1, Relaxed) };
//-     RawWaker::new(data, &TABLE)
//+     RawWaker::new(data, &TABLE)
//# bug wake_keeps_its_reference: panic
//-         wake_by_ref(data);
//-         release(data);
//+         wake_by_ref(data);
//# bug frees_without_acquiring: data-race
//-         fence(Acquire);
//-         drop(unsafe { Box::from_raw(task) });
//+         fence(Release);
//+         drop(unsafe { Box::from_raw(task) });
//# bug load_then_store: use-after-free, double-free, data-race, panic
//-     if unsafe { (*task).references.fetch_sub(1, Release) } == 1 {
//+     let before = unsafe { (*task).references.load(Acquire) };
//+     unsafe { (*task).references.store(before - 1, Release) };
//+     if before == 1 {
