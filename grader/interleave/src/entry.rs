//! The main function of an explored program.

/// Runs one of the program's checks, as the process's standard input says. `planted` has a race,
/// which must be found before any verdict.
pub fn __explore(checks: &[fn()], planted: fn()) -> ! {
    crate::explore::main(checks, planted)
}

/// What a check draws its inputs from.
pub fn __seed() -> u64 {
    crate::threads::seed()
}
