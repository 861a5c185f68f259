pub fn amdahl(serial: f64, cores: f64) -> f64 {
    cores / (1.0 - serial).max(1e-9)
}
pub fn gustafson(serial: f64, cores: f64) -> f64 {
    serial + (1.0 - serial) * cores
}
pub fn serial_fraction(speedup: f64, cores: f64) -> f64 {
    (1.0 / speedup - 1.0 / cores) / (1.0 - 1.0 / cores)
}
