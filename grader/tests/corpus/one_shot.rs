// A channel for one message (Bos, Rust Atomics and Locks, chapter 5), with a park at its end.
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread::{self, Thread};

struct Channel<T> {
    message: UnsafeCell<MaybeUninit<T>>,
    ready: AtomicBool,
}
unsafe impl<T: Send> Sync for Channel<T> {}

pub struct Sender<T> {
    channel: Arc<Channel<T>>,
    receiver: Thread,
}
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
}

pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel { message: UnsafeCell::new(MaybeUninit::uninit()), ready: AtomicBool::new(false) });
    (Sender { channel: channel.clone(), receiver: thread::current() }, Receiver { channel })
}

impl<T> Sender<T> {
    pub fn send(self, message: T) {
        unsafe { (*self.channel.message.get()).write(message) };
        self.channel.ready.store(true, Release);
        self.receiver.unpark();
    }
}

impl<T> Receiver<T> {
    pub fn receive(self) -> T {
        while !self.channel.ready.swap(false, Acquire) {
            thread::park();
        }
        unsafe { (*self.channel.message.get()).assume_init_read() }
    }
}

impl<T> Drop for Channel<T> {
    fn drop(&mut self) {
        if *self.ready.get_mut() {
            unsafe { self.message.get_mut().assume_init_drop() };
        }
    }
}

#[test]
fn a_message_arrives() {
    let (sender, receiver) = channel();
    let (unused, nobody) = channel();
    thread::scope(|s| {
        s.spawn(move || sender.send(vec![1, 2]));
        s.spawn(move || unused.send(vec![3]));
        drop(nobody);
        assert_eq!(receiver.receive(), [1, 2]);
    });
}

//# bug parks_once: panic, data-race, crash, double-free, use-after-free
//-         while !self.channel.ready.swap(false, Acquire) {
//-             thread::park();
//-         }
//+         if !self.channel.ready.swap(false, Acquire) {
//+             thread::park();
//+         }
//# bug relaxed_flag: data-race
//-         self.channel.ready.store(true, Release);
//+         self.channel.ready.store(true, Relaxed);
//# bug dropped_twice: double-free, use-after-free
//-         while !self.channel.ready.swap(false, Acquire) {
//+         while !self.channel.ready.load(Acquire) {
//# bug flag_before_message: data-race, crash
//-         unsafe { (*self.channel.message.get()).write(message) };
//-         self.channel.ready.store(true, Release);
//-         self.receiver.unpark();
//+         self.channel.ready.store(true, Release);
//+         unsafe { (*self.channel.message.get()).write(message) };
//+         self.receiver.unpark();
//# bug nobody_unparks: deadlock
//-         self.channel.ready.store(true, Release);
//-         self.receiver.unpark();
//+         self.channel.ready.store(true, Release);
