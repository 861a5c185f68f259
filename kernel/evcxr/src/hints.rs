//! What evcxr makes impossible, said in a way that helps: each cell is a library of its own, which
//! holds a copy of every function so far, and variables are moved from one to the next.

use tandem_cell::CellError;

/// What a reader should know before the cell runs, because the compiler will not say it.
pub fn before(code: &str) -> Option<String> {
    let block: syn::Block = syn::parse_str(&format!("{{{code}\n}}")).ok()?;
    let names: Vec<String> = block
        .stmts
        .iter()
        .filter_map(|statement| match statement {
            syn::Stmt::Item(item) => Some(item),
            _ => None,
        })
        .flat_map(|item| match item {
            syn::Item::Fn(function) => inner_statics(function),
            syn::Item::Mod(module) => thread_locals(module),
            _ => Vec::new(),
        })
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "note: {} begins anew in every cell that uses it. \
             A `static` at the top of a cell keeps its value.\n",
            names.join(" and ")
        )
    })
}

fn is_thread_local(item: &syn::Macro) -> bool {
    item.path
        .segments
        .last()
        .is_some_and(|s| s.ident == "thread_local")
}

/// The statics that a function keeps for itself.
fn inner_statics(function: &syn::ItemFn) -> Vec<String> {
    let name = &function.sig.ident;
    let kept = |statement: &syn::Stmt| match statement {
        syn::Stmt::Item(syn::Item::Static(item)) => Some(format!("the static `{}`", item.ident)),
        syn::Stmt::Macro(item) if is_thread_local(&item.mac) => Some("`thread_local!`".to_owned()),
        syn::Stmt::Item(syn::Item::Macro(item)) if is_thread_local(&item.mac) => {
            Some("`thread_local!`".to_owned())
        }
        _ => None,
    };
    let statements = function.block.stmts.iter();
    statements
        .filter_map(|s| Some(format!("{} in the function `{name}`", kept(s)?)))
        .collect()
}

/// The thread-locals of a module.
fn thread_locals(module: &syn::ItemMod) -> Vec<String> {
    let items = module.content.iter().flat_map(|(_, items)| items);
    let mut locals =
        items.filter(|item| matches!(item, syn::Item::Macro(m) if is_thread_local(&m.mac)));
    let found = locals
        .next()
        .map(|_| format!("`thread_local!` in the module `{}`", module.ident));
    found.into_iter().collect()
}

/// What to type instead, where an error is one of evcxr's limits and no fault of the program.
pub fn after(code: &str, error: &mut CellError) {
    let has = |text: &str| error.value.contains(text);
    let hint = if has("closure, which cannot be persisted")
        || has("may outlive the current function")
    {
        "A closure cannot be kept for later cells: its type has no name. Use a `fn`, or put the whole \
         cell into `{ … }`, so that nothing of it is kept."
    } else if has("does not live long enough") {
        "Variables of a cell are moved into the next one, so a reference cannot be kept. Keep an owned \
         value (`.to_vec()`, `.clone()`), or put the whole cell into `{ … }`."
    } else if has("`vis` metavariable") && code.contains("thread_local!") {
        "`thread_local!` cannot stand at the top of a cell. Put it into a module: \
         `mod locals { thread_local! { pub static … } }`."
    } else if has("crate `tokio`") && code.contains(".await") {
        "`.await` at the top of a cell needs a runtime: `%dep tokio = { version = \"1\", features = [\"full\"] }`."
    } else if has("a stack overflow, or a panic that could not unwind") {
        "Look for a function that calls itself without an end, and for a panic inside of `drop`."
    } else {
        return;
    };
    error.traceback.push(format!("\x1b[1mhint\x1b[0m: {hint}"));
}

#[cfg(test)]
mod tests {
    use super::{after, before};
    use tandem_cell::CellError;

    #[test]
    fn statics_inside_of_functions_are_told() {
        let note = before("fn f() -> u32 { static N: u32 = 0; N }").expect("a note");
        assert!(note.contains("`N`"), "{note}");
        let note = before("mod m { thread_local! { pub static T: u32 = 0; } }").expect("a note");
        assert!(note.contains("`m`"), "{note}");
        assert_eq!(before("static N: u32 = 0; fn f() -> u32 { N }"), None);
        assert_eq!(before("let x = 1; x"), None);
        assert_eq!(before("fn f( {"), None);
    }

    #[test]
    fn limits_get_a_hint_and_faults_get_none() {
        let hints = |value: &str, code: &str| {
            let mut error = CellError {
                name: "E".to_owned(),
                value: value.to_owned(),
                traceback: Vec::new(),
            };
            after(code, &mut error);
            error.traceback.join("")
        };
        assert!(
            hints(
                "The variable `add` is a closure, which cannot be persisted.",
                ""
            )
            .contains("fn")
        );
        assert!(hints("`v` does not live long enough", "").contains("owned"));
        assert!(hints("mismatched types", "").is_empty());
    }
}
