//! Names for what a program works on: statics by their symbols, everything else from the text of
//! the lines that use it.

use crate::symbols::Symbols;
use crate::verdict::Line;
use object::{Object, ObjectSymbol};
use reports::exploration::{Event, Party};
use std::collections::HashMap;

/// The statics of the submission.
#[derive(Default)]
struct Statics(Vec<Static>);

struct Static {
    address: u64,
    size: u64,
    name: String,
    /// Of an array of numbers: the size of each.
    element: Option<u64>,
}

impl Statics {
    fn new(symbols: &Symbols) -> Self {
        let read = std::fs::read(symbols.program()).unwrap_or_default();
        let Ok(file) = object::File::parse(&*read) else {
            return Statics::default();
        };
        let data = file
            .symbols()
            .filter(|s| s.kind() == object::SymbolKind::Data && s.size() > 0);
        let of_the_user = data.filter_map(|s| {
            let path = addr2line::demangle_auto(
                s.name().ok()?.into(),
                Some(addr2line::gimli::DW_LANG_Rust),
            );
            let path = crate::symbols::plain(path.strip_prefix("submission::")?);
            let name = path.rsplit("::").next()?;
            // A number behind it is of the compiler, which takes structures of statics apart.
            let name = name.split('.').next()?.to_owned();
            let element = symbols.texts().find_map(|text| element(text, &name));
            Some(Static {
                address: s.address(),
                size: s.size(),
                name,
                element,
            })
        });
        Statics(of_the_user.collect())
    }

    /// The name of what stands at an address, where that is a whole static or an element of one.
    fn name(&self, address: u64) -> Option<String> {
        let whole = |s: &&Static| (s.address..s.address + s.size).contains(&address);
        let found = self.0.iter().find(whole)?;
        match found.element {
            Some(size) => {
                let index = (address - found.address) / size;
                Some(format!("{}[{index}]", found.name))
            }
            None => (found.size <= 8).then(|| found.name.clone()),
        }
    }
}

/// The size of an element, where a text declares `name` as an array of numbers.
fn element(text: &str, name: &str) -> Option<u64> {
    let at = text.find(&format!("{name}: ["))?;
    let rest = &text[at + name.len() + 3..];
    let kind = rest.split(';').next()?.trim();
    let kind = kind.strip_prefix("Atomic").unwrap_or(kind);
    match kind.to_lowercase().as_str() {
        "bool" | "u8" | "i8" => Some(1),
        "u16" | "i16" => Some(2),
        "u32" | "i32" | "f32" => Some(4),
        "u64" | "i64" | "usize" | "isize" | "f64" => Some(8),
        _ => None,
    }
}

/// Short names for the addresses that a program stores: equal ones get the same.
#[derive(Default)]
pub struct Pointers(Vec<u64>);

impl Pointers {
    /// A value as a reader wants to see it.
    pub fn shown(&mut self, value: u64) -> String {
        let signed = value as i64;
        if (-(1 << 31)..1 << 32).contains(&signed) {
            return signed.to_string();
        }
        let index = self.0.iter().position(|&v| v == value).unwrap_or_else(|| {
            self.0.push(value);
            self.0.len() - 1
        });
        match u8::try_from(index).ok().filter(|i| *i < 26) {
            Some(letter) => format!("ptr {}", char::from(b'A' + letter)),
            None => format!("ptr {index}"),
        }
    }
}

/// Names for the objects of an execution: from the text of the lines that use them.
pub fn object_names(
    events: &[Event],
    parties: &[Party],
    base: u64,
    symbols: &mut Symbols,
) -> HashMap<u64, String> {
    let mut names: HashMap<u64, String> = HashMap::new();
    let objects = events.iter().map(|e| e.object);
    let objects: Vec<u64> = objects.chain(parties.iter().map(|p| p.object)).collect();
    let statics = if objects.iter().any(|&o| o != 0) {
        Statics::new(symbols)
    } else {
        Statics::default()
    };
    let own_names: HashMap<u64, String> = objects
        .into_iter()
        .filter_map(|o| Some((o, statics.name(o.checked_sub(base)?)?)))
        .collect();
    let mut add = |object: u64, line: Option<Line>, operation: &str, symbols: &Symbols| {
        if object != 0
            && let Some(name) = line.and_then(|line| symbols.receiver(&line, operation))
            && names.get(&object).is_none_or(|old| name.len() < old.len())
        {
            names.insert(object, name);
        }
    };
    for event in events {
        let line = symbols.lines(&event.site).into_iter().next();
        add(event.object, line, &event.operation, symbols);
    }
    for party in parties {
        let line = symbols.lines(&party.site).into_iter().next();
        add(party.object, line, &party.what, symbols);
    }
    for (object, name) in own_names {
        names.insert(object, name);
    }
    // Different objects with the same name in the text get numbers.
    let mut objects: Vec<u64> = names.keys().copied().collect();
    objects.sort_unstable();
    let mut used: HashMap<String, u32> = HashMap::new();
    let mut all: HashMap<String, u32> = HashMap::new();
    for object in &objects {
        *all.entry(names[object].clone()).or_default() += 1;
    }
    for object in objects {
        let name = names[&object].clone();
        if all[&name] > 1 {
            let number = used.entry(name.clone()).or_default();
            *number += 1;
            names.insert(object, format!("{name}#{number}"));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Pointers, element};

    #[test]
    fn elements_of_arrays_are_told_from_the_text() {
        let text = "static FLAGS: [AtomicBool; 2] = x;\nstatic mut SUMS: [u32; N] = y;";
        assert_eq!(element(text, "FLAGS"), Some(1));
        assert_eq!(element(text, "SUMS"), Some(4));
        assert_eq!(element(text, "OTHER"), None);
    }

    #[test]
    fn equal_pointers_have_equal_names() {
        let mut pointers = Pointers::default();
        let shown = [1 << 40, 7, 1 << 41, 1 << 40, u64::MAX].map(|v| pointers.shown(v));
        assert_eq!(shown, ["ptr A", "7", "ptr B", "ptr A", "-1"]);
    }
}
