use std::sync::Mutex;

static A: Mutex<u64> = Mutex::new(0);

fn work() {
    let first = A.lock().unwrap();
    let second = A.lock().unwrap();
    drop((first, second));
}
