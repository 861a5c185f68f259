//! The types of a cell's new variables, read from what rustc has compiled: each is handed to an
//! instance of `tandem::runtime::new_variable`, and the name of the instance names the type.

use crate::items::Types;
use quote::ToTokens;
use syn::visit_mut::VisitMut;

/// How the name of an instance begins.
const INSTANCE: &str = "tandem::runtime::new_variable::<";

/// Types of the standard library, and of what every cell can use: where they are defined, and what they
/// are called. Without a path: the name is in scope everywhere, unless the session defines another.
const COMMON: &[(&str, &str)] = &[
    ("alloc::string::String", "String"),
    ("alloc::vec::Vec", "Vec"),
    ("alloc::boxed::Box", "Box"),
    ("core::option::Option", "Option"),
    ("core::result::Result", "Result"),
    ("alloc::borrow::Cow", "::std::borrow::Cow"),
    (
        "alloc::collections::binary_heap::BinaryHeap",
        "::std::collections::BinaryHeap",
    ),
    (
        "alloc::collections::btree::map::BTreeMap",
        "::std::collections::BTreeMap",
    ),
    (
        "alloc::collections::btree::set::BTreeSet",
        "::std::collections::BTreeSet",
    ),
    (
        "alloc::collections::linked_list::LinkedList",
        "::std::collections::LinkedList",
    ),
    (
        "alloc::collections::vec_deque::VecDeque",
        "::std::collections::VecDeque",
    ),
    ("alloc::rc::Rc", "::std::rc::Rc"),
    ("alloc::rc::Weak", "::std::rc::Weak"),
    ("alloc::sync::Arc", "::std::sync::Arc"),
    ("alloc::sync::Weak", "::std::sync::Weak"),
    ("core::cell::Cell", "::std::cell::Cell"),
    ("core::cell::RefCell", "::std::cell::RefCell"),
    ("core::cell::UnsafeCell", "::std::cell::UnsafeCell"),
    ("core::cell::once::OnceCell", "::std::cell::OnceCell"),
    ("core::cmp::Reverse", "::std::cmp::Reverse"),
    ("core::num::wrapping::Wrapping", "::std::num::Wrapping"),
    ("core::num::nonzero::NonZero", "::std::num::NonZero"),
    ("core::ops::range::Range", "::std::ops::Range"),
    (
        "core::ops::range::RangeInclusive",
        "::std::ops::RangeInclusive",
    ),
    ("core::marker::PhantomData", "::std::marker::PhantomData"),
    (
        "core::sync::atomic::AtomicBool",
        "::std::sync::atomic::AtomicBool",
    ),
    (
        "core::sync::atomic::AtomicI8",
        "::std::sync::atomic::AtomicI8",
    ),
    (
        "core::sync::atomic::AtomicI16",
        "::std::sync::atomic::AtomicI16",
    ),
    (
        "core::sync::atomic::AtomicI32",
        "::std::sync::atomic::AtomicI32",
    ),
    (
        "core::sync::atomic::AtomicI64",
        "::std::sync::atomic::AtomicI64",
    ),
    (
        "core::sync::atomic::AtomicIsize",
        "::std::sync::atomic::AtomicIsize",
    ),
    (
        "core::sync::atomic::AtomicU8",
        "::std::sync::atomic::AtomicU8",
    ),
    (
        "core::sync::atomic::AtomicU16",
        "::std::sync::atomic::AtomicU16",
    ),
    (
        "core::sync::atomic::AtomicU32",
        "::std::sync::atomic::AtomicU32",
    ),
    (
        "core::sync::atomic::AtomicU64",
        "::std::sync::atomic::AtomicU64",
    ),
    (
        "core::sync::atomic::AtomicUsize",
        "::std::sync::atomic::AtomicUsize",
    ),
    (
        "core::sync::atomic::AtomicPtr",
        "::std::sync::atomic::AtomicPtr",
    ),
    ("core::time::Duration", "::std::time::Duration"),
    (
        "std::collections::hash::map::HashMap",
        "::std::collections::HashMap",
    ),
    (
        "std::collections::hash::set::HashSet",
        "::std::collections::HashSet",
    ),
    ("std::path::PathBuf", "::std::path::PathBuf"),
    ("std::sync::barrier::Barrier", "::std::sync::Barrier"),
    ("std::sync::lazy_lock::LazyLock", "::std::sync::LazyLock"),
    ("std::sync::mpsc::Receiver", "::std::sync::mpsc::Receiver"),
    ("std::sync::mpsc::Sender", "::std::sync::mpsc::Sender"),
    (
        "std::sync::mpsc::SyncSender",
        "::std::sync::mpsc::SyncSender",
    ),
    ("std::sync::once_lock::OnceLock", "::std::sync::OnceLock"),
    (
        "std::sync::poison::condvar::Condvar",
        "::std::sync::Condvar",
    ),
    ("std::sync::poison::mutex::Mutex", "::std::sync::Mutex"),
    ("std::sync::poison::rwlock::RwLock", "::std::sync::RwLock"),
    ("std::thread::id::ThreadId", "::std::thread::ThreadId"),
    (
        "std::thread::join_handle::JoinHandle",
        "::std::thread::JoinHandle",
    ),
    ("std::thread::thread::Thread", "::std::thread::Thread"),
    ("std::time::Instant", "::std::time::Instant"),
    ("std::time::SystemTime", "::std::time::SystemTime"),
    (
        "crossbeam_channel::channel::Receiver",
        "::crossbeam_channel::Receiver",
    ),
    (
        "crossbeam_channel::channel::Sender",
        "::crossbeam_channel::Sender",
    ),
    ("tandem::picture::Picture", "::tandem::Picture"),
];

