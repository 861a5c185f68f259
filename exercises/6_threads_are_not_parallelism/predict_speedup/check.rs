use crate::chance::Chance;
use crate::submission::{amdahl, gustafson, serial_fraction};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

pub fn check(chance: &mut Chance) {
    assert!(near(amdahl(0.0, 8.0), 8.0), "all of it is shared out");
    assert!(near(amdahl(1.0, 8.0), 1.0), "nothing is shared out");
    assert!(near(amdahl(0.5, 2.0), 4.0 / 3.0));
    assert!(amdahl(0.1, 1e9) < 10.0);
    assert!(near(gustafson(0.1, 10.0), 9.1));
    assert!(near(gustafson(1.0, 64.0), 1.0));
    for _ in 0..3 {
        let serial = f64::from(chance.number(5..95)) / 100.0;
        let cores = f64::from(chance.number(2..100));
        // The time on one core, and on all of them, for work that takes one second on one.
        let speedup = 1.0 / (serial + (1.0 - serial) / cores);
        assert!(near(amdahl(serial, cores), speedup), "{serial} of the work, {cores} cores");
        // For work that takes one second on all of them, the time on one core.
        let alone = serial + (1.0 - serial) * cores;
        assert!(near(gustafson(serial, cores), alone), "{serial} of the time, {cores} cores");
        assert!(near(serial_fraction(speedup, cores), serial), "back from the speedup");
    }
}
