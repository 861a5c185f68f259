use crate::submission::{amdahl, gustafson, serial_fraction};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

pub fn check() {
    assert!(near(amdahl(0.0, 8.0), 8.0), "all of it is shared out");
    assert!(near(amdahl(1.0, 8.0), 1.0), "nothing is shared out");
    assert!(near(amdahl(0.5, 2.0), 4.0 / 3.0));
    assert!(amdahl(0.1, 1e9) < 10.0);
    assert!(near(gustafson(0.1, 10.0), 9.1));
    assert!(near(gustafson(1.0, 64.0), 1.0));
    for serial in [0.05, 0.3, 0.9] {
        let speedup = amdahl(serial, 16.0);
        assert!(near(serial_fraction(speedup, 16.0), serial), "back from the speedup");
    }
}