/// Traits, as above.
const TRAITS: &[(&str, &str)] = &[
    ("core::any::Any", "::std::any::Any"),
    ("core::error::Error", "::std::error::Error"),
    ("core::fmt::Debug", "::std::fmt::Debug"),
    ("core::fmt::Display", "::std::fmt::Display"),
    ("core::iter::traits::iterator::Iterator", "Iterator"),
    ("core::marker::Send", "Send"),
    ("core::marker::Sync", "Sync"),
    ("core::ops::function::Fn", "Fn"),
    ("core::ops::function::FnMut", "FnMut"),
    ("core::ops::function::FnOnce", "FnOnce"),
    ("std::io::Read", "::std::io::Read"),
    ("std::io::Write", "::std::io::Write"),
];

/// The types of `count` new variables, by number, from the symbols of the compiled cell. `None`
/// where the type of one cannot be written in a later cell, or is not known to be the same there.
pub fn of<'a>(
    symbols: impl Iterator<Item = &'a str>,
    count: usize,
    types: &Types,
) -> Option<Vec<String>> {
    let mut kinds = vec![None; count];
    for symbol in symbols.filter(|symbol| symbol.contains("new_variable")) {
        let name = format!("{:#}", rustc_demangle::demangle(symbol));
        let Some((kind, number)) = name
            .strip_prefix(INSTANCE)
            .and_then(|rest| rest.strip_suffix('>'))
            .and_then(|rest| rest.rsplit_once(", "))
        else {
            continue;
        };
        let number: usize = number.parse().ok()?;
        *kinds.get_mut(number)? = Some(written(kind, types)?);
    }
    kinds.into_iter().collect()
}

/// A type as a later cell can write it.
fn written(kind: &str, types: &Types) -> Option<String> {
    let mut kind: syn::Type = syn::parse_str(kind).ok()?;
    let mut paths = Paths { types, known: true };
    paths.visit_type_mut(&mut kind);
    paths
        .known
        .then(|| compact(&kind.to_token_stream().to_string()))
}

struct Paths<'a> {
    types: &'a Types,
    known: bool,
}

