//! Variables between cells, whichever way a cell is compiled: written out directly, with types that
//! rustc infers, or by evcxr.

mod session;

use session::Session;

#[test]
fn variables_of_any_nameable_type_are_kept() {
    let mut session = Session::start();
    session.ok("struct Own<T>(T);\nimpl<T: Copy> Own<T> { fn get(&self) -> T { self.0 } }");
    for (name, value, shown) in [
        ("number", "-5", "-5"),
        ("text", "String::from(\"a\")", "\"a\""),
        ("slice", "&[1u8, 2][..]", "[1, 2]"),
        (
            "nested",
            "vec![Some((1, 'c')), None]",
            "[Some((1, 'c')), None]",
        ),
        (
            "map",
            "std::collections::BTreeMap::from([(1, \"b\")])",
            "{1: \"b\"}",
        ),
        ("result", "\"7\".parse::<u8>()", "Ok(7)"),
        ("pointer", "f64::sqrt as fn(f64) -> f64", "true"),
        ("atomic", "std::sync::atomic::AtomicUsize::new(3)", "3"),
        ("duration", "std::time::Duration::from_millis(5)", "5ms"),
        (
            "boxed",
            "Box::new(4) as Box<dyn std::fmt::Debug + Send>",
            "4",
        ),
    ] {
        session.ok(&format!("let {name} = {value};"));
        let expression = match name {
            "pointer" => "pointer(4.0) == 2.0".to_owned(),
            _ => name.to_owned(),
        };
        assert_eq!(session.ok(&expression).as_deref(), Some(shown), "{name}");
    }
    session.ok("trait Shape { fn area(&self) -> f64; }\nimpl Shape for f64 { fn area(&self) -> f64 { *self } }");
    session.ok("let shapes: Vec<Box<dyn Shape>> = vec![Box::new(2.0)];");
    assert_eq!(session.ok("shapes[0].area()").unwrap(), "2.0");
    session.ok("let twice: Box<dyn Fn(&str) -> usize> = Box::new(|text| text.len() * 2);");
    assert_eq!(session.ok("twice(\"abc\")").unwrap(), "6");
    session.ok("let own = Own(7u8);");
    assert_eq!(session.ok("own.get()").unwrap(), "7");
    session.ok("let shared = std::sync::Arc::new(std::sync::Mutex::new(vec![1]));");
    session.ok("std::thread::scope(|s| { s.spawn(|| shared.lock().unwrap().push(2)); });");
    assert_eq!(session.ok("shared.lock().unwrap().len()").unwrap(), "2");
}

#[test]
fn both_ways_see_the_same_variables() {
    let mut session = Session::start();
    session.ok("let mut list = vec![1];");
    // An item takes the cell to evcxr.
    session.ok("fn more(list: &mut Vec<i32>) { list.push(2); }\nmore(&mut list);");
    assert_eq!(session.run("println!(\"{}\", list.len());").text, "2\n");
    // A moved variable is gone, and its name is free.
    session.ok("let taken = list;");
    assert_eq!(session.fails("list.len()"), "E0425");
    session.ok("let list = 5_usize;");
    assert_eq!(session.ok("list + taken.len()").unwrap(), "7");
    // What is not `mut` stays so.
    assert_eq!(session.fails("list += 1;"), "E0384");
    session.ok("let list = \"another type\";");
    session.ok("fn text() -> usize { 1 }\nlet length = list.len() + text();");
    assert_eq!(session.ok("length").unwrap(), "13");
    session.ok("let (a, mut b) = (1, 2); b += a;");
    assert_eq!(
        session
            .ok("let number: u8 = \"3\".parse()?; a + b + number as i32")
            .unwrap(),
        "7"
    );
}

#[test]
fn a_function_can_be_defined_anew() {
    let mut session = Session::start();
    session.ok("fn one() -> i32 { 1 }\nfn other() -> i32 { one() + 10 }\none()");
    session.ok("/// Better.\nfn one() -> i32 { 2 }");
    assert_eq!(session.ok("one() + other()").unwrap(), "14");
    session.ok("struct S;\nimpl S { fn get(&self) -> i32 { one() } }");
    session.ok("fn one() -> i64 { 3 }\nimpl S { fn more(&self) -> i64 { one() } }\nfn other() {}\nstruct S;");
    assert_eq!(session.ok("S.more()").unwrap(), "3");
    session.ok("fn one() -> u8 { 4 }");
    assert_eq!(session.fails("fn one() -> u8 { \"no\" }"), "E0308");
    assert_eq!(session.ok("one()").unwrap(), "4");
}

#[test]
fn a_cell_that_fails_leaves_the_variables_alone() {
    let mut session = Session::start();
    session.ok("let mut kept = vec![1, 2];");
    assert_eq!(
        session.fails("kept.push(3); panic!(\"on purpose\");"),
        "panic"
    );
    assert_eq!(
        session.fails("let kept = 9; let other = 1; panic!();"),
        "panic"
    );
    assert_eq!(session.ok("kept.clone()").unwrap(), "[1, 2]");
    assert_eq!(session.fails("other"), "E0425");
    assert_eq!(session.fails("let other: String = 5;"), "E0308");
    assert_eq!(
        session.fails("fn wrong() -> u8 { 1 }\nlet kept = wrong(); panic!();"),
        "panic"
    );
    assert_eq!(session.ok("kept.clone()").unwrap(), "[1, 2]");
}

#[test]
fn what_cannot_be_kept_is_said() {
    let mut session = Session::start();
    let closure = session.run("let f = |x: i32| x + 1;");
    assert!(
        format!("{:?}", closure.outcome).contains("closure"),
        "{:?}",
        closure.outcome
    );
    session.ok("let owner = String::from(\"a\");");
    let reference = session.run("let reference = &owner;");
    assert!(
        format!("{:?}", reference.outcome).contains("reference"),
        "{:?}",
        reference.outcome
    );
    assert_eq!(session.ok("owner").unwrap(), "\"a\"");
}
