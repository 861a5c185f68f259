// Read-copy-update in small: a writer swaps the pointer, and waits until readers have left.
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::*};
use std::thread;

pub struct Rcu<T> {
    current: AtomicPtr<T>,
    /// Readers, by the parity of the epoch in which they came.
    readers: [AtomicUsize; 2],
    epoch: AtomicUsize,
}

impl<T> Rcu<T> {
    pub fn new(value: T) -> Self {
        Rcu { current: AtomicPtr::new(Box::into_raw(Box::new(value))), readers: [AtomicUsize::new(0), AtomicUsize::new(0)], epoch: AtomicUsize::new(0) }
    }
    pub fn read<R>(&self, body: impl FnOnce(&T) -> R) -> R {
        let epoch = loop {
            let epoch = self.epoch.load(SeqCst);
            self.readers[epoch % 2].fetch_add(1, SeqCst);
            if self.epoch.load(SeqCst) == epoch {
                break epoch;
            }
            self.readers[epoch % 2].fetch_sub(1, SeqCst);
        };
        let result = body(unsafe { &*self.current.load(SeqCst) });
        self.readers[epoch % 2].fetch_sub(1, SeqCst);
        result
    }
    /// By one writer only.
    pub fn replace(&self, value: T) {
        let old = self.current.swap(Box::into_raw(Box::new(value)), SeqCst);
        let epoch = self.epoch.fetch_add(1, SeqCst);
        while self.readers[epoch % 2].load(SeqCst) > 0 {
            thread::yield_now();
        }
        drop(unsafe { Box::from_raw(old) });
    }
}

impl<T> Drop for Rcu<T> {
    fn drop(&mut self) {
        drop(unsafe { Box::from_raw(*self.current.get_mut()) });
    }
}

#[test]
fn readers_see_one_version() {
    let rcu = Rcu::new((0, 0));
    thread::scope(|s| {
        s.spawn(|| rcu.read(|&(a, b)| assert_eq!(a, b)));
        rcu.replace((1, 1));
        rcu.replace((2, 2));
    });
    assert_eq!(rcu.read(|v| *v), (2, 2));
}

//# bug no_grace_period: use-after-free, data-race
//-         while self.readers[epoch % 2].load(SeqCst) > 0 {
//-             thread::yield_now();
//-         }
//-         drop(unsafe { Box::from_raw(old) });
//+         let _ = epoch;
//+         drop(unsafe { Box::from_raw(old) });
//# bug waits_for_the_next_epoch: use-after-free, data-race
//-         while self.readers[epoch % 2].load(SeqCst) > 0 {
//+         while self.readers[(epoch + 1) % 2].load(SeqCst) > 0 {
//# bug waits_before_the_swap: use-after-free, data-race
//-         let old = self.current.swap(Box::into_raw(Box::new(value)), SeqCst);
//-         let epoch = self.epoch.fetch_add(1, SeqCst);
//-         while self.readers[epoch % 2].load(SeqCst) > 0 {
//-             thread::yield_now();
//-         }
//+         let epoch = self.epoch.fetch_add(1, SeqCst);
//+         while self.readers[epoch % 2].load(SeqCst) > 0 {
//+             thread::yield_now();
//+         }
//+         let old = self.current.swap(Box::into_raw(Box::new(value)), SeqCst);
//# bug relaxed_departure: data-race
//-         let result = body(unsafe { &*self.current.load(SeqCst) });
//-         self.readers[epoch % 2].fetch_sub(1, SeqCst);
//+         let result = body(unsafe { &*self.current.load(SeqCst) });
//+         self.readers[epoch % 2].fetch_sub(1, Relaxed);
//# bug pointer_is_taken_before: use-after-free, data-race
//-         let epoch = loop {
//+         let current = self.current.load(SeqCst);
//+         let epoch = loop {
//-         let result = body(unsafe { &*self.current.load(SeqCst) });
//+         let result = body(unsafe { &*current });
