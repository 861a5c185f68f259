use crate::submission::Table;
use std::sync::atomic::{AtomicUsize, Ordering};

pub fn check() {
    for seats in [2, 3] {
        let table = Table::new(seats);
        let eating = AtomicUsize::new(0);
        std::thread::scope(|s| {
            for seat in 0..seats {
                let (table, eating) = (&table, &eating);
                s.spawn(move || {
                    table.dine(seat, || {
                        // With two or three forks, only one can have two of them.
                        assert_eq!(eating.fetch_add(1, Ordering::SeqCst), 0, "two eat at once");
                        eating.fetch_sub(1, Ordering::SeqCst);
                    })
                });
            }
        });
        assert_eq!(table.used(), vec![2; seats]);
    }
}
