use crate::submission::Rendezvous;
use std::sync::atomic::{AtomicBool, Ordering};

pub fn check() {
    let place = Rendezvous::new();
    let here = [AtomicBool::new(false), AtomicBool::new(false)];
    std::thread::scope(|s| {
        for side in [0, 1] {
            let (place, here) = (&place, &here);
            s.spawn(move || {
                here[side].store(true, Ordering::SeqCst);
                let got = place.meet(side, 10 + side as u32);
                assert!(here[1 - side].load(Ordering::SeqCst), "it went on alone");
                assert_eq!(got, 11 - side as u32);
            });
        }
    });
}
