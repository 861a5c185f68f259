//! Channels: many send, one receives.

pub use ::std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

use super::State;
use crate::shared::Shared;
use crate::thread::deadline;
use crate::time::Duration;
use ::std::collections::VecDeque;
use ::std::fmt;
use ::std::panic::Location;
use interleave::sync::{self as engine, Caller, Stamp};
use interleave::thread::WaitKind;

/// A channel's messages, and who is still there.
struct Queue<T> {
    /// Each with what its sender knew.
    messages: VecDeque<(T, Stamp)>,
    /// What the receiver knew when it made room.
    room: VecDeque<Stamp>,
    capacity: Option<usize>,
    senders: usize,
    receiver: bool,
    /// Messages sent and received so far: a rendezvous waits until its own is received.
    sent: u64,
    received: u64,
}

struct Channel<T>(State<Queue<T>>);

/// What became of an attempt to receive.
enum Received<T> {
    Message(T),
    Empty,
    Closed,
}

impl<T> Channel<T> {
    fn new(capacity: Option<usize>) -> Shared<Self> {
        Shared::new(Channel(State::new(Queue {
            messages: VecDeque::new(),
            room: VecDeque::new(),
            capacity,
            senders: 1,
            receiver: true,
            sent: 0,
            received: 0,
        })))
    }

    fn put(&self, value: T, caller: Caller) -> u64 {
        let stamp = engine::stamp();
        let (number, room) = self.0.with(|q| {
            q.messages.push_back((value, stamp));
            q.sent += 1;
            // A bounded channel's sender comes after the receive that made its room.
            let room = if q.capacity.is_some_and(|c| q.sent > c as u64) {
                q.room.pop_front()
            } else {
                None
            };
            (q.sent, room)
        });
        if let Some(room) = room {
            engine::learn(&room);
        }
        engine::record("send", &self.0.id, None, caller);
        engine::wake(&self.0.id, |kind| kind == WaitKind::Receive);
        number
    }

    fn send(&self, value: T, caller: Caller) -> Result<(), SendError<T>> {
        let id = &self.0.id;
        engine::enter(id, true);
        loop {
            let (open, full) = self.0.with(|q| {
                // A channel without room takes one message at a time, and hands it over.
                let full = q.capacity.is_some_and(|c| q.messages.len() >= c.max(1));
                (q.receiver, full)
            });
            if !open {
                return Err(SendError(value));
            }
            if !full {
                break;
            }
            engine::wait(id, WaitKind::Send, None, caller);
        }
        let number = self.put(value, caller);
        if self.0.with(|q| q.capacity == Some(0)) {
            while self.0.with(|q| q.received < number && q.receiver) {
                engine::wait(id, WaitKind::Send, None, caller);
            }
            if self.0.with(|q| q.received < number) {
                // The receiver went away with the message still there.
                if let Some((value, _)) = self.0.with(|q| q.messages.pop_back()) {
                    return Err(SendError(value));
                }
            }
        }
        Ok(())
    }

    fn try_send(&self, value: T, caller: Caller) -> Result<(), TrySendError<T>> {
        let id = &self.0.id;
        engine::enter(id, true);
        let receiver_waits = engine::is_awaited(id, WaitKind::Receive);
        let (open, full) = self.0.with(|q| {
            let full = match q.capacity {
                Some(0) => !receiver_waits || !q.messages.is_empty(),
                Some(capacity) => q.messages.len() >= capacity,
                None => false,
            };
            (q.receiver, full)
        });
        engine::looked(id, u64::from(full), caller);
        if !open {
            return Err(TrySendError::Disconnected(value));
        }
        if full {
            return Err(TrySendError::Full(value));
        }
        self.put(value, caller);
        Ok(())
    }

    fn take(&self, caller: Caller) -> Received<T> {
        let taken = self.0.with(|q| match q.messages.pop_front() {
            Some(message) => {
                q.received += 1;
                Some(message)
            }
            None => None,
        });
        match taken {
            Some((value, stamp)) => {
                engine::learn(&stamp);
                let mine = engine::stamp();
                self.0.with(|q| {
                    if q.capacity.is_some() {
                        q.room.push_back(mine);
                    }
                });
                engine::record("receive", &self.0.id, None, caller);
                engine::wake(&self.0.id, |kind| kind == WaitKind::Send);
                Received::Message(value)
            }
            None if self.0.with(|q| q.senders == 0) => {
                engine::acquire(&self.0.id);
                Received::Closed
            }
            None => Received::Empty,
        }
    }

