//! What becomes of variables and statics when a definition they depend on changes. Memory of
//! the old form must never be read in the new one, and a cell that fails must cost nothing.

use std::path::Path;
use tandem_cell::{Cell, CellId, Event, EventKind, Language, Outcome, Output, Unwatched};
use tandem_evcxr::{Rust, RustConfig, prepare};

struct Session {
    rust: Rust,
    output: Output,
    events: std::sync::mpsc::Receiver<Event>,
    number: u64,
}

struct Ran {
    outcome: Outcome,
    value: Option<String>,
    text: String,
}

impl Session {
    fn start() -> Session {
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

    fn run(&mut self, code: &str) -> Ran {
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
    fn ok(&mut self, code: &str) -> Option<String> {
        let ran = self.run(code);
        assert_eq!(ran.outcome, Outcome::Ok, "{code}");
        ran.value
    }

    /// Runs a cell that must fail, and answers the name of its error.
    #[track_caller]
    fn fails(&mut self, code: &str) -> String {
        match self.run(code).outcome {
            Outcome::Failed(error) => error.name,
            Outcome::Ok => panic!("`{code}` ended well"),
        }
    }

    /// Changes a definition, which must cost `name`.
    #[track_caller]
    fn drops(&mut self, code: &str, name: &str) {
        let ran = self.run(code);
        assert_eq!(ran.outcome, Outcome::Ok, "{code}");
        assert!(
            ran.text.contains(&format!("`{name}`")),
            "{code}: {}",
            ran.text
        );
        assert_eq!(
            self.fails(&format!("println!(\"{{:?}}\", {name});")),
            "E0425"
        );
    }
}

#[test]
fn no_memory_is_read_in_another_form() {
    let mut session = Session::start();
    session.ok("#[derive(Debug)] struct Direct { a: u8 }");
    session.ok("let inside = vec![Some(Direct { a: 1 })];");
    session.drops(
        "#[derive(Debug)] struct Direct { a: String, b: [u64; 9] }",
        "inside",
    );

    session.ok("const LENGTH: usize = 1;\n#[derive(Debug)] struct Sized { x: [u64; LENGTH] }");
    session.ok("let sized = Sized { x: [3; LENGTH] };");
    session.drops("const LENGTH: usize = 40;", "sized");

    session.ok("mod shapes { #[derive(Debug)] pub struct Square { pub a: u8 } }");
    session.ok("let square = shapes::Square { a: 7 };");
    session.drops(
        "mod shapes { #[derive(Debug)] pub struct Square { pub s: String } }",
        "square",
    );

    session.ok("#[derive(Debug, Clone)] struct Entry { a: u8 }");
    session.ok("static ENTRIES: std::sync::Mutex<Vec<Entry>> = std::sync::Mutex::new(Vec::new());");
    session.ok("ENTRIES.lock().unwrap().push(Entry { a: 9 });");
    assert_eq!(
        session.ok("ENTRIES.lock().unwrap().clone()").unwrap(),
        "[Entry { a: 9 }]"
    );
    let changed =
        session.run("#[derive(Debug, Clone)] struct Entry { text: String, more: [u64; 5] }");
    assert!(changed.text.contains("`ENTRIES`"), "{}", changed.text);
    assert_eq!(session.ok("ENTRIES.lock().unwrap().clone()").unwrap(), "[]");
}

#[test]
fn a_failed_redefinition_costs_no_variable() {
    let mut session = Session::start();
    session.ok("#[derive(Debug)] struct Kept { a: u8 }\nimpl Kept { fn twice(&self) -> u8 { self.a * 2 } }");
    session.ok("let kept = Kept { a: 7 };");
    assert_eq!(session.fails("struct Kept { a: NoSuchType }"), "E0425");
    assert_eq!(session.ok("kept.twice()").unwrap(), "14");
    assert_eq!(
        session.fails("struct Kept { text: String }\npanic!(\"on purpose\");"),
        "panic"
    );
    assert_eq!(session.ok("kept.twice()").unwrap(), "14");
    // The same form again, with one more derive, is no change.
    session.ok("#[derive(Debug, Clone)] struct Kept { a: u8 }");
    assert_eq!(session.ok("kept.a").unwrap(), "7");
}

#[test]
fn a_command_of_evcxr_cannot_end_the_kernel() {
    let mut session = Session::start();
    session.ok("let here = 1;");
    for command in [":quit", ":clear", ":restart"] {
        assert_eq!(session.fails(command), "CommandError", "{command}");
    }
    assert_eq!(session.ok("here").unwrap(), "1");
}
