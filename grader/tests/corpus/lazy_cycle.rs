// Values that are made once, and need each other.
extern crate std as library;
use library::sync::{Mutex, Once, OnceLock};

static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
static LONGEST: OnceLock<usize> = OnceLock::new();
static LOG: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
static START: Once = Once::new();

fn log(text: &'static str) {
    START.call_once(|| LOG.lock().unwrap().push("start"));
    LOG.lock().unwrap().push(text);
}

fn names() -> &'static [&'static str] {
    NAMES.get_or_init(|| {
        log("names");
        vec!["one", "three"]
    })
}

fn longest() -> usize {
    *LONGEST.get_or_init(|| names().iter().map(|n| n.len()).max().unwrap_or(0))
}

#[test]
fn each_is_made_once() {
    library::thread::scope(|s| {
        s.spawn(|| assert_eq!(names().len(), 2));
        assert_eq!(longest(), 5);
    });
    assert_eq!(*LOG.lock().unwrap(), ["start", "names"]);
}

//# bug needs_itself: deadlock
//-         log("names");
//-         vec!["one", "three"]
//+         log("names");
//+         vec![["one", "three"][longest() % 2]]
//# bug starts_while_it_starts: deadlock
//-     START.call_once(|| LOG.lock().unwrap().push("start"));
//+     START.call_once(|| log("start"));
//# bug logs_under_the_lock: deadlock
//-     START.call_once(|| LOG.lock().unwrap().push("start"));
//-     LOG.lock().unwrap().push(text);
//+     let mut log = LOG.lock().unwrap();
//+     START.call_once(|| LOG.lock().unwrap().push("start"));
//+     log.push(text);
//# bug checks_by_hand: panic
//-     NAMES.get_or_init(|| {
//-         log("names");
//-         vec!["one", "three"]
//-     })
//+     if NAMES.get().is_none() {
//+         log("names");
//+         let _ = NAMES.set(vec!["one", "three"]);
//+     }
//+     NAMES.get().unwrap()
