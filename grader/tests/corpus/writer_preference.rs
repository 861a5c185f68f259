// A read-write lock of a mutex and condition variables, in which writers go first (Courtois,
// Heymans and Parnas, 1971, the second problem).
use std::cell::UnsafeCell;
use std::sync::{Condvar, Mutex};

#[derive(Default)]
struct State {
    readers: u32,
    writes: bool,
    writers_wait: u32,
}

#[derive(Default)]
pub struct Shared<T> {
    state: Mutex<State>,
    may_read: Condvar,
    may_write: Condvar,
    value: UnsafeCell<T>,
}
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub fn read<R>(&self, body: impl FnOnce(&T) -> R) -> R {
        let mut state = self.state.lock().unwrap();
        while state.writes || state.writers_wait > 0 {
            state = self.may_read.wait(state).unwrap();
        }
        state.readers += 1;
        drop(state);
        let result = body(unsafe { &*self.value.get() });
        let mut state = self.state.lock().unwrap();
        state.readers -= 1;
        if state.readers == 0 {
            self.may_write.notify_one();
        }
        result
    }
    pub fn write<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        let mut state = self.state.lock().unwrap();
        state.writers_wait += 1;
        while state.writes || state.readers > 0 {
            state = self.may_write.wait(state).unwrap();
        }
        state.writers_wait -= 1;
        state.writes = true;
        drop(state);
        let result = body(unsafe { &mut *self.value.get() });
        let mut state = self.state.lock().unwrap();
        state.writes = false;
        if state.writers_wait > 0 {
            self.may_write.notify_one();
        } else {
            self.may_read.notify_all();
        }
        result
    }
}

#[test]
fn reads_and_writes() {
    let shared = Shared::<(u32, u32)>::default();
    std::thread::scope(|s| {
        s.spawn(|| shared.read(|v| assert_eq!(v.0, v.1)));
        s.spawn(|| shared.read(|v| assert_eq!(v.0, v.1)));
        s.spawn(|| shared.write(|v| *v = (v.0 + 1, v.1 + 1)));
        shared.write(|v| *v = (v.0 + 1, v.1 + 1));
    });
    assert_eq!(shared.read(|v| *v), (2, 2));
}

//# bug wakes_one_reader: deadlock, lost-wake-up
//-             self.may_read.notify_all();
//+             self.may_read.notify_one();
//# bug if_instead_of_while: data-race
//-         while state.writes || state.readers > 0 {
//-             state = self.may_write.wait(state).unwrap();
//-         }
//+         if state.writes || state.readers > 0 {
//+             state = self.may_write.wait(state).unwrap();
//+         }
//# bug writer_ignores_readers: data-race
//-         while state.writes || state.readers > 0 {
//+         while state.writes {
//# bug only_readers_are_woken: deadlock, lost-wake-up
//-         if state.writers_wait > 0 {
//-             self.may_write.notify_one();
//-         } else {
//-             self.may_read.notify_all();
//-         }
//+         self.may_read.notify_all();
//# bug last_reader_says_nothing: deadlock, lost-wake-up
//-         if state.readers == 0 {
//-             self.may_write.notify_one();
//-         }
//-         result
//+         result
