//! Looks at a source file before it is compiled: what it wants to have run, and what cannot be
//! modelled.

use anyhow::{Context, Result, anyhow, bail};
use proc_macro2::LineColumn;
use std::io::Read;
use std::path::Path;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A source file, ready to be a module of the explored program.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it was given.
    pub path: String,
    /// Its name in the explored program.
    pub name: String,
    /// Its text, with the same lines.
    pub text: String,
    /// The lines of it that are the user's: what is added stands behind them.
    pub lines: u32,
    /// What it wants to have run.
    pub entries: Vec<Entry>,
}

/// Something to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of the function, with its modules.
    pub name: String,
    /// Whether it is expected to panic, and with what in the message.
    pub should_panic: Option<String>,
}

/// Why a source is refused: the line, and what stands there.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// From 1.
    pub line: usize,
    /// What it does.
    pub what: String,
}

/// The largest source, in bytes.
const LARGEST: u64 = 256 << 10;

/// Reads a source file.
///
/// # Errors
///
/// It cannot be read, or is no text.
pub fn read(path: &Path) -> Result<String> {
    let cannot = || format!("cannot read {}", path.display());
    let file = std::fs::File::open(path).with_context(cannot)?;
    let mut bytes = Vec::new();
    // A device may have no end.
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    if bytes.len() as u64 > LARGEST {
        bail!("{} is larger than {} KiB", path.display(), LARGEST >> 10);
    }
    String::from_utf8(bytes).map_err(|error| {
        let right = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = right.iter().filter(|b| **b == b'\n').count() + 1;
        anyhow!(
            "{}:{line}: this is no UTF-8 text; save the file as UTF-8",
            path.display()
        )
    })
}

/// Prepares the text of a source for use as a module; `standalone` makes its own entries callable.
///
/// A text that does not parse is taken as it is: the compiler says what is wrong with it.
pub fn prepare(path: &str, name: &str, text: String, standalone: bool) -> (Source, Vec<Refusal>) {
    let mut source = Source {
        path: path.to_owned(),
        name: name.to_owned(),
        lines: text.lines().count() as u32,
        text,
        entries: Vec::new(),
    };
    if let Some(text) = source.text.strip_prefix('\u{feff}') {
        source.text = text.to_owned();
    }
    let Ok(file) = syn::parse_file(&source.text) else {
        return (source, Vec::new());
    };
    let mut visitor = Refusals::default();
    visitor.visit_file(&file);
    if standalone {
        let mut edits = Edits::default();
        edits.items(&file.items, "");
        source.entries = edits
            .entries
            .iter()
            .map(|(entry, _)| entry.clone())
            .collect();
        source.text = edits.apply(&source.text);
    }
    (source, visitor.found)
}

/// The function that the prepared text of a standalone source offers for its entry number `index`.
pub fn entry_function(index: usize) -> String {
    format!("__check_{index}")
}

/// Finds the functions to run, and makes them callable without moving any line.
#[derive(Default)]
struct Edits {
    entries: Vec<(Entry, String)>,
    /// Text to put in, by place.
    insertions: Vec<(LineColumn, String)>,
    /// Attributes to blank out.
    blanks: Vec<(LineColumn, LineColumn)>,
}

