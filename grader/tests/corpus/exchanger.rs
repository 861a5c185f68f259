// Two threads swap what they have; a third one finds nobody and gives up.
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

enum Slot<T> {
    Empty,
    Offered(T),
    Taken(T),
}

pub struct Exchanger<T> {
    slot: Mutex<Slot<T>>,
    changed: Condvar,
}

impl<T> Exchanger<T> {
    pub const fn new() -> Self {
        Exchanger { slot: Mutex::new(Slot::Empty), changed: Condvar::new() }
    }
    /// The other one's, or one's own again.
    pub fn exchange(&self, mine: T) -> Result<T, T> {
        let mut slot = self.slot.lock().unwrap();
        while let Slot::Taken(_) = *slot {
            slot = self.changed.wait(slot).unwrap();
        }
        if let Slot::Offered(_) = *slot {
            let theirs = std::mem::replace(&mut *slot, Slot::Taken(mine));
            self.changed.notify_all();
            let Slot::Offered(theirs) = theirs else { unreachable!() };
            return Ok(theirs);
        }
        *slot = Slot::Offered(mine);
        let wait = Duration::from_millis(100);
        (slot, _) = self.changed.wait_timeout_while(slot, wait, |s| matches!(s, Slot::Offered(_))).unwrap();
        let result = match std::mem::replace(&mut *slot, Slot::Empty) {
            Slot::Taken(theirs) => Ok(theirs),
            Slot::Offered(mine) => Err(mine),
            Slot::Empty => unreachable!("somebody else took it"),
        };
        self.changed.notify_all();
        result
    }
}

#[test]
fn what_is_given_is_got() {
    static PLACE: Exchanger<u32> = Exchanger::new();
    let others = [1, 2].map(|i| thread::spawn(move || PLACE.exchange(i)));
    let mine = PLACE.exchange(4);
    let all = others.map(|t| t.join().unwrap());
    let sum: u32 = all.iter().chain([&mine]).map(|r| match r { Ok(v) | Err(v) => *v }).sum();
    let swapped = all.iter().chain([&mine]).filter(|r| r.is_ok()).count();
    assert_eq!((sum, swapped % 2), (7, 0));
}

//# bug third_one_interferes: panic
//-         while let Slot::Taken(_) = *slot {
//-             slot = self.changed.wait(slot).unwrap();
//-         }
//-         if let Slot::Offered(_) = *slot {
//+         if let Slot::Offered(_) = *slot {
//# bug times_out_without_looking: panic
//-             Slot::Taken(theirs) => Ok(theirs),
//-             Slot::Offered(mine) => Err(mine),
//+             Slot::Taken(theirs) => Err(theirs),
//+             Slot::Offered(mine) => Err(mine),
//# bug empties_silently: deadlock, lost-wake-up
//-         self.changed.notify_all();
//-         result
//+         result
//# bug waits_without_end: deadlock, lost-wake-up
//-         (slot, _) = self.changed.wait_timeout_while(slot, wait, |s| matches!(s, Slot::Offered(_))).unwrap();
//+         let _ = wait;
//+         slot = self.changed.wait_while(slot, |s| matches!(s, Slot::Offered(_))).unwrap();
