use crate::chance::Chance;
use crate::submission::Pool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub fn check(chance: &mut Chance) {
    let [a, b, c] = chance.numbers(1..100);
    let done = Arc::new(AtomicU32::new(0));
    let pool = Pool::new(1);
    pool.run(|| std::panic::panic_any("a task that panics"));
    for amount in [a, b] {
        let done = done.clone();
        pool.run(move || {
            done.fetch_add(amount, Ordering::SeqCst);
        });
    }
    drop(pool);
    assert_eq!(
        done.load(Ordering::SeqCst),
        a + b,
        "all tasks are done when the pool is gone"
    );
    let pool = Pool::new(2);
    let other = done.clone();
    pool.run(move || {
        other.fetch_add(c, Ordering::SeqCst);
    });
    drop(pool);
    assert_eq!(done.load(Ordering::SeqCst), a + b + c);
}
