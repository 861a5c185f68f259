//! Cells that are written out here, without evcxr: new items, and statements whose variables can be
//! moved in and out as they stand. rustc infers the types of new variables, and
//! [`crate::kinds`] reads them from what it has compiled. What does not compile so goes to evcxr,
//! which knows more ways.

use crate::diagnostics::LAST;
use crate::items::name_statics;
use crate::session::{Session, Variables};
use crate::source::{Source, closing, entry_name, mentions};
use std::collections::HashMap;
use syn::visit::Visit;

/// A cell that needs no evcxr.
#[derive(Debug)]
pub struct Direct {
    /// What to compile.
    pub source: Source,
    /// The variables that it defines, and whether they are `mut`; their types are not known yet.
    pub new: Vec<(String, bool)>,
    /// The items that it defines.
    pub items: Items,
}

/// Items of a cell.
#[derive(Debug, Default)]
pub struct Items {
    /// Their text.
    pub text: String,
    /// Their names.
    pub names: Vec<String>,
}

/// Writes the source of a cell, where it is one of this kind.
///
/// A cell with `?` becomes a function that returns a `Result`, one with `.await` an `async` one.
/// With `tokio`, what waits is left to evcxr, which gives it tokio's runtime.
pub fn write(session: &Session, code: &str, number: u64, tokio: bool) -> Option<Direct> {
    let words = words(code.parse().ok()?);
    let has = |word: &str| words.iter().any(|found| found == word);
    if has("await") && tokio || code.trim_start().starts_with([':', '#']) {
        return None;
    }
    let block: syn::Block = syn::parse_str(&format!("{{{code}\n}}")).ok()?;
    let mut new: Vec<(String, bool)> = Vec::new();
    let mut items = Items::default();
    // The cell with white space in the place of its items.
    let mut statements = code.to_owned();
    let mut functions = Vec::new();
    let mut count = 0;
    for statement in &block.stmts {
        match statement {
            syn::Stmt::Macro(call) if defines(&call.mac) => return None,
            syn::Stmt::Local(local) => {
                for (name, mutable) in bound(&local.pat)? {
                    new.retain(|(other, _)| *other != name);
                    new.push((name, mutable));
                }
            }
            syn::Stmt::Item(item) => {
                items.names.extend(item_names(item)?);
                let range = range(syn::spanned::Spanned::span(item), code, 1);
                items.text += &format!("{}\n", &code[range.clone()]);
                if let syn::Item::Fn(function) = item
                    && function.sig.constness.is_none()
                {
                    functions.push(function.sig.ident.to_string());
                }
                blank(&mut statements, range);
                continue;
            }
            _ => {}
        }
        count += 1;
    }
    if block.stmts.is_empty() {
        return None;
    }
    // A function may be defined anew; of all else, the form of values may depend on it.
    let again: Vec<&String> = items
        .names
        .iter()
        .filter(|name| session.names.contains(*name))
        .collect();
    let mut all = session.items.clone();
    let only_functions = again.iter().all(|name| functions.contains(name));
    if !(again.is_empty() || only_functions && remove_functions(&mut all, &again)) {
        return None;
    }
    let mut used: Vec<&String> = session
        .variables
        .keys()
        .filter(|name| mentions(&statements, name))
        .collect();
    used.sort_unstable();
    let keeps = !used.is_empty() || !new.is_empty();
    // What leaves the cell early would leave its variables behind; after a `?` they are restored.
    if (keeps || has("?")) && has("return") {
        return None;
    }
    if !items.text.is_empty() {
        all = format!("{all}\n{}", name_statics(&items.text));
    }
    let source = match count {
        0 => Source {
            text: all.clone(),
            entry: None,
            items: all,
            mutable: HashMap::new(),
        },
        _ => {
            let (take, keep) = match keeps {
                true => moves(&session.variables, &used, &new),
                false => Default::default(),
            };
            let (head, tail) = match last_expression(&block, code) {
                Some(at) => statements.split_at(at),
                None => (statements.as_str(), ""),
            };
            let shown = match tail.trim().is_empty() {
                true => String::new(),
                // The value stays where it is, so that the method is found as in `value.method()`.
                false => format!(
                    "{LAST}{tail}\n) {{ tandem_value => {{ let _showing = ::tandem::runtime::Showing::begin(); \
                     (*tandem_value).evcxr_display(); }} }}"
                ),
            };
            let function = "tandem_cell";
            let (result, end) = match has("?") {
                true => (
                    "::std::result::Result<*mut u8, ::tandem::runtime::Failure>",
                    "::std::result::Result::Ok(tandem_store)",
                ),
                false => ("*mut u8", "tandem_store"),
            };
            // On the line of the cell's function, so that the cell's own lines stay.
            let (function_of_cell, mut call) = match (has("?"), has("await")) {
                (false, false) => (format!("fn {function}"), String::new()),
                (_, true) => (
                    "async fn tandem_statements".to_owned(),
                    "::tandem::runtime::block_on(tandem_statements(tandem_store))".to_owned(),
                ),
                (true, false) => (
                    "fn tandem_statements".to_owned(),
                    "tandem_statements(tandem_store)".to_owned(),
                ),
            };
            if has("?") {
                call = format!("::tandem::runtime::or_failure({call})");
            }
            let caller = match call.is_empty() {
                true => String::new(),
                false => format!("fn {function}(tandem_store: *mut u8) -> *mut u8 {{ {call} }}\n"),
            };
            let text = format!(
                "{all}\n{function_of_cell}(tandem_store: *mut u8) -> {result} {{{take}\n{head}{shown}\n{keep}{end} }}\n{caller}{}",
                closing(function, number, &all, code)
            );
            Source {
                text,
                entry: Some(entry_name(number)),
                items: all,
                mutable: HashMap::new(),
            }
        }
    };
    Some(Direct { source, new, items })
}

