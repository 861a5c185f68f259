//! What a cell's text defines: statics that must live on, types that may be redefined.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

/// Gives every top-level `static` a name of its own by its text, so that the same item is the
/// same memory in all later cells. The attribute stands on a line of its own.
pub fn name_statics(code: &str) -> String {
    let mut named = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(line) = rest.split_inclusive('\n').next() {
        if let Some(item) = static_item(rest) {
            let mut hasher = DefaultHasher::new();
            item.hash(&mut hasher);
            named.push_str(&format!(
                "#[unsafe(export_name = \"tandem_static_{:016x}\")]\n",
                hasher.finish()
            ));
        }
        named.push_str(line);
        rest = &rest[line.len()..];
    }
    named
}

/// The text of the `static` item that `code` begins with, if it does.
fn static_item(code: &str) -> Option<&str> {
    let after = ["static ", "pub static "]
        .iter()
        .find_map(|start| code.strip_prefix(start))?;
    let item: syn::ItemStatic = (1..)
        .map_while(|nth| code.match_indices(';').nth(nth - 1))
        .take(64)
        .find_map(|(at, _)| syn::parse_str(&code[..=at]).ok())?;
    drop(item);
    let end = code.len() - after.len() + after.find(';')?;
    Some(&code[..=end])
}

/// Type definitions of the session: name to text.
#[derive(Default)]
pub struct Types {
    known: HashMap<String, String>,
}

impl Types {
    /// Names of the types that `code` defines otherwise than before, with all types that hold
    /// one of them.
    pub fn changed_by(&self, code: &str) -> HashSet<String> {
        let mut changed: HashSet<String> = definitions(code)
            .into_iter()
            .filter(|(name, text)| self.known.get(name).is_some_and(|old| old != text))
            .map(|(name, _)| name)
            .collect();
        loop {
            let more: Vec<String> = self
                .known
                .iter()
                .filter(|(name, text)| !changed.contains(*name) && names_one_of(text, &changed))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                return changed;
            }
            changed.extend(more);
        }
    }

    /// Takes over what `code` defines.
    pub fn learn(&mut self, code: &str) {
        self.known.extend(definitions(code));
    }
}

/// Whether the type's text names one of `types`.
pub fn names_one_of(text: &str, types: &HashSet<String>) -> bool {
    types.iter().any(|name| crate::source::mentions(text, name))
}

fn definitions(code: &str) -> Vec<(String, String)> {
    let Ok(block) = syn::parse_str::<syn::Block>(&format!("{{{code}\n}}")) else {
        return Vec::new();
    };
    let text = |item: &dyn quote::ToTokens| item.to_token_stream().to_string();
    block
        .stmts
        .iter()
        .filter_map(|statement| {
            let syn::Stmt::Item(item) = statement else {
                return None;
            };
            let name = match item {
                syn::Item::Struct(item) => &item.ident,
                syn::Item::Enum(item) => &item.ident,
                syn::Item::Union(item) => &item.ident,
                syn::Item::Type(item) => &item.ident,
                _ => return None,
            };
            Some((name.to_string(), text(item)))
        })
        .collect()
}

/// A function of the session, found by name in its items: the types of its arguments.
pub fn function_arguments(items: &str, name: &str) -> Option<Vec<String>> {
    let file: syn::File = syn::parse_str(items).ok()?;
    file.items.iter().find_map(|item| match item {
        syn::Item::Fn(function) if function.sig.ident == name => Some(
            function
                .sig
                .inputs
                .iter()
                .filter_map(|argument| match argument {
                    syn::FnArg::Typed(typed) => {
                        Some(quote::ToTokens::to_token_stream(&typed.ty).to_string())
                    }
                    syn::FnArg::Receiver(_) => None,
                })
                .collect(),
        ),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_static_is_named_by_its_text() {
        let one = name_statics("static A: u8 = 1;\nlet x = 1;");
        let same = name_statics("fn f() {}\nstatic A: u8 = 1;");
        let other = name_statics("static A: u8 = 2;");
        let attribute = one.lines().next().unwrap();
        assert!(attribute.starts_with("#[unsafe(export_name"), "{one}");
        assert!(same.contains(attribute) && !other.contains(attribute));
        assert_eq!(
            name_statics("let s = \"static A\";"),
            "let s = \"static A\";"
        );
    }

    #[test]
    fn a_changed_type_is_noticed_also_inside_another_one() {
        let mut types = Types::default();
        types.learn("struct Q { a: u8 }\nstruct Outer(Vec<Q>);");
        assert!(types.changed_by("struct Q { a: u8 }").is_empty());
        let changed = types.changed_by("struct Q { a: u64 }");
        assert!(changed.contains("Q") && changed.contains("Outer"));
    }

    #[test]
    fn arguments_of_a_function_are_found() {
        let items = "fn f(a: u64, b: Vec<f64>) -> u64 { a }";
        assert_eq!(
            function_arguments(items, "f").unwrap(),
            ["u64", "Vec < f64 >"]
        );
        assert!(function_arguments(items, "g").is_none());
    }
}
