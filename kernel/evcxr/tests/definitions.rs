//! What becomes of variables and statics when a definition they depend on changes. Memory of
//! the old form must never be read in the new one, and a cell that fails must cost nothing.

mod session;

use session::Session;
use tandem_cell::Outcome;

/// Changes a definition, which must cost `name`.
#[track_caller]
fn drops(session: &mut Session, code: &str, name: &str) {
    let ran = session.run(code);
    assert_eq!(ran.outcome, Outcome::Ok, "{code}");
    assert!(
        ran.text.contains(&format!("`{name}`")),
        "{code}: {}",
        ran.text
    );
    assert_eq!(
        session.fails(&format!("println!(\"{{:?}}\", {name});")),
        "E0425"
    );
}

#[test]
fn no_memory_is_read_in_another_form() {
    let mut session = Session::start();
    session.ok("#[derive(Debug)] struct Direct { a: u8 }");
    session.ok("let inside = vec![Some(Direct { a: 1 })];");
    drops(
        &mut session,
        "#[derive(Debug)] struct Direct { a: String, b: [u64; 9] }",
        "inside",
    );

    session.ok("const LENGTH: usize = 1;\n#[derive(Debug)] struct Sized { x: [u64; LENGTH] }");
    session.ok("let sized = Sized { x: [3; LENGTH] };");
    drops(&mut session, "const LENGTH: usize = 40;", "sized");

    session.ok("mod shapes { #[derive(Debug)] pub struct Square { pub a: u8 } }");
    session.ok("let square = shapes::Square { a: 7 };");
    drops(
        &mut session,
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