/// Puts white space in the place of a part.
fn blank(text: &mut String, range: std::ops::Range<usize>) {
    let blank: String = text[range.clone()]
        .chars()
        .flat_map(|c| std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, c.len_utf8()))
        .collect();
    text.replace_range(range, &blank);
}

/// Removes functions from the items of a session, all of them or none.
fn remove_functions(items: &mut String, names: &[&String]) -> bool {
    let Ok(file) = syn::parse_file(items) else {
        return false;
    };
    let places: Vec<_> = file
        .items
        .iter()
        .filter(
            |item| matches!(item, syn::Item::Fn(f) if names.iter().any(|name| f.sig.ident == name)),
        )
        .map(|item| range(syn::spanned::Spanned::span(item), items, 0))
        .collect();
    if places.len() != names.len() {
        return false;
    }
    for place in places {
        blank(items, place);
    }
    true
}

/// Names that an item defines; `None` where it is better left to evcxr.
pub fn item_names(item: &syn::Item) -> Option<Vec<String>> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Impl(_) => return Some(Vec::new()),
        syn::Item::Mod(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        syn::Item::Use(item) => return Some(used_names(&item.tree)),
        _ => return None,
    };
    Some(vec![name.to_string()])
}

fn used_names(tree: &syn::UseTree) -> Vec<String> {
    match tree {
        syn::UseTree::Path(path) => match &*path.tree {
            syn::UseTree::Group(group) if group.items.iter().any(is_self) => {
                let mut names = used_names(&path.tree);
                names.push(path.ident.to_string());
                names
            }
            tree => used_names(tree),
        },
        syn::UseTree::Name(name) => vec![name.ident.to_string()],
        syn::UseTree::Rename(rename) => vec![rename.rename.to_string()],
        syn::UseTree::Glob(_) => Vec::new(),
        syn::UseTree::Group(group) => group.items.iter().flat_map(used_names).collect(),
    }
}

fn is_self(tree: &syn::UseTree) -> bool {
    matches!(tree, syn::UseTree::Name(name) if name.ident == "self")
}

