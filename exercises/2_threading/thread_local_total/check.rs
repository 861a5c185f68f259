use crate::submission::{add, flush, total};

pub fn check() {
    let forgetful = std::thread::spawn(|| {
        add(1);
        add(2);
    });
    let tidy = std::thread::spawn(|| {
        add(10);
        flush();
        add(20);
        flush();
        flush();
    });
    forgetful.join().unwrap();
    tidy.join().unwrap();
    assert_eq!(total(), 33);
}
