//! How a cell that did not end well is explained to its user.

use crate::diagnostics::{self, Lines};
use crate::service::Artifact;
use crate::worker::{End, Ran};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use tandem_cell::{Cell, CellError, Outcome};

/// An error of one line.
pub fn failure(name: &str, value: impl Into<String>) -> CellError {
    match Outcome::failed(name, value) {
        Outcome::Failed(error) => error,
        Outcome::Ok => unreachable!("`failed` makes failures"),
    }
}

/// The error of a run that did not end well.
pub fn explain(ran: &Ran, cell: &Cell, artifact: &Artifact) -> Option<CellError> {
    let mut error = match &ran.end {
        End::Done => return None,
        End::Panic(message, line) => {
            let lines = Lines::new(&artifact.source.text, &cell.code);
            diagnostics::panic_error(message, line.and_then(|line| lines.of(line)), &cell.code)
        }
        End::QuestionMark(error, line) => {
            let lines = Lines::new(&artifact.source.text, &cell.code);
            let line = line.and_then(|line| lines.of(line));
            diagnostics::located("Err", error, line, &cell.code)
        }
        End::Interrupted => failure("KeyboardInterrupt", "the cell was stopped"),
        End::Died(status) => failure(&died(*status), what_died(*status)),
        End::Load(error) => failure("LoadError", error.clone()),
    };
    if ran.all_lost {
        error
            .traceback
            .push("All variables of Rust cells are lost.".to_owned());
    } else if ran.threads > 0 {
        error.traceback.push(format!(
            "Variables are as they were before the cell. Lost: {} background thread(s) of earlier cells.",
            ran.threads
        ));
    } else {
        error
            .traceback
            .push("Variables are as they were before the cell.".to_owned());
    }
    Some(error)
}

fn died(status: ExitStatus) -> String {
    match status.signal() {
        Some(libc::SIGSEGV) => "SIGSEGV".to_owned(),
        Some(libc::SIGABRT) => "SIGABRT".to_owned(),
        Some(libc::SIGBUS) => "SIGBUS".to_owned(),
        Some(libc::SIGILL) => "SIGILL".to_owned(),
        Some(libc::SIGFPE) => "SIGFPE".to_owned(),
        Some(libc::SIGKILL) => "SIGKILL".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => "exit".to_owned(),
    }
}

fn what_died(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(libc::SIGSEGV), _) => "the cell used memory that is not its own".to_owned(),
        (Some(libc::SIGABRT), _) => {
            "the cell aborted (a stack overflow, or a panic that could not unwind)".to_owned()
        }
        (Some(libc::SIGKILL), _) => {
            "the cell was killed, perhaps because the machine ran out of memory".to_owned()
        }
        (Some(signal), _) => format!("the cell was ended by signal {signal}"),
        (None, code) => format!(
            "the cell ended the process with status {}",
            code.unwrap_or(0)
        ),
    }
}
