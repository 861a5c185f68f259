// A hand-written executor: a future is polled until it is ready, and the thread parks meanwhile.
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(unpark.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        while !unpark.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

#[derive(Default)]
struct State {
    value: Option<u32>,
    waker: Option<Waker>,
}

#[derive(Clone, Default)]
pub struct Later(Arc<Mutex<State>>);

impl Later {
    pub fn set(&self, value: u32) {
        let mut state = self.0.lock().unwrap();
        state.value = Some(value);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Later {
    type Output = u32;
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        let mut state = self.0.lock().unwrap();
        match state.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[test]
fn two_values_arrive() {
    let (a, b) = (Later::default(), Later::default());
    let (first, second) = (a.clone(), b.clone());
    let setter = thread::spawn(move || {
        first.set(1);
        second.set(2);
    });
    assert_eq!(block_on(async { a.await + b.await }), 3);
    setter.join().unwrap();
}

//# bug registers_between_two_locks: deadlock, lost-wake-up
//-         let mut state = self.0.lock().unwrap();
//-         match state.value.take() {
//-             Some(value) => Poll::Ready(value),
//-             None => {
//-                 state.waker = Some(context.waker().clone());
//-                 Poll::Pending
//-             }
//-         }
//+         let value = self.0.lock().unwrap().value.take();
//+         match value {
//+             Some(value) => Poll::Ready(value),
//+             None => {
//+                 self.0.lock().unwrap().waker = Some(context.waker().clone());
//+                 Poll::Pending
//+             }
//+         }
//# bug wakes_before_it_sets: deadlock, lost-wake-up
//-         state.value = Some(value);
//-         let waker = state.waker.take();
//-         drop(state);
//-         if let Some(waker) = waker {
//-             waker.wake();
//-         }
//+         let waker = state.waker.take();
//+         drop(state);
//+         if let Some(waker) = waker {
//+             waker.wake();
//+         }
//+         self.0.lock().unwrap().value = Some(value);
//# bug flag_is_not_set: deadlock, livelock
//-         self.woken.store(true, Ordering::Release);
//-         self.thread.unpark();
//+         self.thread.unpark();
//# bug never_unparked: deadlock
//-         self.woken.store(true, Ordering::Release);
//-         self.thread.unpark();
//+         self.woken.store(true, Ordering::Release);
//# bug forgets_its_waker: deadlock
//-                 state.waker = Some(context.waker().clone());
//-                 Poll::Pending
//+                 state.waker.get_or_insert_with(|| Waker::noop().clone());
//+                 Poll::Pending