impl Edits {
    fn items(&mut self, items: &[syn::Item], prefix: &str) {
        for item in items {
            match item {
                syn::Item::Fn(function) => self.function(function, prefix),
                syn::Item::Mod(module) => {
                    if let Some((braces, items)) = &module.content {
                        let before = self.entries.len();
                        self.items(items, &format!("{prefix}{}::", module.ident));
                        let mut calls = String::new();
                        for index in before..self.entries.len() {
                            calls += &self.forward(index);
                        }
                        if !calls.is_empty() {
                            self.insertions.push((braces.span.close().start(), calls));
                            for index in before..self.entries.len() {
                                self.entries[index].1 =
                                    format!("{}::{}", module.ident, entry_function(index));
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, function: &syn::ItemFn, prefix: &str) {
        let test = function.attrs.iter().find(|a| a.path().is_ident("test"));
        let main =
            prefix.is_empty() && function.sig.ident == "main" && function.sig.inputs.is_empty();
        if test.is_none() && !main {
            return;
        }
        // What stands there only where tests are not compiled is not there.
        let absent = |a: &syn::Attribute| {
            a.path().is_ident("ignore")
                || matches!(&a.meta, syn::Meta::List(list) if list.path.is_ident("cfg")
                    && list.tokens.to_string().replace(' ', "") == "not(test)")
        };
        if function.attrs.iter().any(absent) {
            return;
        }
        let should_panic = function
            .attrs
            .iter()
            .find(|a| a.path().is_ident("should_panic"));
        for attribute in test.iter().chain(should_panic.iter()) {
            self.blanks
                .push((attribute.span().start(), attribute.span().end()));
        }
        let entry = Entry {
            name: format!("{prefix}{}", function.sig.ident),
            should_panic: should_panic.map(expected_panic),
        };
        self.entries.push((entry, function.sig.ident.to_string()));
    }

    /// A public function that calls an entry. What a test returns must say that it went well.
    fn forward(&self, index: usize) -> String {
        format!(
            " #[doc(hidden)] pub fn {}() {{ crate::__succeeds({}()) }}",
            entry_function(index),
            self.entries[index].1
        )
    }

    fn apply(mut self, text: &str) -> String {
        let mut tail = String::new();
        for index in 0..self.entries.len() {
            tail += &self.forward(index);
        }
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        self.insertions
            .sort_by_key(|(at, _)| std::cmp::Reverse((at.line, at.column)));
        for (start, end) in &self.blanks {
            for number in start.line..=end.line {
                let line = &mut lines[number - 1];
                let length = line.chars().count();
                let from = if number == start.line {
                    start.column
                } else {
                    0
                };
                let to = if number == end.line {
                    end.column.min(length)
                } else {
                    length
                };
                *line = line
                    .chars()
                    .enumerate()
                    .map(|(i, c)| if i >= from && i < to { ' ' } else { c })
                    .collect();
            }
        }
        for (at, what) in &self.insertions {
            let line = &mut lines[at.line - 1];
            let byte = line
                .char_indices()
                .nth(at.column)
                .map_or(line.len(), |(byte, _)| byte);
            line.insert_str(byte, what);
        }
        let mut text = lines.join("\n");
        text.push('\n');
        text += &tail;
        text.push('\n');
        text
    }
}

/// What `#[should_panic]` says that the message contains.
fn expected_panic(attribute: &syn::Attribute) -> String {
    let text = |value: &syn::Expr| match value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    };
    match &attribute.meta {
        syn::Meta::NameValue(pair) => text(&pair.value),
        syn::Meta::List(list) => syn::parse2::<syn::MetaNameValue>(list.tokens.clone())
            .ok()
            .and_then(|pair| text(&pair.value)),
        syn::Meta::Path(_) => None,
    }
    .unwrap_or_default()
}

/// Attributes that change what the program is linked to, or where its text comes from.
const ATTRIBUTES: &[&str] = &[
    "no_mangle",
    "export_name",
    "link_section",
    "link_name",
    "link",
    "global_allocator",
    "panic_handler",
    "path",
];

/// Finds what reaches out of the model.
#[derive(Default)]
struct Refusals {
    found: Vec<Refusal>,
}

impl Refusals {
    fn refuse(&mut self, spanned: &impl Spanned, what: &str) {
        self.found.push(Refusal {
            line: spanned.span().start().line,
            what: what.to_owned(),
        });
    }

    /// What a name must not be used for, wherever it stands.
    fn name(&mut self, at: &impl Spanned, name: &str) {
        match name {
            "asm" | "global_asm" | "naked_asm" => self.refuse(at, "contains assembly"),
            "include" | "include_str" | "include_bytes" => self.refuse(at, "includes another file"),
            "env" | "option_env" => self.refuse(at, "reads the environment at compile time"),
            _ => {}
        }
    }

    /// The text of a macro, which the parser leaves alone: what it may become is looked for in its
    /// words.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        use proc_macro2::TokenTree::{Group, Ident, Literal, Punct};
        let tokens: Vec<proc_macro2::TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let next = tokens.get(index + 1);
            match token {
                Ident(word) => {
                    let word = word.to_string();
                    let called = matches!(next, Some(Punct(p)) if p.as_char() == '!');
                    let opens = matches!(next, Some(Literal(_) | Group(_)));
                    if called {
                        self.name(token, &word);
                    }
                    if word == "extern" && opens {
                        self.refuse(token, "calls foreign functions (`extern`)");
                    }
                    self.internal(token, &word);
                }
                Group(group) => {
                    let sharp = index.checked_sub(1).and_then(|i| tokens.get(i));
                    if matches!(sharp, Some(Punct(p)) if p.as_char() == '#' || p.as_char() == '!') {
                        let text = group.stream().to_string();
                        for name in ATTRIBUTES {
                            if text
                                .split(|c: char| !c.is_alphanumeric() && c != '_')
                                .any(|w| w == *name)
                            {
                                self.refuse(token, &format!("uses `#[{name}]`"));
                            }
                        }
                    }
                    self.tokens(group.stream());
                }
                _ => {}
            }
        }
    }

    /// Names with two underscores are the checker's own.
    fn internal(&mut self, at: &impl Spanned, name: &str) {
        if name.starts_with("__") {
            self.refuse(
                at,
                &format!("uses the name `{name}`, which begins like the checker's own"),
            );
        }
    }

    fn path(&mut self, path: &syn::Path) {
        for segment in &path.segments {
            self.internal(segment, &segment.ident.to_string());
        }
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if names.len() >= 2 && names[0] == "std" {
            self.std_module(path, &names[1]);
        }
    }

    fn std_module(&mut self, at: &impl Spanned, module: &str) {
        let what = match module {
            "fs" => "uses files (`std::fs`)",
            "net" => "uses the network (`std::net`)",
            "process" => "starts or ends processes (`std::process`)",
            "env" => "reads the environment (`std::env`)",
            "os" => "calls the operating system (`std::os`)",
            _ => return,
        };
        self.refuse(at, what);
    }

    fn tree(&mut self, tree: &syn::UseTree, depth: usize, in_std: bool) {
        match tree {
            syn::UseTree::Name(name) => {
                self.name(&name.ident, &name.ident.to_string());
                self.internal(&name.ident, &name.ident.to_string());
            }
            syn::UseTree::Rename(name) => {
                self.name(&name.ident, &name.ident.to_string());
                self.internal(&name.ident, &name.ident.to_string());
            }
            syn::UseTree::Path(path) => self.internal(&path.ident, &path.ident.to_string()),
            _ => {}
        }
        match tree {
            syn::UseTree::Path(path) => {
                if depth == 0 && path.ident == "std" {
                    self.tree(&path.tree, 1, true);
                } else {
                    if in_std && depth == 1 {
                        self.std_module(&path.ident, &path.ident.to_string());
                    }
                    self.tree(&path.tree, depth + 1, in_std);
                }
            }
            syn::UseTree::Name(name) if in_std && depth == 1 => {
                self.std_module(&name.ident, &name.ident.to_string())
            }
            syn::UseTree::Rename(name) if in_std && depth == 1 => {
                self.std_module(&name.ident, &name.ident.to_string())
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|t| self.tree(t, depth, in_std))
            }
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Refusals {
    fn visit_item_foreign_mod(&mut self, item: &'ast syn::ItemForeignMod) {
        self.refuse(item, "calls foreign functions (`extern`)");
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if let Some(last) = item.path.segments.last() {
            self.name(item, &last.ident.to_string());
        }
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let path = attribute.path();
        for name in ATTRIBUTES {
            let hidden = matches!(&attribute.meta, syn::Meta::List(list) if list.path.is_ident("unsafe") && list.tokens.to_string().contains(name));
            if path.is_ident(name) || hidden {
                self.refuse(attribute, &format!("uses `#[{name}]`"));
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(path);
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, 0, false);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let name = item.ident.to_string();
        let known = ["std", "core", "alloc", "self"].contains(&name.as_str());
        if !known && !crate::parts::is_published(&name) {
            self.refuse(item, "asks for another crate");
        }
        // Our own code in the program names the library, too.
        if let Some((_, renamed)) = &item.rename
            && renamed != &item.ident
            && ["std", "core", "alloc"].iter().any(|name| renamed == name)
        {
            self.refuse(item, "takes the name of the standard library");
        }
    }
}
