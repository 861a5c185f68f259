//! What the line magics do.

use super::Notebook;
use crate::cell::{CELL_MAGICS, Kind, LINE_MAGICS, LineMagic};
use std::path::Path;
use tandem_cell::{Cell, CellError, Output, Stream};

/// Levels that rustc knows.
const OPT_LEVELS: [&str; 6] = ["0", "1", "2", "3", "s", "z"];

impl Notebook {
    /// Carries out one line magic of a cell.
    pub(super) fn magic(
        &mut self,
        magic: &LineMagic,
        kind: Kind,
        cell: &Cell,
        output: &Output,
    ) -> Result<(), CellError> {
        let say = |text: String| output.text(cell.id, Stream::Stdout, text + "\n");
        let fail = |what: String| Err(error(magic, &what));
        match magic.name.as_str() {
            "opt" if magic.argument.is_empty() => say(format!(
                "Rust cells are compiled with opt-level {}",
                self.rust.opt_level()
            )),
            "opt" if OPT_LEVELS.contains(&magic.argument.as_str()) => {
                self.rust.set_opt_level(&magic.argument);
                say(format!(
                    "Rust cells from here on are compiled with opt-level {}",
                    magic.argument
                ));
            }
            "opt" => {
                return fail(format!(
                    "`{}` is no optimisation level; there are {}",
                    magic.argument,
                    OPT_LEVELS.join(", ")
                ));
            }
            "dep" if magic.argument.is_empty() => {
                return fail("name a crate, for example `%dep regex = \"1\"`".to_owned());
            }
            "dep" => self
                .rust
                .add_dependency(&magic.argument, cell.id, output)
                .map_err(|what| error(magic, &what.to_string()))?,
            "python" => {
                if !magic.argument.is_empty() {
                    self.python
                        .switch(Path::new(&magic.argument), cell.id, output)
                        .map_err(|what| error(magic, &what.to_string()))?;
                }
                let running = self
                    .python
                    .info()
                    .map_err(|what| error(magic, &what.to_string()))?;
                say(format!(
                    "Python cells are run by {} ({}, {})",
                    running.path.display(),
                    running.version,
                    match running.gil {
                        true => "with the global interpreter lock",
                        false => "free-threaded: no global interpreter lock",
                    }
                ));
            }
            "exercise" => crate::checker::show_task(&magic.argument, cell, output)?,
            "share" => {
                for name in names(magic)? {
                    self.share(name, kind).map_err(|what| error(magic, &what))?;
                }
            }
            "export" => {
                let names = names(magic)?;
                if !matches!(kind, Kind::Rust | Kind::Release) {
                    return fail("only functions of Rust cells can be exported".to_owned());
                }
                let export = self
                    .rust
                    .export(&names)
                    .map_err(|what| error(magic, &what.to_string()))?;
                self.python
                    .import_native(&export.library, &names)
                    .map_err(|what| error(magic, &what.to_string()))?;
                say(format!(
                    "callable from Python cells: {} (release_gil=True lets other Python threads run meanwhile)",
                    names.join(", ")
                ));
            }
            _ => {
                let cells = CELL_MAGICS.iter().map(|(_, _, help)| *help);
                let lines = LINE_MAGICS.iter().map(|(_, help)| *help);
                say(cells.chain(lines).collect::<Vec<_>>().join("\n"));
            }
        }
        Ok(())
    }

    /// Copies a variable from the language of the cell to the other one.
    fn share(&mut self, name: &str, kind: Kind) -> Result<(), String> {
        match kind {
            Kind::Python => {
                let value = self.python.read_json(name).map_err(|e| e.to_string())?;
                self.rust
                    .define_json(name, &value)
                    .map_err(|e| e.to_string())
            }
            Kind::Rust | Kind::Release => {
                let value = self.rust.read_json(name).map_err(|e| e.to_string())?;
                self.python
                    .define_json(name, &value)
                    .map_err(|e| e.to_string())
            }
            _ => Err("variables are shared between Rust and Python cells only".to_owned()),
        }
    }
}

fn names(magic: &LineMagic) -> Result<Vec<&str>, CellError> {
    let names: Vec<&str> = magic
        .argument
        .split([' ', ',', '\t'])
        .filter(|name| !name.is_empty())
        .collect();
    let is_name = |name: &str| {
        name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_numeric())
    };
    match names.iter().find(|name| !is_name(name)) {
        Some(name) => Err(error(magic, &format!("`{name}` is not a name"))),
        None if names.is_empty() => Err(error(magic, "say which names")),
        None => Ok(names),
    }
}

fn error(magic: &LineMagic, what: &str) -> CellError {
    let value = format!("line {}, `%{}`: {what}", magic.line, magic.name);
    CellError {
        name: "MagicError".to_owned(),
        traceback: vec![format!("\x1b[1;31mMagicError\x1b[0m: {value}")],
        value,
    }
}
