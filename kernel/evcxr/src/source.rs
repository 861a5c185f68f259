//! From the code that evcxr 0.22 writes for a cell to the code that is compiled.
//!
//! Only lines that evcxr itself has written are changed, and the number of lines stays, so
//! that evcxr finds its way from rustc's messages back to the cell.

use std::collections::HashMap;

/// The first line of every source.
pub const FIRST: &str = "#![allow(unused_imports, unused_mut, dead_code, unreachable_code)]";

/// As evcxr writes it; what shows a value is unreachable where the cell never ends.
const WRITTEN_FIRST: &str = "#![allow(unused_imports, unused_mut, dead_code)]";

/// A source that is ready for rustc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What to compile.
    pub text: String,
    /// Name of the function to run; `None` where the cell has only items.
    pub entry: Option<String>,
    /// The lines before the entry: attributes and all items of the session.
    pub items: String,
    /// For each stored variable, whether it is `mut`.
    pub mutable: HashMap<String, bool>,
}

const RUNTIME: &str = "mod evcxr_internal_runtime {";
const RUNTIME_FIRST: &str = "// Copyright 2020 The Evcxr Authors.";
const RUNTIME_LAST: &str = "pub fn create_variable_store() -> *mut VariableStore {";
const ENTRY: &str = "pub extern \"C\" fn run_user_code_";
const EMPTY: &str = "mut x: *mut std::os::raw::c_void) -> *mut std::os::raw::c_void {x}";
const ERROR: &str = "            struct EvcxrUserCodeError {}";

/// Where nothing else compiles, evcxr shows the last value by a function that writes to the standard
/// output, which is the user's here: it is replaced by one that does not.
fn shows_by_itself(written: &str) -> std::borrow::Cow<'_, str> {
    const SHOW: &str = "fn evcxr_send_text_plain(";
    const INSTEAD: &str = "fn evcxr_send_text_plain(text: &str) \
         { ::tandem::runtime::show_text(text) } #[allow(dead_code)] fn evcxr_wrote_to_stdout(";
    if !written.contains(SHOW) {
        return written.into();
    }
    written.replacen(SHOW, INSTEAD, 1).into()
}

/// Rewrites what evcxr has written; `number` makes the entry's name unique.
pub fn prepare(written: &str, number: u64) -> Source {
    let written = shows_by_itself(written);
    let mut lines: Vec<&str> = written.lines().collect();
    if lines.first() == Some(&WRITTEN_FIRST) {
        lines[0] = FIRST;
    }
    let error = lines.iter().rposition(|line| *line == ERROR);
    if let Some(at) = error
        && lines
            .get(at + 4)
            .is_some_and(|line| line.contains("USER_ERROR_OCCURRED"))
    {
        lines[at + 3] = "evcxr_internal_runtime::user_error(&format!(\"{}\", error));";
        lines[at + 4] = "";
    }
    let runtime = (0..lines.len().saturating_sub(1))
        .rev()
        .find(|at| lines[*at] == RUNTIME && lines[at + 1] == RUNTIME_FIRST);
    if let Some(at) = runtime
        && let Some(last) = lines[at..].iter().position(|line| *line == RUNTIME_LAST)
    {
        // The function's body, its end, and the end of the module.
        let end = (at + last + 3).min(lines.len() - 1);
        lines[at..=end].fill("");
        lines[at] = "use ::tandem::runtime as evcxr_internal_runtime;";
    }
    let entry = (1..lines.len())
        .find(|at| lines[*at].starts_with(ENTRY) && lines[at - 1] == "#[unsafe(no_mangle)]");
    let Some(entry) = entry else {
        return Source {
            text: lines.join("\n"),
            entry: None,
            items: lines.join("\n"),
            mutable: HashMap::new(),
        };
    };
    let items_end = error.or(runtime).unwrap_or(entry - 1).min(entry - 1);
    let items = lines[..items_end].join("\n");
    if lines.get(entry + 1) == Some(&EMPTY) {
        return Source {
            text: lines.join("\n"),
            entry: None,
            items,
            mutable: HashMap::new(),
        };
    }
    let function = lines[entry]
        .trim_start_matches("pub extern \"C\" fn ")
        .trim_end_matches('(');
    let (function, plain) = (function.to_owned(), format!("fn {function}("));
    lines[entry - 1] = "";
    lines[entry] = &plain;
    let mutable = lines[entry..]
        .iter()
        .filter_map(|line| {
            let (pattern, rest) = line.strip_prefix("let ")?.split_once(" = ")?;
            rest.starts_with("evcxr_variable_store.take_variable::<")
                .then_some(())?;
            let name = pattern.strip_prefix("mut ");
            Some((name.unwrap_or(pattern).to_owned(), name.is_some()))
        })
        .collect();
    Source {
        text: format!(
            "{}\n{}",
            lines.join("\n"),
            closing(&function, number, &items, &written)
        ),
        entry: Some(entry_name(number)),
        items,
        mutable,
    }
}

/// Name of the function that the worker calls.
pub fn entry_name(number: u64) -> String {
    format!("tandem_entry_{number}")
}

/// What follows the written code: the trait that shows values, and the entry, which catches
/// panics.
pub fn closing(function: &str, number: u64, items: &str, code: &str) -> String {
    let pool = match items.contains("rayon") || code.contains("rayon") {
        true => "::tandem::runtime::start_pool(); ",
        false => "",
    };
    format!(
        "use ::tandem::runtime::Show as _;\n\
         #[unsafe(no_mangle)] pub extern \"C\" fn {}(store: *mut *mut ::std::ffi::c_void) -> i32 {{ \
         {pool}::tandem::runtime::run(store, |store| {function}(store as *mut _) as *mut _) }}\n",
        entry_name(number)
    )
}

/// A command of evcxr at the beginning of a cell that must not reach it: it would end this
/// process, or change evcxr's state without the worker's. Those that only answer may pass.
pub fn refused_command(code: &str) -> Option<&str> {
    const ANSWERING: [&str; 5] = [":vars", ":type", ":t", ":doc", ":explain"];
    code.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("//"))
        .take_while(|line| line.trim_start().starts_with(':'))
        .filter_map(|line| line.split_whitespace().next())
        .find(|command| !ANSWERING.contains(command))
}

/// Whether `name` stands in `code` as a word.
pub fn mentions(code: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(word) && !code[at + name.len()..].starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_would_end_the_kernel_does_not_reach_evcxr() {
        assert_eq!(refused_command("// a\n\n  :quit"), Some(":quit"));
        assert_eq!(refused_command(":vars\n:restart"), Some(":restart"));
        for code in [":vars", ":type x", "let a = b\n:quit", "1 + 1"] {
            assert_eq!(refused_command(code), None, "{code}");
        }
    }

    #[test]
    fn a_name_is_found_as_a_word_only() {
        assert!(mentions("a + bc", "bc") && mentions("{bc}", "bc"));
        assert!(!mentions("abc + bcd", "bc"));
    }
}
