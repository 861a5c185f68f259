//! A kernel for a language that only obeys commands, so that the protocol can be tested by any
//! Jupyter client without a compiler: `test_kernel CONNECTION_FILE [HISTORY_FILE]`.

mod language;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(connection_file) = arguments.next() else {
        eprintln!("usage: test_kernel CONNECTION_FILE [HISTORY_FILE]");
        return ExitCode::from(2);
    };
    match language::serve(
        Path::new(&connection_file),
        arguments.next().map(Into::into),
    ) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("test_kernel: {error}");
            ExitCode::FAILURE
        }
    }
}
