// The cigarette smokers (Patil, 1971): an agent lays out two of three things, and the smoker who
// has the third takes both.
use std::sync::{Condvar, Mutex};
use std::thread;

#[derive(Default)]
struct Table {
    things: [bool; 3],
    ends: bool,
}

static TABLE: Mutex<Table> = Mutex::new(Table { things: [false; 3], ends: false });
static CHANGED: Condvar = Condvar::new();

fn smoker(own: usize) -> u32 {
    let (a, b) = ((own + 1) % 3, (own + 2) % 3);
    let mut smoked = 0;
    loop {
        let mut table = TABLE.lock().unwrap();
        while !(table.things[a] && table.things[b]) {
            if table.ends {
                return smoked;
            }
            table = CHANGED.wait(table).unwrap();
        }
        table.things[a] = false;
        table.things[b] = false;
        smoked += 1;
        CHANGED.notify_all();
    }
}

fn agent() {
    for missing in [0, 2] {
        let mut table = TABLE.lock().unwrap();
        table.things = [missing != 0, missing != 1, missing != 2];
        CHANGED.notify_all();
        while table.things.contains(&true) {
            table = CHANGED.wait(table).unwrap();
        }
    }
    TABLE.lock().unwrap().ends = true;
    CHANGED.notify_all();
}

fn main() {
    let smokers = [0, 1, 2].map(|own| thread::spawn(move || smoker(own)));
    agent();
    let smoked = smokers.map(|s| s.join().unwrap());
    assert_eq!(smoked, [1, 0, 1]);
}

//# bug wakes_only_one: deadlock, lost-wake-up
//-         table.things = [missing != 0, missing != 1, missing != 2];
//-         CHANGED.notify_all();
//+         table.things = [missing != 0, missing != 1, missing != 2];
//+         CHANGED.notify_one();
//# bug takes_one_thing_after_the_other: deadlock, lost-wake-up
//-         while !(table.things[a] && table.things[b]) {
//-             if table.ends {
//-                 return smoked;
//-             }
//-             table = CHANGED.wait(table).unwrap();
//-         }
//-         table.things[a] = false;
//-         table.things[b] = false;
//+         for thing in [a, b] {
//+             while !table.things[thing] {
//+                 if table.ends {
//+                     return smoked;
//+                 }
//+                 table = CHANGED.wait(table).unwrap();
//+             }
//+             table.things[thing] = false;
//+         }
//# bug end_is_not_announced: deadlock, lost-wake-up
//-     TABLE.lock().unwrap().ends = true;
//-     CHANGED.notify_all();
//+     TABLE.lock().unwrap().ends = true;
//# bug smoker_says_nothing: deadlock, lost-wake-up
//-         smoked += 1;
//-         CHANGED.notify_all();
//+         smoked += 1;
