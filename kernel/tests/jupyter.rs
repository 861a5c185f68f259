//! The kernel driven by a real Jupyter client.

mod support;

#[test]
fn the_protocol_suite_passes_whole_for_rust_and_for_python_cells() {
    support::python_alone("test_protocol_suite.py");
}

#[test]
fn rust_cells_lose_nothing_that_other_kernels_lose() {
    support::python("test_what_others_get_wrong.py", &[]);
}

#[test]
fn python_cells_do_what_a_reader_expects() {
    support::python("test_python_cells.py", &[]);
}

#[test]
fn lanes_run_side_by_side_and_values_move_between_the_languages() {
    support::python("test_side_by_side.py", &[]);
}

#[test]
fn jupyterlab_runs_the_first_notebook_and_shows_its_pictures() {
    let notebooks = concat!(env!("CARGO_MANIFEST_DIR"), "/../notebooks");
    let pictures = concat!(env!("CARGO_TARGET_TMPDIR"), "/screenshots");
    support::python(
        "test_in_the_browser.py",
        &[support::program(), notebooks, pictures],
    );
}

#[test]
fn submissions_are_judged_in_the_notebook() {
    support::python("test_checker_cells.py", &[]);
}
