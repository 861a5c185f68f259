//! Finds what a compiled submission takes from outside of the model, whatever its source looks
//! like: a foreign function may be named by a macro only, and methods of ordinary types reach files.
//!
//! The compiler's object file lists every symbol that the submission does not define itself.

use crate::source::{Refusal, Source};
use crate::symbols::{Symbols, plain};
use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget};
use reports::exploration::Site;
use std::path::Path;

/// What compiled code calls by itself, besides names with two underscores.
const OF_THE_COMPILER: [&str; 9] = [
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
    "strlen",
    "rust_eh_personality",
    "_Unwind_Resume",
    "_GLOBAL_OFFSET_TABLE_",
];

/// Mathematics, which methods of numbers use; each has a twin for `f32`, with an `f` at its end.
const MATHEMATICS: [&str; 39] = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "exp10",
    "exp2",
    "expm1",
    "fabs",
    "fdim",
    "floor",
    "fma",
    "fmax",
    "fmin",
    "fmod",
    "hypot",
    "ldexp",
    "lgamma_r",
    "log",
    "log10",
    "log1p",
    "log2",
    "pow",
    "rint",
    "round",
    "roundeven",
    "sin",
    "sqrt",
    "tgamma",
    "trunc",
];

/// Functions of the real library that reach outside, by a part of their path, and what that is.
const DOORS: [(&str, &str); 13] = [
    ("std::fs::", "uses files"),
    ("std::sys::fs::", "uses files"),
    ("std::path::absolute", "asks for the working folder"),
    ("std::net::", "uses the network"),
    ("std::sys::net::", "uses the network"),
    ("std::process::Command", "starts processes"),
    ("std::process::exit", "ends the process"),
    ("std::env::", "reads the environment"),
    ("std::sys::env", "reads the environment"),
    ("std::os::", "calls the operating system"),
    ("std::io::pipe", "makes a pipe"),
    ("std::io::stdio::stdin", "reads standard input"),
    ("std::io::stdio::Stdin", "reads standard input"),
];

/// Why a symbol is none of the model's; none: it is.
fn outside(symbol: &str) -> Option<String> {
    let rust = symbol.starts_with("_R") || symbol.starts_with("_ZN");
    if !rust {
        let single = symbol.strip_suffix('f').unwrap_or(symbol);
        let known = symbol.starts_with("__")
            || OF_THE_COMPILER.contains(&symbol)
            || MATHEMATICS.contains(&symbol)
            || MATHEMATICS.contains(&single)
            || matches!(symbol, "tan" | "tanf" | "tanh" | "tanhf" | "sinh" | "sinhf");
        return (!known).then(|| format!("calls the foreign function `{symbol}`"));
    }
    let path = addr2line::demangle_auto(symbol.into(), Some(addr2line::gimli::DW_LANG_Rust));
    let what = DOORS.iter().find(|(door, _)| path.contains(door))?.1;
    Some(format!("{what} (`{}`)", plain(&path)))
}

/// What the object file of a submission takes from outside, and the lines that do.
///
/// # Errors
///
/// The files are not what the compiler writes.
pub fn refusals(object: &Path, program: &Path, sources: Vec<&Source>) -> Result<Vec<Refusal>> {
    let bytes = std::fs::read(object).context("the compiler left no object file")?;
    let file = object::File::parse(&*bytes)?;
    let mut reasons = Vec::new();
    for symbol in file.symbols().filter(ObjectSymbol::is_undefined) {
        let name = symbol.name().unwrap_or_default();
        if let Some(reason) = outside(name).filter(|_| !name.is_empty()) {
            reasons.push((symbol.index(), name.to_owned(), reason));
        }
    }
    if reasons.is_empty() {
        return Ok(Vec::new());
    }
    let mut symbols = Symbols::new(program, sources.clone());
    let mut found = Vec::new();
    for (index, name, what) in reasons {
        let places = uses(&file, index, program)?;
        let line = places
            .into_iter()
            .find_map(|code| symbols.lines(&Site::Code(code)).into_iter().next());
        let (path, line) = match line {
            Some(line) => (line.file, line.line as usize),
            None => named(&name, &sources),
        };
        found.push(Refusal {
            line,
            what: if path == sources[0].path {
                what
            } else {
                format!("(in {path}) {what}")
            },
        });
    }
    found.sort_by_key(|refusal| refusal.line);
    found.dedup_by(|a, b| a.line == b.line);
    Ok(found)
}

/// Where the program uses a symbol of its object file: functions are found again by their names.
fn uses(file: &object::File, index: object::SymbolIndex, program: &Path) -> Result<Vec<u64>> {
    let bytes = std::fs::read(program)?;
    let linked = object::File::parse(&*bytes)?;
    let mut places = Vec::new();
    for section in file.sections() {
        let offsets = section
            .relocations()
            .filter(|(_, r)| r.target() == RelocationTarget::Symbol(index))
            .map(|(offset, _)| offset);
        for offset in offsets {
            let around = file.symbols().find(|s| {
                s.section_index() == Some(section.index())
                    && s.size() > 0
                    && (s.address()..s.address() + s.size()).contains(&offset)
            });
            let Some(around) = around else { continue };
            let name = around.name()?;
            let there = linked.symbols().find(|s| s.name() == Ok(name));
            places.extend(there.map(|s| s.address() + offset - around.address()));
        }
    }
    Ok(places)
}

/// The first line that names a function, where no code says which line calls it.
fn named(name: &str, sources: &[&Source]) -> (String, usize) {
    let line = |source: &&Source| {
        let at = source.text.lines().position(|line| line.contains(name))?;
        Some((source.path.clone(), at + 1))
    };
    let found = sources.iter().find_map(line);
    found.unwrap_or_else(|| (sources[0].path.clone(), 1))
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn foreign_functions_are_told_from_the_compilers_own() {
        for own in ["memcpy", "fmodf", "tanhf", "sqrt", "__udivti3", "_RNvC1a1b"] {
            assert_eq!(outside(own), None, "{own}");
        }
        assert_eq!(
            outside("getpid").as_deref(),
            Some("calls the foreign function `getpid`")
        );
        let metadata = "_RNvNtNtCsjrHSEGnQ3l9_3std3sys2fs8metadata";
        assert!(outside(metadata).is_some_and(|r| r.starts_with("uses files")));
    }
}
