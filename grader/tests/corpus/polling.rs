use std::sync::Mutex;

/// Waits by asking again and again: slow, and right.
pub fn wait_for(done: &Mutex<bool>) {
    while !*done.lock().unwrap() {}
}

pub fn finish(done: &Mutex<bool>) {
    *done.lock().unwrap() = true;
}

#[test]
fn comes_to_an_end() {
    let done = Mutex::new(false);
    std::thread::scope(|s| {
        s.spawn(|| wait_for(&done));
        s.spawn(|| wait_for(&done));
        s.spawn(|| finish(&done));
    });
}

//# bug never_finished: livelock
//-     *done.lock().unwrap() = true;
//+     *done.lock().unwrap() = false;
//# bug holds_on: deadlock
//-     *done.lock().unwrap() = true;
//+     let mut guard = done.lock().unwrap();
//+     wait_for(done);
//+     *guard = true;
//# bug busy_for_ever: livelock
//-     while !*done.lock().unwrap() {}
//+     while !*done.lock().unwrap() { *done.lock().unwrap() = false; }
