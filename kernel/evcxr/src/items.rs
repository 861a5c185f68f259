//! What a cell's text defines: statics that must live on, types that may be redefined.

use quote::ToTokens;
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
            named.push_str(&format!("{STATIC}{:016x}\")]\n", hasher.finish()));
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

/// One definition that the form of a value in memory can depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Definition {
    /// What decides the form: the item without comments and derives.
    form: String,
    /// The item with the `impl`s that follow it, as evcxr keeps it.
    whole: String,
}

/// Definitions of the session by name: types, and what types are made of.
#[derive(Clone, Default)]
pub struct Types {
    known: HashMap<String, Definition>,
    /// For each `static`, by the number in its memory's name: its text, and how often what it
    /// is made of has changed.
    statics: HashMap<String, (String, u32)>,
}

impl Types {
    /// Whether the session defines a type, trait, constant or module of this name.
    pub fn defines(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// Whether `name` is a struct, an enum or a union of the session, outside of modules.
    pub fn is_data(&self, name: &str) -> bool {
        let Some(definition) = self.known.get(name) else {
            return false;
        };
        match syn::parse_str(&definition.form) {
            Ok(syn::Item::Struct(item)) => item.ident == name,
            Ok(syn::Item::Enum(item)) => item.ident == name,
            Ok(syn::Item::Union(item)) => item.ident == name,
            _ => false,
        }
    }

    /// Whether `name` is a trait of the session, outside of modules.
    pub fn is_trait(&self, name: &str) -> bool {
        let found = self
            .known
            .get(name)
            .map(|known| syn::parse_str(&known.form));
        matches!(found, Some(Ok(syn::Item::Trait(item))) if item.ident == name)
    }

    /// Names that `code` defines otherwise than before, with all types that hold one of them.
    pub fn changed_by(&self, code: &str) -> HashSet<String> {
        let mut changed: HashSet<String> = definitions(code)
            .into_iter()
            .filter(|(name, new)| {
                let known = self.known.get(name);
                known.is_some_and(|old| old.form != new.form)
            })
            .map(|(name, _)| name)
            .collect();
        loop {
            let more: Vec<String> = self
                .known
                .iter()
                .filter(|(name, old)| !changed.contains(*name) && names_one_of(&old.form, &changed))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                return changed;
            }
            changed.extend(more);
        }
    }

    /// What `code` replaces, as code that defines it again.
    pub fn replaced_by(&self, code: &str) -> String {
        let mut old: Vec<&str> = definitions(code)
            .into_iter()
            .filter_map(|(name, new)| {
                let known = self.known.get(&name)?;
                (known.form != new.form).then_some(known.whole.as_str())
            })
            .collect();
        old.sort_unstable();
        old.dedup();
        old.join("\n")
    }

    /// Takes over what `code` defines. `named` is the same code with names for the memory of
    /// its statics; memory whose type has changed is used no more.
    pub fn learn(&mut self, code: &str, named: &str) {
        let changed = self.changed_by(code);
        for (text, generation) in self.statics.values_mut() {
            if names_one_of(text, &changed) {
                *generation += 1;
            }
        }
        self.known.extend(definitions(code));
        for (at, _) in named.match_indices(STATIC) {
            let rest = &named[at + STATIC.len()..];
            if let Some((number, item)) = rest.split_once("\")]\n")
                && let Some(text) = static_item(item)
            {
                let entry = (text.to_owned(), 0);
                self.statics.entry(number.to_owned()).or_insert(entry);
            }
        }
    }

    /// Statics of the session that lose their content when `changed` changes.
    pub fn reset_statics(&self, changed: &HashSet<String>) -> Vec<String> {
        let concerned = |text: &&str| names_one_of(text, changed);
        let texts = self.statics.values().map(|(text, _)| text.as_str());
        let items = texts
            .filter(concerned)
            .filter_map(|text| syn::parse_str::<syn::ItemStatic>(text).ok());
        items.map(|item| item.ident.to_string()).collect()
    }

    /// The source with the names of the statics' memory as they are now. No line moves.
    pub fn current_statics(&self, source: &str) -> String {
        let mut text = String::with_capacity(source.len());
        for line in source.split_inclusive('\n') {
            let number = line
                .strip_prefix(STATIC)
                .and_then(|rest| rest.strip_suffix("\")]\n"));
            match number.and_then(|number| Some((number, self.statics.get(number)?.1))) {
                Some((number, generation)) if generation > 0 => {
                    text.push_str(&format!("{STATIC}{number}_{generation}\")]\n"));
                }
                _ => text.push_str(line),
            }
        }
        text
    }
}

/// How the line begins that names a static's memory.
const STATIC: &str = "#[unsafe(export_name = \"tandem_static_";

/// Whether the type's text names one of `types`.
pub fn names_one_of(text: &str, types: &HashSet<String>) -> bool {
    types.iter().any(|name| crate::source::mentions(text, name))
}

