//! Jupyter's own client and protocol suite against the test kernel, as processes.

mod environment;

/// All 13 tests of `jupyter_kernel_test`, none skipped.
#[test]
fn jupyters_protocol_suite_passes_whole() {
    environment::run("test_suite.py");
}

/// Heartbeat, interrupt, restart, shutdown, input and several clients, over both transports.
#[test]
fn a_jupyter_client_can_lead_a_kernels_whole_life() {
    environment::run("test_client.py");
}
