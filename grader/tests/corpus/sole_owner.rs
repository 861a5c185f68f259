// Results are collected in a shared list, which is taken apart when all are done.
use std::sync::{Arc, Mutex, Weak};
use std::thread;

#[derive(Debug)]
pub struct Results(Mutex<Vec<u32>>);

pub fn collect() -> Vec<u32> {
    let results = Arc::new(Results(Mutex::new(Vec::new())));
    let watcher: Weak<Results> = Arc::downgrade(&results);
    let threads: Vec<_> = (0..2)
        .map(|i| {
            let results = Arc::clone(&results);
            thread::spawn(move || results.0.lock().unwrap().push(i))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let results = Arc::try_unwrap(results).expect("all others are gone");
    assert!(watcher.upgrade().is_none());
    results.0.into_inner().unwrap()
}

#[test]
fn all_results_are_there() {
    let mut results = collect();
    results.sort();
    assert_eq!(results, [0, 1]);
}

//# bug takes_it_apart_before: panic
//-     for thread in threads {
//-         thread.join().unwrap();
//-     }
//-     let results = Arc::try_unwrap(results).expect("all others are gone");
//+     let results = Arc::try_unwrap(results).expect("all others are gone");
//+     for thread in threads {
//+         thread.join().unwrap();
//+     }
//# bug looks_at_the_count: data-race
//-             thread::spawn(move || results.0.lock().unwrap().push(i))
//+             thread::spawn(move || {
//+                 if Arc::strong_count(&results) == 2 {
//+                     let all = unsafe { &mut *(&raw const results.0).cast_mut() };
//+                     all.get_mut().unwrap().push(i);
//+                 } else {
//+                     results.0.lock().unwrap().push(i)
//+                 }
//+             })
//# bug watcher_holds_on: panic
//-     let results = Arc::try_unwrap(results).expect("all others are gone");
//-     assert!(watcher.upgrade().is_none());
//+     let seen = thread::spawn(move || watcher.upgrade().map(|r| r.0.lock().unwrap().len()));
//+     let results = Arc::try_unwrap(results).expect("all others are gone");
//+     let _ = seen.join().unwrap();
