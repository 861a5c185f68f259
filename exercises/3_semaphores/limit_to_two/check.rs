use crate::submission::Gate;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

pub fn check() {
    let gate = Gate::new();
    let inside = AtomicU32::new(0);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                gate.pass(|| {
                    assert!(inside.fetch_add(1, Ordering::Relaxed) < 2, "three are inside");
                    inside.fetch_sub(1, Ordering::Relaxed);
                })
            });
        }
    });
    for _ in 0..2 {
        let panics = AssertUnwindSafe(|| gate.pass(|| panic!("on purpose")));
        assert!(catch_unwind(panics).is_err());
    }
    let both = Barrier::new(2);
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| gate.pass(|| both.wait().is_leader()));
        }
    });
}
