use crate::submission::Semaphore;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub fn check() {
    let semaphore = Semaphore::new(1);
    std::thread::scope(|s| {
        s.spawn(|| {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let _permit = semaphore.acquire();
                panic!("on purpose");
            }));
            assert!(result.is_err());
        });
        drop(semaphore.acquire());
    });
    drop(semaphore.acquire());
}
