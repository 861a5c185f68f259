// Each thread collects in a buffer of its own, which is emptied into a shared one at its end.
use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::thread;

static ALL: Mutex<Vec<u32>> = Mutex::new(Vec::new());

struct Buffer(RefCell<Vec<u32>>);

impl Buffer {
    fn flush(&self) {
        ALL.lock().unwrap().append(&mut self.0.borrow_mut());
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.flush();
    }
}

thread_local! {
    static BUFFER: Buffer = const { Buffer(RefCell::new(Vec::new())) };
    static PUSHED: Cell<u32> = const { Cell::new(0) };
}

fn push(value: u32) {
    PUSHED.set(PUSHED.get() + 1);
    BUFFER.with(|b| b.0.borrow_mut().push(value));
}

#[test]
fn every_buffer_is_flushed() {
    let threads: Vec<_> = (1..=2)
        .map(|i| thread::spawn(move || { push(i); push(10 * i); PUSHED.get() }))
        .collect();
    push(100);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 2);
    }
    BUFFER.with(Buffer::flush);
    let mut all = ALL.lock().unwrap().clone();
    all.sort();
    assert_eq!((all, PUSHED.get()), (vec![1, 2, 10, 20, 100], 1));
}

//# bug takes_it_for_shared: panic
//-     let mut all = ALL.lock().unwrap().clone();
//-     all.sort();
//+     let mut all = ALL.lock().unwrap().clone();
//+     assert_eq!(PUSHED.get(), 5);
//+     all.sort();
//# bug flushes_twice_under_the_lock: deadlock
//-         ALL.lock().unwrap().append(&mut self.0.borrow_mut());
//+         let mut all = ALL.lock().unwrap();
//+         all.append(&mut self.0.borrow_mut());
//+         if all.len() > 2 {
//+             ALL.lock().unwrap().sort();
//+         }
//# bug pushes_while_it_is_dropped: panic
//-         self.flush();
//-     }
//- }
//+         self.flush();
//+         push(7);
//+     }
//+ }
//# bug lends_its_own: use-after-free, data-race
//-     let threads: Vec<_> = (1..=2)
//-         .map(|i| thread::spawn(move || { push(i); push(10 * i); PUSHED.get() }))
//-         .collect();
//+     let (send, receive) = std::sync::mpsc::channel();
//+     let threads: Vec<_> = (1..=2)
//+         .map(|i| { let send = send.clone(); thread::spawn(move || { push(i); push(10 * i); send.send(BUFFER.with(|b| b.0.as_ptr() as usize)).unwrap(); PUSHED.get() }) })
//+         .collect();
//+     let theirs = receive.recv().unwrap() as *const Vec<u32>;
//+     assert!(unsafe { (*theirs).len() } <= 2);