/// The names that the items of a cell define.
pub fn defined(code: &str) -> Vec<String> {
    let Ok(block) = syn::parse_str::<syn::Block>(&format!("{{{code}\n}}")) else {
        return Vec::new();
    };
    let items = block.stmts.iter().filter_map(|statement| match statement {
        syn::Stmt::Item(item) => item_names(item),
        _ => None,
    });
    items.flatten().collect()
}

/// The names and question marks of a cell, those in macros too, those in texts not.
fn words(tokens: proc_macro2::TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Ident(name) => found.push(name.to_string()),
            proc_macro2::TokenTree::Punct(mark) if mark.as_char() == '?' => found.push("?".into()),
            proc_macro2::TokenTree::Group(group) => found.extend(words(group.stream())),
            _ => {}
        }
    }
    found
}

/// A macro that defines an item.
fn defines(call: &syn::Macro) -> bool {
    call.path.is_ident("macro_rules") || call.path.is_ident("thread_local")
}

/// Code that takes the used variables out of the store, and code that puts them and the new ones
/// into it. The number of a new variable stands in the name of the function that takes it.
fn moves(variables: &Variables, used: &[&String], new: &[(String, bool)]) -> (String, String) {
    let mut take = " let tandem_store = ::tandem::runtime::variables(tandem_store); \
         let tandem_variables = unsafe { &mut *tandem_store };"
        .to_owned();
    let mut keep = String::new();
    for name in used {
        let variable = &variables[*name];
        let mutable = if variable.mutable { "mut " } else { "" };
        take += &format!(
            " let {mutable}{name}: {kind} = tandem_variables.take_variable::<{kind}>(\"{name}\");",
            kind = variable.kind
        );
        if !new.iter().any(|(new, _)| new == *name) {
            keep += &format!("tandem_variables.put_variable(\"{name}\", {name}); ");
        }
    }
    for (number, (name, _)) in new.iter().enumerate() {
        keep += &format!(
            "::tandem::runtime::new_variable::<_, {number}>(tandem_variables, \"{name}\", {name}); "
        );
    }
    keep += "let tandem_store = tandem_store.cast(); ";
    (take, keep)
}