/// The definitions of a cell. A type inside a module depends on the whole module.
fn definitions(code: &str) -> Vec<(String, Definition)> {
    let Ok(block) = syn::parse_str::<syn::Block>(&format!("{{{code}\n}}")) else {
        return Vec::new();
    };
    let mut found: Vec<(String, Definition)> = Vec::new();
    // Indices in `found` of what the next `impl` belongs to.
    let mut previous = 0..0;
    for statement in block.stmts {
        let syn::Stmt::Item(item) = statement else {
            continue;
        };
        let whole = item.to_token_stream().to_string();
        if matches!(item, syn::Item::Impl(_)) {
            for (_, definition) in &mut found[previous.clone()] {
                definition.whole.push_str(&whole);
            }
            continue;
        }
        let names = names(&item);
        let form = form(item);
        let before = found.len();
        found.extend(names.into_iter().map(|name| {
            let (form, whole) = (form.clone(), whole.clone());
            (name, Definition { form, whole })
        }));
        previous = before..found.len();
    }
    found
}

/// Names that stand for the item, where a type can depend on it.
fn names(item: &syn::Item) -> Vec<String> {
    let name = match item {
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Const(item) => &item.ident,
        syn::Item::Fn(item) if item.sig.constness.is_some() => &item.sig.ident,
        syn::Item::Mod(item) => {
            let inside = item.content.iter().flat_map(|(_, items)| items);
            let mut all: Vec<String> = inside.flat_map(names).collect();
            all.push(item.ident.to_string());
            return all;
        }
        _ => return Vec::new(),
    };
    vec![name.to_string()]
}

/// The item's text without what does not change its form.
fn form(mut item: syn::Item) -> String {
    let attributes = match &mut item {
        syn::Item::Struct(item) => Some(&mut item.attrs),
        syn::Item::Enum(item) => Some(&mut item.attrs),
        syn::Item::Union(item) => Some(&mut item.attrs),
        _ => None,
    };
    if let Some(attributes) = attributes {
        let harmless = ["derive", "doc", "allow", "expect", "must_use"];
        attributes.retain(|a| !harmless.iter().any(|name| a.path().is_ident(name)));
    }
    item.to_token_stream().to_string()
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
                    syn::FnArg::Typed(typed) => Some(typed.ty.to_token_stream().to_string()),
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

    fn learnt(code: &str) -> Types {
        let mut types = Types::default();
        types.learn(code, &name_statics(code));
        types
    }

    #[test]
    fn a_changed_type_is_noticed_also_inside_another_one() {
        let types = learnt("struct Q { a: u8 }\nstruct Outer(Vec<Q>);");
        assert!(types.changed_by("struct Q { a: u8 }").is_empty());
        let changed = types.changed_by("struct Q { a: u64 }");
        assert!(changed.contains("Q") && changed.contains("Outer"));
    }

    #[test]
    fn whatever_a_type_is_made_of_changes_it() {
        for (old, new) in [
            (
                "const N: usize = 1;\nstruct Q([u8; N]);",
                "const N: usize = 9;",
            ),
            (
                "const fn n() -> usize { 1 }\nstruct Q([u8; n()]);",
                "const fn n() -> usize { 2 }",
            ),
            (
                "trait T { fn a(&self); }\nstruct Q(Box<dyn T>);",
                "trait T { fn b(&self); }",
            ),
            (
                "mod m { pub struct Q(u8); }",
                "mod m { pub struct Q(String); }",
            ),
            (
                "mod m { pub mod n { pub struct Q(u8); } }",
                "mod m { pub mod n { pub struct Q(u16); } }",
            ),
        ] {
            assert!(learnt(old).changed_by(new).contains("Q"), "{old} -> {new}");
        }
    }

    #[test]
    fn one_more_derive_or_comment_costs_no_variable() {
        let types = learnt("/// Old.\n#[derive(Debug)]\nstruct Q { a: u8 }");
        assert!(
            types
                .changed_by("#[derive(Debug, Clone)] struct Q { a: u8 }")
                .is_empty()
        );
        assert!(!types.changed_by("#[repr(C)] struct Q { a: u8 }").is_empty());
    }

    #[test]
    fn what_is_replaced_can_be_put_back_with_its_impls() {
        let types = learnt("struct Q { a: u8 }\nimpl Q { fn f(&self) {} }");
        let old = types.replaced_by("struct Q { b: u8 }");
        assert!(old.contains("a : u8") && old.contains("fn f"), "{old}");
        assert_eq!(types.replaced_by("struct Q { a: u8 }"), "");
    }

    #[test]
    fn a_static_of_a_changed_type_gets_memory_of_its_own() {
        let code = "struct Q(u8);\nstatic S: Option<Q> = None;\nstatic T: u8 = 1;";
        let named = name_statics(code);
        let mut types = learnt(code);
        assert_eq!(types.current_statics(&named), named);
        types.learn("struct Q(String);", "struct Q(String);");
        let current = types.current_statics(&named);
        assert_ne!(current, named);
        assert_eq!(current.lines().count(), named.lines().count());
        assert_eq!(
            current.lines().nth(3),
            named.lines().nth(3),
            "T is untouched"
        );
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