    fn receive(&self, deadline: Option<u64>, caller: Caller) -> Result<T, RecvTimeoutError> {
        let id = &self.0.id;
        engine::enter(id, true);
        loop {
            match self.take(caller) {
                Received::Message(value) => return Ok(value),
                Received::Closed => return Err(RecvTimeoutError::Disconnected),
                Received::Empty => {}
            }
            engine::record("waits for a message", id, None, caller);
            if engine::wait(id, WaitKind::Receive, deadline, caller) {
                return match self.take(caller) {
                    Received::Message(value) => Ok(value),
                    Received::Closed => Err(RecvTimeoutError::Disconnected),
                    Received::Empty => Err(RecvTimeoutError::Timeout),
                };
            }
        }
    }

    /// One of the ends comes or goes.
    fn change(&self, change: impl FnOnce(&mut Queue<T>)) {
        let id = &self.0.id;
        engine::leave(id);
        engine::release(id);
        engine::acquire(id);
        self.0.with(change);
        engine::wake(id, |_| true);
    }
}

/// The sending end of a channel without bounds.
pub struct Sender<T>(Shared<Channel<T>>);
/// The sending end of a bounded channel.
pub struct SyncSender<T>(Shared<Channel<T>>);
/// The receiving end.
pub struct Receiver<T>(Shared<Channel<T>>);

// SAFETY: as the real ones; the state is looked at by one thread at a time.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Sender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for SyncSender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SyncSender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Receiver<T> {}

/// A channel without bounds.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Channel::new(None);
    (Sender(channel.clone()), Receiver(channel))
}

/// A channel for so many messages; with 0, sender and receiver meet.
pub fn sync_channel<T>(capacity: usize) -> (SyncSender<T>, Receiver<T>) {
    let channel = Channel::new(Some(capacity));
    (SyncSender(channel.clone()), Receiver(channel))
}

macro_rules! sender {
    ($name:ident) => {
        impl<T> $name<T> {
            /// Sends, and waits for room where there must be some.
            ///
            /// # Errors
            ///
            /// The receiver is gone.
            #[track_caller]
            pub fn send(&self, value: T) -> Result<(), SendError<T>> {
                self.0.send(value, Location::caller())
            }
        }
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                self.0.0.with(|q| q.senders += 1);
                $name(self.0.clone())
            }
        }
        impl<T> Drop for $name<T> {
            fn drop(&mut self) {
                self.0.change(|q| q.senders -= 1);
            }
        }
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

sender!(Sender);
sender!(SyncSender);

impl<T> SyncSender<T> {
    /// Sends if there is room.
    ///
    /// # Errors
    ///
    /// There is none, or the receiver is gone.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(value, Location::caller())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut left = VecDeque::new();
        self.0.change(|q| {
            q.receiver = false;
            if q.capacity != Some(0) {
                left = ::std::mem::take(&mut q.messages);
            }
        });
        // Whoever drops a message comes after it was sent.
        left.iter().for_each(|(_, stamp)| engine::learn(stamp));
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T> Receiver<T> {
    /// Waits for a message.
    ///
    /// # Errors
    ///
    /// All senders are gone.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.0
            .receive(None, Location::caller())
            .map_err(|_| RecvError)
    }
    /// Waits for a message, but not longer than this.
    ///
    /// # Errors
    ///
    /// The time is up, or all senders are gone.
    #[track_caller]
    pub fn recv_timeout(&self, duration: Duration) -> Result<T, RecvTimeoutError> {
        self.0.receive(Some(deadline(duration)), Location::caller())
    }
    /// A message, if there is one.
    ///
    /// # Errors
    ///
    /// There is none, or all senders are gone.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let caller = Location::caller();
        engine::enter(&self.0.0.id, true);
        let received = self.0.take(caller);
        let seen = u64::from(matches!(received, Received::Empty));
        engine::looked(&self.0.0.id, seen, caller);
        match received {
            Received::Message(value) => Ok(value),
            Received::Empty => Err(TryRecvError::Empty),
            Received::Closed => Err(TryRecvError::Disconnected),
        }
    }
    /// All messages, waiting for each.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }
    /// All messages that are there.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }
}

/// Waits for message after message.
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Receiver<T>);
/// Takes message after message.
#[derive(Debug)]
pub struct TryIter<'a, T>(&'a Receiver<T>);
/// Waits for message after message.
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;
    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}