/// The variables that a pattern binds, and whether they are `mut`; `None` where a name may be a
/// constant.
fn bound(pattern: &syn::Pat) -> Option<Vec<(String, bool)>> {
    struct Names(Vec<(String, bool)>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_pat_ident(&mut self, name: &'ast syn::PatIdent) {
            self.0
                .push((name.ident.to_string(), name.mutability.is_some()));
            syn::visit::visit_pat_ident(self, name);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_pat(pattern);
    let plain = |(name, _): &(String, bool)| {
        !name.starts_with(char::is_uppercase) && !name.starts_with("r#")
    };
    names.0.iter().all(plain).then_some(names.0)
}

/// The variables that the statements of a cell bind, and whether they are `mut`.
pub fn mutable(code: &str) -> HashMap<String, bool> {
    let Ok(block) = syn::parse_str::<syn::Block>(&format!("{{{code}\n}}")) else {
        return HashMap::new();
    };
    let locals = block.stmts.iter().filter_map(|statement| match statement {
        syn::Stmt::Local(local) => bound(&local.pat),
        _ => None,
    });
    locals.flatten().collect()
}

fn last_expression(block: &syn::Block, code: &str) -> Option<usize> {
    let span = match block.stmts.last()? {
        syn::Stmt::Expr(expression, None) => syn::spanned::Spanned::span(expression),
        // A macro in the place of an expression, such as `vec![1]`.
        syn::Stmt::Macro(statement) if statement.semi_token.is_none() => {
            syn::spanned::Spanned::span(statement)
        }
        _ => return None,
    };
    Some(range(span, code, 1).start)
}

/// Bytes of `code` of a span in a text that begins with `before` other characters.
fn range(span: proc_macro2::Span, code: &str, before: usize) -> std::ops::Range<usize> {
    let offset = |place: proc_macro2::LineColumn| {
        let line: usize = code
            .split_inclusive('\n')
            .take(place.line - 1)
            .map(str::len)
            .sum();
        let columns = match place.line {
            1 => place.column - before,
            _ => place.column,
        };
        let rest = &code[line..];
        line + rest
            .char_indices()
            .nth(columns)
            .map_or(rest.len(), |(at, _)| at)
    };
    offset(span.start())..offset(span.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Variable;

    fn session() -> Session {
        let mut session = Session::default();
        let variable = Variable {
            kind: "Vec<u8>".to_owned(),
            mutable: true,
        };
        session.variables.insert("data".to_owned(), variable);
        session
    }

    #[test]
    fn statements_are_written_here_and_all_else_is_left_to_evcxr() {
        for code in [
            "1 + 1",
            "println!(\"a\");",
            "vec![1, 2]",
            "if a { b() } else { c() }",
            "let x = 1;",
            "let (a, mut b) = f();",
            "data.push(1);",
            "println!(\"{data:?} await return\"); let x = 1;",
            "let n: i32 = text.parse()?; n",
            "f().await?",
        ] {
            assert!(write(&session(), code, 1, false).is_some(), "{code}");
        }
        for code in [
            "macro_rules! m { () => {} }",
            "extern crate alloc;",
            "",
            "x y",
            "if f()? { return }",
            "let x = if data.is_empty() { return; } else { 1 };",
            "let None = f() else { panic!() };",
        ] {
            assert!(write(&session(), code, 1, false).is_none(), "{code}");
        }
    }

    #[test]
    fn the_value_of_the_last_expression_is_shown_and_lines_stay() {
        let source = |code| write(&session(), code, 7, false).expect("direct").source;
        let shown = source("f();\n  é + 2");
        assert!(
            shown.text.contains("\nf();\n  match &(é + 2\n) {"),
            "{}",
            shown.text
        );
        assert_eq!(shown.entry.as_deref(), Some("tandem_entry_7"));
        assert!(!source("f();").text.contains("evcxr_display"));
    }

    #[test]
    fn new_items_stand_before_the_statements() {
        let mut session = session();
        let code = "/// é\nfn f() -> u8 { 1 }\nuse std::fmt::{self, Debug as D};\nf() + 1";
        let direct = write(&session, code, 1, false).expect("direct");
        assert_eq!(direct.items.names, ["f", "self", "D", "fmt"]);
        assert!(
            direct
                .source
                .items
                .ends_with("fn f() -> u8 { 1 }\nuse std::fmt::{self, Debug as D};\n")
        );
        let after = direct
            .source
            .text
            .split("fn tandem_cell")
            .nth(1)
            .expect("an entry");
        assert!(
            after.contains("&(f() + 1\n)") && !after.contains("é"),
            "{after}"
        );
        session.names.extend(direct.items.names);
        session.items = direct.source.items;
        let again = write(&session, "fn f() -> u16 { 2 }", 1, false).expect("direct");
        assert!(again.source.items.contains("u16") && !again.source.items.contains("u8"));
        assert!(
            write(&session, "struct D;", 1, false).is_none(),
            "another kind of item"
        );
        assert!(
            write(&session, "fn g() {}", 1, false)
                .expect("direct")
                .source
                .entry
                .is_none()
        );
    }

    #[test]
    fn only_the_variables_that_a_cell_names_are_moved() {
        let text = |code| {
            write(&session(), code, 1, false)
                .expect("direct")
                .source
                .text
        };
        let used = text("println!(\"{data:?}\");");
        assert!(
            used.contains("let mut data: Vec<u8> = tandem_variables"),
            "{used}"
        );
        assert!(used.contains("put_variable(\"data\", data)"), "{used}");
        assert!(!text("1 + 1").contains("tandem_variables"));
        let direct = write(
            &session(),
            "let data = data.len(); let mut b = 2;",
            1,
            false,
        )
        .expect("direct");
        assert_eq!(
            direct.new,
            [("data".to_owned(), false), ("b".to_owned(), true)]
        );
        assert!(!direct.source.text.contains("put_variable("));
    }
}
