//! Runs cells, for the tests.

use std::path::Path;
use tandem_cell::{Cell, CellId, Event, EventKind, Language, Outcome, Output, Unwatched};
use tandem_evcxr::{Rust, RustConfig, prepare};

/// A session of Rust cells.
pub struct Session {
    rust: Rust,
    output: Output,
    events: std::sync::mpsc::Receiver<Event>,
    number: u64,
}

/// What a cell did.
pub struct Ran {
    pub outcome: Outcome,
    pub value: Option<String>,
    pub text: String,
}

impl Session {
    pub fn start() -> Session {
        // The parts are built once for all tests of this folder.
        let data = Path::new(env!("CARGO_TARGET_TMPDIR"));
        prepare(data, &mut |_| {}).unwrap();
        let (directory, data) = (data.to_owned(), data.to_owned());
        let (output, events) = Output::channel();
        Session {
            rust: Rust::start(RustConfig { directory, data }).unwrap(),
            output,
            events,
            number: 0,
        }
    }

    pub fn run(&mut self, code: &str) -> Ran {
        self.number += 1;
        let cell = Cell::new(CellId(self.number), code);
        let outcome = self.rust.execute(&cell, &self.output, &mut Unwatched);
        let (mut value, mut text) = (None, Vec::new());
        for event in self.events.try_iter() {
            match event.kind {
                EventKind::Stream(_, bytes) => text.extend(bytes),
                EventKind::Result(bundle) => {
                    value = bundle.data["text/plain"].as_str().map(str::to_owned);
                }
                _ => {}
            }
        }
        let text = String::from_utf8(text).unwrap();
        Ran {
            outcome,
            value,
            text,
        }
    }

    /// Runs a cell that must end well, and answers its value.
    #[track_caller]
    pub fn ok(&mut self, code: &str) -> Option<String> {
        let ran = self.run(code);
        assert_eq!(ran.outcome, Outcome::Ok, "{code}");
        ran.value
    }

    /// Runs a cell that must fail, and answers the name of its error.
    #[track_caller]
    pub fn fails(&mut self, code: &str) -> String {
        match self.run(code).outcome {
            Outcome::Failed(error) => error.name,
            Outcome::Ok => panic!("`{code}` ended well"),
        }
    }
}
