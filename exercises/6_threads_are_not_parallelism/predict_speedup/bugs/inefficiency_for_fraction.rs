pub fn amdahl(serial: f64, cores: f64) -> f64 {
    1.0 / (serial + (1.0 - serial) / cores)
}
pub fn gustafson(serial: f64, cores: f64) -> f64 {
    serial + (1.0 - serial) * cores
}
pub fn serial_fraction(speedup: f64, cores: f64) -> f64 {
    1.0 - speedup / cores
}
