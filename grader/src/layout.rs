//! How the files of a submission become a program.
//!
//! A file with entries of its own is the root of its crate, as it is where it comes from: `crate::`
//! means itself. With a check, both are modules below a root of ours, and the check reaches the
//! submission as `crate::submission`. A check may take a `&mut Chance`, `crate::chance::Chance`, to draw
//! its inputs from the seed: `chance.rs` is that module.

use crate::compile::Program;
use crate::source::{Source, entry_function};
use anyhow::Result;
use std::path::Path;

/// What to call the compiler with.
pub struct Roots {
    /// For its messages about the program as it is.
    pub native: Vec<String>,
    /// For the explored program.
    pub modelled: Vec<String>,
}

/// A race that every exploration must find before it may say that there is none.
const PLANTED: &str = "fn __planted() {
    static mut PLANTED: u32 = 0;
    let other = ::std::thread::spawn(|| unsafe { *::std::hint::black_box(&raw mut PLANTED) = 1 });
    unsafe { *::std::hint::black_box(&raw mut PLANTED) = 2 };
    ::std::mem::drop(other.join());
}
";

/// What checks draw their inputs from.
const CHANCE: &str = include_str!("layout/chance.rs");

/// What an entry returns must say that it went well.
const SUCCEEDS: &str = "
#[doc(hidden)] #[allow(dead_code)] pub trait __Succeeds { fn succeeds(self); }
impl __Succeeds for () { fn succeeds(self) {} }
impl<E: ::std::fmt::Debug> __Succeeds for ::std::result::Result<(), E> {
    fn succeeds(self) { if let Err(error) = self { ::std::panic!(\"it returned an error: {error:?}\") } }
}
#[doc(hidden)] #[allow(dead_code)] pub fn __succeeds(value: impl __Succeeds) { value.succeeds() }
";

/// The folder of the explored program's own root: the same name as the submission's, so that places
/// in it are the submission's.
const FOLDER: &str = "modelled";

/// Writes the files.
///
/// # Errors
///
/// The folder cannot be written to.
pub fn write(program: &Program, folder: &Path) -> Result<Roots> {
    match &program.check {
        None => alone(program, folder),
        Some(check) => {
            std::fs::write(folder.join(&check.name), &check.text)?;
            with_check(program, check, folder)
        }
    }
}

/// Whether `check` in a text takes something: what it draws its inputs from.
fn draws(text: &str) -> bool {
    let Ok(file) = syn::parse_file(text) else {
        return false;
    };
    file.items.iter().any(|item| {
        matches!(item, syn::Item::Fn(f) if f.sig.ident == "check" && !f.sig.inputs.is_empty())
    })
}

/// The functions to explore, as a list. The thread of each ends like all others: with its
/// thread-local variables.
fn list(calls: impl Iterator<Item = String>) -> String {
    calls
        .map(|call| format!("|| {{ {call}; ::std::__engine::drop_locals() }},"))
        .collect()
}

fn alone(program: &Program, folder: &Path) -> Result<Roots> {
    let submission = &program.submission;
    let native = format!("{}{SUCCEEDS}", submission.text);
    std::fs::write(folder.join(&submission.name), &native)?;
    let entries = 0..submission.entries.len();
    let checks = list(entries.map(|index| format!("crate::{}()", entry_function(index))));
    // The name `main` is the submission's: ours is what the system's own start calls.
    let modelled = format!(
        "#![no_main] {native}{PLANTED}
mod __entry {{
    #[unsafe(no_mangle)] extern \"C\" fn main() -> i32 {{ ::std::__explore(&[{checks}], crate::__planted) }}
}}
"
    );
    std::fs::create_dir_all(folder.join(FOLDER))?;
    std::fs::write(folder.join(FOLDER).join(&submission.name), modelled)?;
    Ok(Roots {
        native: vec!["--crate-type=lib".into(), submission.name.clone()],
        modelled: vec![
            "--crate-type=bin".into(),
            format!("{FOLDER}/{}", submission.name),
        ],
    })
}

fn with_check(program: &Program, check: &Source, folder: &Path) -> Result<Roots> {
    let submission = &program.submission;
    std::fs::write(folder.join(&submission.name), &submission.text)?;
    // What a submission names by `crate::` is its own, where it is public.
    let modules = format!(
        "#[path = {:?}] pub mod submission;\n#[allow(unused_imports)] use submission::*;\n\
         #[path = {:?}] mod check;\n#[allow(dead_code)] mod chance {{\n{CHANCE}}}\n{SUCCEEDS}",
        submission.name, check.name
    );
    let call = |seed: &str| match draws(&check.text) {
        true => format!("crate::__succeeds(check::check(&mut chance::Chance::new({seed})))"),
        false => "crate::__succeeds(check::check())".to_owned(),
    };
    let native = format!("{modules}fn main() {{ {} }}\n", call("0"));
    std::fs::write(folder.join("native.rs"), native)?;
    let checks = list(std::iter::once(call("::std::__seed()")));
    let modelled =
        format!("{modules}{PLANTED}fn main() {{ ::std::__explore(&[{checks}], __planted) }}\n");
    std::fs::write(folder.join("modelled.rs"), modelled)?;
    Ok(Roots {
        native: vec!["native.rs".into()],
        modelled: vec!["modelled.rs".into()],
    })
}
