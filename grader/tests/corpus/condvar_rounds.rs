use std::sync::{Condvar, Mutex};

/// Two threads take turns.
#[derive(Default)]
pub struct Turns {
    next: Mutex<usize>,
    changed: Condvar,
}

impl Turns {
    pub fn take(&self, me: usize, log: &Mutex<Vec<usize>>) {
        let mut next = self.next.lock().unwrap();
        while *next % 2 != me {
            next = self.changed.wait(next).unwrap();
        }
        log.lock().unwrap().push(me);
        *next += 1;
        self.changed.notify_all();
    }
}

#[test]
fn they_alternate() {
    let (turns, log) = (Turns::default(), Mutex::new(Vec::new()));
    std::thread::scope(|s| {
        for me in 0..2 {
            let (turns, log) = (&turns, &log);
            s.spawn(move || (0..2).for_each(|_| turns.take(me, log)));
        }
    });
    assert_eq!(*log.lock().unwrap(), [0, 1, 0, 1]);
}

//# bug no_loop: panic, deadlock, lost-wake-up
//-         while *next % 2 != me {
//+         if *next % 2 != me {
//# bug forgets_to_pass_on: deadlock, lost-wake-up
//-         self.changed.notify_all();
//+ 
//# bug wrong_turn: panic, deadlock, lost-wake-up
//-         *next += 1;
//+         *next += 2;
//# bug lets_go_too_early: panic
//-         log.lock().unwrap().push(me);
//-         *next += 1;
//+         *next += 1;
//+         drop(next);
//+         self.changed.notify_all();
//+         log.lock().unwrap().push(me);
