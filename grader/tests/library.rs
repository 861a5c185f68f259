//! Programs that use every stable function of `std::sync`, `std::thread`, `std::time` and
//! `std::hint`, and say what each does: they hold natively, and so they must on the model.

use std::path::Path;
use tandem_grader::explore::{Options, explore};
use tandem_grader::verdict::Outcome;

/// Explores a program of the folder, on both of the optimisation levels at which code differs most.
#[track_caller]
fn holds(name: &str) {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // SAFETY: the same value from every test, and read by them alone.
    unsafe { std::env::set_var("TANDEM_CACHE_DIR", tmp.join("cache")) };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/library/{name}.rs"));
    for opt_level in [0, 2] {
        let options = Options {
            executions: 300,
            opt_level,
            ..Options::default()
        };
        let verdict = explore(&path, None, &options, &mut |_| ()).expect("a toolchain");
        let found: Vec<_> = verdict
            .findings
            .iter()
            .map(|f| (&f.check, f.kind, &f.message))
            .collect();
        assert_eq!(
            verdict.verdict,
            Outcome::Pass,
            "{}\n{found:#?}",
            verdict.message
        );
    }
}

#[test]
fn every_atomic_operation_is_modelled() {
    holds("atomics");
}

#[test]
fn every_function_of_threads_and_time_is_modelled() {
    holds("threads");
}

#[test]
fn every_lock_and_channel_is_modelled() {
    holds("sync");
}
