use crate::submission::Ticket;

pub fn check() {
    let lock = Ticket::default();
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| lock.with(|value| *value += 1));
        }
    });
    lock.with(|value| assert_eq!(*value, 3));
}
