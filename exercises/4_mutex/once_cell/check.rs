use crate::chance::Chance;
use crate::submission::Lazy;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

pub fn check(chance: &mut Chance) {
    let [value, other] = chance.distinct(0..100);
    let lazy = Lazy::new();
    let made = AtomicU32::new(0);
    let get = || lazy.get(|| value + made.fetch_add(1, Ordering::SeqCst));
    let (a, b) = std::thread::scope(|s| {
        let a = s.spawn(get);
        let b = get();
        (a.join().unwrap(), b)
    });
    assert_eq!((a, b), (value, value), "both get the one value");
    assert_eq!(made.load(Ordering::SeqCst), 1, "it is made once");
    let lazy = Lazy::new();
    assert!(catch_unwind(AssertUnwindSafe(|| lazy.get(|| panic!("this maker fails")))).is_err());
    assert_eq!(lazy.get(|| other), other, "after a failure, the next maker is asked");
}