impl Paths<'_> {
    /// The path that a later cell can write, with the arguments of the one that is given.
    fn rename(&mut self, path: &mut syn::Path, table: &[(&str, &str)], own: bool) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let defined = names.join("::");
        let name = match (
            names.as_slice(),
            table.iter().find(|(at, _)| *at == defined),
        ) {
            (_, Some((at, name))) if self.types.defines(name) => format!("::{at}"),
            (_, Some((_, name))) => (*name).to_owned(),
            ([root, name], None) if root == "ctx" && own => name.clone(),
            _ => {
                self.known = false;
                return;
            }
        };
        let Ok(mut renamed) = syn::parse_str::<syn::Path>(&name) else {
            self.known = false;
            return;
        };
        if let (Some(new), Some(old)) = (renamed.segments.last_mut(), path.segments.last()) {
            new.arguments = old.arguments.clone();
        }
        *path = renamed;
    }

    /// `Fn<(A,), Output = B>` as people write it, which is the only way outside of `core`.
    fn call(path: &mut syn::Path) -> Option<()> {
        let last = path.segments.last_mut()?;
        if !["Fn", "FnMut", "FnOnce"].contains(&last.ident.to_string().as_str()) {
            return None;
        }
        let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        let mut arguments = arguments.args.iter();
        let (
            Some(syn::GenericArgument::Type(syn::Type::Tuple(inputs))),
            Some(syn::GenericArgument::AssocType(output)),
        ) = (arguments.next(), arguments.next())
        else {
            return None;
        };
        let (inputs, output) = (&inputs.elems, &output.ty);
        last.arguments =
            syn::PathArguments::Parenthesized(syn::parse_quote! { (#inputs) -> #output });
        Some(())
    }
}

impl VisitMut for Paths<'_> {
    fn visit_type_mut(&mut self, kind: &mut syn::Type) {
        self.known &= !matches!(kind, syn::Type::ImplTrait(_) | syn::Type::Macro(_));
        syn::visit_mut::visit_type_mut(self, kind);
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut syn::TraitBound) {
        syn::visit_mut::visit_trait_bound_mut(self, bound);
        let own = bound.path.segments.last();
        let own = own.is_some_and(|last| self.types.is_trait(&last.ident.to_string()));
        self.rename(&mut bound.path, TRAITS, own);
        Self::call(&mut bound.path);
    }

    fn visit_type_path_mut(&mut self, kind: &mut syn::TypePath) {
        syn::visit_mut::visit_type_path_mut(self, kind);
        if let Some(name) = kind.path.get_ident()
            && PRIMITIVE.contains(&name.to_string().as_str())
        {
            return;
        }
        let own = kind.path.segments.last();
        let own = own.is_some_and(|last| self.types.is_data(&last.ident.to_string()));
        self.rename(&mut kind.path, COMMON, own);
    }
}

const PRIMITIVE: [&str; 17] = [
    "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
    "u128", "usize", "f32", "f64",
];

/// Tokens with the spaces that people write.
fn compact(tokens: &str) -> String {
    [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("dyn::", "dyn ::"),
        (",::", ", ::"),
        ("+::", "+ ::"),
        ("& ", "&"),
        (" ;", ";"),
    ]
    .iter()
    .fold(tokens.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types() -> Types {
        let mut types = Types::default();
        let code = "struct Own<T>(T); const fn zero() -> u8 { 0 } trait Shape {}";
        types.learn(code, code);
        types
    }

    #[test]
    fn types_are_written_as_people_write_them() {
        for (defined, name) in [
            ("i32", "i32"),
            ("&str", "&str"),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            (
                "alloc::sync::Arc<std::sync::poison::mutex::Mutex<i32>>",
                "::std::sync::Arc<::std::sync::Mutex<i32>>",
            ),
            ("(f64, [u8; 4])", "(f64, [u8; 4])"),
            ("ctx::Own<core::option::Option<u8>>", "Own<Option<u8>>"),
            (
                "alloc::boxed::Box<dyn core::fmt::Debug + core::marker::Send>",
                "Box<dyn ::std::fmt::Debug + Send>",
            ),
            ("alloc::boxed::Box<dyn ctx::Shape>", "Box<dyn Shape>"),
            (
                "alloc::boxed::Box<dyn for<'a> core::ops::function::Fn<(&'a str,), Output = usize>>",
                "Box<dyn for<'a> Fn(&'a str,) -> usize>",
            ),
            (
                "for<'a> fn(&'a str) -> &'a str",
                "for<'a> fn(&'a str) -> &'a str",
            ),
        ] {
            assert_eq!(written(defined, &types()).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_has_no_name_in_a_later_cell_is_left_to_evcxr() {
        for kind in [
            "ctx::tandem_cell::{closure#0}",
            "ctx::zero",
            "ctx::tandem_cell::Inner",
            "alloc::boxed::Box<dyn core::hash::Hasher>",
            "core::iter::adapters::map::Map<u8, u8>",
        ] {
            assert_eq!(written(kind, &types()), None, "{kind}");
        }
    }
}
