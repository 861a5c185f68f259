//! The notebook as one language: sends each cell to the language it is written in.

mod assistant;
mod magics;

use crate::c::C;
use crate::cell::{self, Kind, Parsed};
use crate::checker;
use crate::compare;
use crate::stepper;
use std::path::PathBuf;
use std::sync::Arc;
use tandem_cell::{
    Assistant, Cell, CellError, CellId, Comm, EventKind, Interrupter, Language, MimeBundle,
    Outcome, Output, Stream, Watch,
};
use tandem_evcxr::{Rust, RustConfig};
use tandem_pyhost::{Python, PythonConfig};

/// Where a notebook's languages find what they need.
pub struct Places {
    /// The notebook's folder: cells start in it.
    pub directory: PathBuf,
    /// Tandem's data folder: prebuilt parts, the bridge.
    pub data: PathBuf,
    /// The interpreter for Python cells, if not the `python3` of the PATH.
    pub python: Option<PathBuf>,
}

/// All languages of one notebook session.
pub struct Notebook {
    rust: Rust,
    python: Python,
    c: C,
    cpp: C,
}

impl Notebook {
    /// Starts the languages; returns at once, they warm up by themselves.
    ///
    /// # Errors
    /// Where a language cannot even be prepared: what is missing and what to type.
    pub fn start(places: Places) -> anyhow::Result<Notebook> {
        let rust = Rust::start(RustConfig {
            directory: places.directory.clone(),
            data: places.data.clone(),
        })?;
        let python = Python::start(PythonConfig {
            interpreter: places.python,
            directory: places.directory.clone(),
            data: places.data,
        });
        Ok(Notebook {
            rust,
            python,
            c: C::c17(&places.directory),
            cpp: C::cpp(&places.directory),
        })
    }

    fn run(
        &mut self,
        parsed: &Parsed,
        cell: &Cell,
        output: &Output,
        watch: &mut dyn Watch,
    ) -> Outcome {
        if !parsed.has_code() && parsed.kind != Kind::Compare {
            return Outcome::Ok;
        }
        let mut part = Cell {
            code: parsed.code.clone(),
            ..cell.clone()
        };
        match parsed.kind {
            Kind::Rust => {
                self.warn_of_slow_timing(&part, output);
                self.rust.execute(&part, output, watch)
            }
            Kind::Release => {
                part.opt_level = Some("3".to_owned());
                self.rust.execute(&part, output, watch)
            }
            Kind::Python => self.python.execute(&part, output, watch),
            Kind::C => self.c.execute(&part, output, watch),
            Kind::Cpp => self.cpp.execute(&part, output, watch),
            Kind::Compare => compare::compare(&parsed.argument, &part, output, self),
            Kind::Timeline => compare::timeline(&parsed.argument, &part, output, self),
            Kind::Interleave => match parsed.argument.trim().strip_prefix("python") {
                Some(options) => self.step(options, &part, output),
                None => checker::interleave(&parsed.argument, &part, output),
            },
            Kind::Submit => checker::submit(&parsed.argument, &part, output),
        }
    }

    /// Explores a Python program under every interleaving of its bytecodes.
    fn step(&mut self, options: &str, cell: &Cell, output: &Output) -> Outcome {
        let interpreter = match self.python.info() {
            Ok(interpreter) => interpreter.path,
            Err(error) => return Outcome::failed("PythonError", error.to_string()),
        };
        match stepper::explore(&interpreter, options, &cell.code) {
            Ok(shown) => {
                checker::display(shown, cell, output);
                Outcome::Ok
            }
            Err(outcome) => outcome,
        }
    }

    /// Shows what is known about a name in the front end's pager.
    fn answer(&self, name: &str, kind: Kind, cell: &Cell, output: &Output) -> Outcome {
        let assistant = match kind {
            Kind::Python => self.python.assistant(),
            _ => self.rust.assistant(),
        };
        match assistant.inspect(name, name.len(), 0) {
            Some(documentation) => {
                output.send(cell.id, EventKind::Pager(documentation));
                Outcome::Ok
            }
            None => Outcome::failed("NameError", format!("nothing is known about `{name}`")),
        }
    }

    /// A cell that takes the time is never silently unoptimised.
    fn warn_of_slow_timing(&self, cell: &Cell, output: &Output) {
        let level = cell
            .opt_level
            .clone()
            .unwrap_or_else(|| self.rust.opt_level());
        let takes_time = ["Instant::now", ".elapsed()", "SystemTime::now"]
            .iter()
            .any(|call| cell.code.contains(call));
        if level == "0" && takes_time && !cell.silent {
            output.text(
                cell.id,
                Stream::Stderr,
                "note: this cell measures time and was compiled with opt-level 0. \
                 Put `%%release` on its first line to measure optimised code.\n",
            );
        }
    }
}

impl compare::Lanes for Notebook {
    fn lane(&mut self, language: &str) -> Option<&mut dyn Language> {
        Some(match language {
            "rust" => &mut self.rust,
            "python" => &mut self.python,
            "c" => &mut self.c,
            "cpp" => &mut self.cpp,
            _ => return None,
        })
    }

    fn is_warm(&self) -> bool {
        self.rust.is_warm()
    }

    fn all(&mut self) -> Vec<(&'static str, &mut dyn Language)> {
        vec![
            ("rust", &mut self.rust),
            ("python", &mut self.python),
            ("c", &mut self.c),
            ("cpp", &mut self.cpp),
        ]
    }
}

impl Language for Notebook {
    fn execute(&mut self, cell: &Cell, output: &Output, watch: &mut dyn Watch) -> Outcome {
        let parsed = match cell::parse(&cell.code) {
            Ok(parsed) => parsed,
            Err(error) => return Outcome::failed("MagicError", error.to_string()),
        };
        for magic in &parsed.before {
            if let Err(error) = self.magic(magic, parsed.kind, cell, output) {
                return Outcome::Failed(error);
            }
        }
        if let Some(name) = cell::question(&parsed) {
            return self.answer(name, parsed.kind, cell, output);
        }
        let outcome = self.run(&parsed, cell, output, watch);
        if outcome != Outcome::Ok {
            return outcome;
        }
        for magic in &parsed.after {
            if let Err(error) = self.magic(magic, parsed.kind, cell, output) {
                return Outcome::Failed(error);
            }
        }
        Outcome::Ok
    }

    fn evaluate(&mut self, id: CellId, expression: &str) -> Result<MimeBundle, CellError> {
        match expression.strip_prefix("%%python") {
            Some(python) => self.python.evaluate(id, python.trim()),
            None => self.rust.evaluate(id, expression),
        }
    }

    fn comm(&mut self, id: CellId, comm: &Comm, output: &Output) -> bool {
        self.python.comm(id, comm, output)
    }

    fn assistant(&self) -> Arc<dyn Assistant> {
        Arc::new(assistant::NotebookAssistant {
            rust: self.rust.assistant(),
            python: self.python.assistant(),
            c: self.c.assistant(),
        })
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::new(Interrupters(vec![
            self.rust.interrupter(),
            self.python.interrupter(),
            self.c.interrupter(),
            self.cpp.interrupter(),
        ]))
    }
}

/// Only the language that runs something reacts.
struct Interrupters(Vec<Arc<dyn Interrupter>>);

impl Interrupter for Interrupters {
    fn interrupt(&self) {
        for language in &self.0 {
            language.interrupt();
        }
    }
}
