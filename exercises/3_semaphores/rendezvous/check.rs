use crate::chance::Chance;
use crate::submission::Rendezvous;
use std::sync::atomic::{AtomicBool, Ordering};

pub fn check(chance: &mut Chance) {
    let brought: [u32; 2] = chance.distinct(0..100);
    let place = Rendezvous::new();
    let here = [AtomicBool::new(false), AtomicBool::new(false)];
    std::thread::scope(|s| {
        for side in [0, 1] {
            let (place, here) = (&place, &here);
            s.spawn(move || {
                here[side].store(true, Ordering::SeqCst);
                let got = place.meet(side, brought[side]);
                assert!(here[1 - side].load(Ordering::SeqCst), "it went on alone");
                assert_eq!(got, brought[1 - side], "what the other brought");
            });
        }
    });
}
