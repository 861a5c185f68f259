// A counted reference with weak ones and unique access (Bos, Rust Atomics and Locks, chapter 6).
use std::cell::UnsafeCell;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::*, fence};
use std::thread;

struct Inner<T> {
    strong: AtomicUsize,
    /// One more where there is a strong one; `usize::MAX` while it is looked at.
    weak: AtomicUsize,
    value: UnsafeCell<Option<T>>,
}

pub struct Counted<T>(NonNull<Inner<T>>);
pub struct Weak<T>(NonNull<Inner<T>>);
unsafe impl<T: Send + Sync> Send for Counted<T> {}
unsafe impl<T: Send + Sync> Sync for Counted<T> {}
unsafe impl<T: Send + Sync> Send for Weak<T> {}

impl<T> Counted<T> {
    pub fn new(value: T) -> Self {
        let inner = Inner { strong: AtomicUsize::new(1), weak: AtomicUsize::new(1), value: UnsafeCell::new(Some(value)) };
        Counted(NonNull::from(Box::leak(Box::new(inner))))
    }
    fn inner(&self) -> &Inner<T> {
        unsafe { self.0.as_ref() }
    }
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if this.inner().weak.compare_exchange(1, usize::MAX, Acquire, Relaxed).is_err() {
            return None;
        }
        let unique = this.inner().strong.load(Relaxed) == 1;
        this.inner().weak.store(1, Release);
        if !unique {
            return None;
        }
        fence(Acquire);
        unsafe { (*this.inner().value.get()).as_mut() }
    }
    pub fn downgrade(this: &Self) -> Weak<T> {
        let mut n = this.inner().weak.load(Relaxed);
        loop {
            if n == usize::MAX {
                thread::yield_now();
                n = this.inner().weak.load(Relaxed);
                continue;
            }
            match this.inner().weak.compare_exchange_weak(n, n + 1, Acquire, Relaxed) {
                Ok(_) => return Weak(this.0),
                Err(now) => n = now,
            }
        }
    }
}

impl<T> Weak<T> {
    pub fn upgrade(&self) -> Option<Counted<T>> {
        let strong = unsafe { &self.0.as_ref().strong };
        let mut n = strong.load(Relaxed);
        loop {
            if n == 0 {
                return None;
            }
            match strong.compare_exchange_weak(n, n + 1, Relaxed, Relaxed) {
                Ok(_) => return Some(Counted(self.0)),
                Err(now) => n = now,
            }
        }
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;
    fn deref(&self) -> &T {
        unsafe { (*self.inner().value.get()).as_ref().unwrap() }
    }
}

impl<T> Clone for Counted<T> {
    fn clone(&self) -> Self {
        self.inner().strong.fetch_add(1, Relaxed);
        Counted(self.0)
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        if self.inner().strong.fetch_sub(1, Release) == 1 {
            fence(Acquire);
            unsafe { *self.inner().value.get() = None };
            drop(Weak(self.0));
        }
    }
}

impl<T> Drop for Weak<T> {
    fn drop(&mut self) {
        if unsafe { self.0.as_ref().weak.fetch_sub(1, Release) } == 1 {
            fence(Acquire);
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

#[test]
fn unique_access_is_unique() {
    let mut a = Counted::new(1u32);
    let b = a.clone();
    let weak = Counted::downgrade(&a);
    let other = thread::spawn(move || {
        let seen = *b;
        drop(b);
        weak.upgrade().map_or(0, |c| *c) + seen
    });
    if let Some(value) = Counted::get_mut(&mut a) {
        *value += 1;
    }
    drop(a);
    assert!(other.join().unwrap() <= 3);
}

//# bug relaxed_release: data-race
//-         if self.inner().strong.fetch_sub(1, Release) == 1 {
//+         if self.inner().strong.fetch_sub(1, Relaxed) == 1 {
//# bug get_mut_ignores_weak: data-race, crash, panic
//-         if this.inner().weak.compare_exchange(1, usize::MAX, Acquire, Relaxed).is_err() {
//-             return None;
//-         }
//-         let unique = this.inner().strong.load(Relaxed) == 1;
//-         this.inner().weak.store(1, Release);
//+         let unique = this.inner().strong.load(Relaxed) == 1;
//# bug upgrade_from_nothing: panic, use-after-free, double-free, data-race
//-             if n == 0 {
//-                 return None;
//-             }
//-             match strong.compare_exchange_weak(n, n + 1, Relaxed, Relaxed) {
//+             match strong.compare_exchange_weak(n, n + 1, Relaxed, Relaxed) {
//# bug weak_without_acquire: data-race
//-         if unsafe { self.0.as_ref().weak.fetch_sub(1, Release) } == 1 {
//-             fence(Acquire);
//+         if unsafe { self.0.as_ref().weak.fetch_sub(1, Relaxed) } == 1 {
