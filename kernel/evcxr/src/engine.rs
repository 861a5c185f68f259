//! evcxr's context: what it is told, and what it is made to forget.

use crate::diagnostics::{Lines, compile_error};
use crate::direct;
use crate::items::{Types, name_statics, names_one_of};
use crate::parts::{CRATES, Parts};
use crate::service::{Artifact, Service};
use crate::session::{Session, Variable, Variables};
use crate::source;
use evcxr::{CommandContext, Error, EvalContext};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tandem_cell::CellError;

/// While evcxr looks for its tools, this process's PATH begins with the stand-ins.
static PATH: Mutex<()> = Mutex::new(());

/// evcxr's context. What it believes is made to agree with the session before it is asked.
pub struct Engine {
    context: CommandContext,
    service: Arc<Service>,
    /// Crates that evcxr has been told of.
    known: HashSet<String>,
}

/// What a cell's redefinitions cost, and how it was before them.
pub struct Redefined {
    /// The variables before the cell.
    before: Variables,
    /// The definitions before the cell.
    types: Types,
    /// Code that puts back the definitions that the cell replaces.
    old: String,
    /// Variables that are dropped, with their types: their memory has the old form, and evcxr
    /// would read it in the new one.
    pub dropped: Vec<(String, String)>,
    /// Statics that begin anew, for the same reason.
    pub reset: Vec<String>,
}

/// What became of a cell's text.
pub enum Compiled {
    /// There is something to run; these are the variables when it has ended well.
    Run(Box<Artifact>, Variables),
    /// It has only changed definitions.
    Nothing,
    /// evcxr answered by itself (one of its `:` commands).
    Said(Vec<(String, String)>),
}

impl Engine {
    /// Makes evcxr's context. Takes seconds: rust-analyzer reads the standard library.
    ///
    /// # Errors
    /// What evcxr says.
    pub fn new(service: Arc<Service>) -> Result<Engine, String> {
        let config = service.folder.with_file_name("config");
        std::fs::create_dir_all(&config).map_err(|error| error.to_string())?;
        let settings = format!(
            "[evcxr]\ntmpdir = {:?}\npreserve_vars_on_panic = false\noffline_mode = true\nopt_level = \"0\"\n",
            service.folder.display().to_string()
        );
        std::fs::write(config.join("evcxr.toml"), settings).map_err(|error| error.to_string())?;
        let mut relay = Command::new(service.parts().worker);
        relay.arg("relay").arg(&service.relay);
        let (context, outputs) = with_tools(&service.tools, &config, || {
            EvalContext::with_subprocess_command(relay)
        })
        .map_err(|error| error.to_string())?;
        // evcxr waits until what it thinks the user's code has printed is taken.
        for receiver in [outputs.stdout, outputs.stderr] {
            std::thread::spawn(move || while receiver.recv().is_ok() {});
        }
        Ok(Engine {
            context: CommandContext::with_eval_context(context),
            service,
            known: HashSet::new(),
        })
    }

    /// Variables and their types, as evcxr sees them.
    fn believed(&self) -> HashMap<String, String> {
        self.context
            .variables_and_types()
            .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
            .collect()
    }

    /// Tells evcxr what has been defined without it, and what has become of the variables.
    pub fn synchronise(&mut self, untold: &str, variables: &Variables) {
        if !untold.is_empty() {
            self.make_known(untold);
            self.pretend(&name_statics(untold));
        }
        let believed = self.believed();
        let gone: Vec<String> = believed
            .keys()
            .filter(|name| !variables.contains_key(*name))
            .cloned()
            .collect();
        self.forget(&gone);
        let new: String = variables
            .iter()
            .filter(|(name, variable)| believed.get(*name) != Some(&variable.kind))
            .map(|(name, Variable { kind, mutable })| {
                let mutable = if *mutable { "mut " } else { "" };
                format!("let {mutable}{name}: {kind} = loop {{}};\n")
            })
            .collect();
        if !new.is_empty() {
            self.pretend(&new);
        }
    }

    /// Infers a type once, so that the first `let` of the user need not wait for it.
    pub fn warm_up(&mut self) {
        self.pretend("let tandem_warm = String::new();");
        self.forget(&["tandem_warm".to_owned()]);
    }

    /// Compiles a cell on top of the session, which evcxr must know. `level` is the optimisation
    /// level.
    ///
    /// # Errors
    /// All of rustc's errors as one, with the cell's lines.
    pub fn compile(
        &mut self,
        session: &mut Session,
        code: &str,
        level: &str,
    ) -> Result<Compiled, CellError> {
        self.make_known(code);
        let named = name_statics(code);
        {
            let mut state = self.service.state();
            state.opt_level = level.to_owned();
            state.artifact = None;
            state.dry = false;
            state.first_failure = None;
            state.last_failure = None;
            state.types = session.types.clone();
        }
        let outputs = self
            .context
            .execute(&named)
            .map_err(|error| self.explain(error, code))?;
        let Some(artifact) = self.service.state().artifact.take() else {
            let said: Vec<_> = outputs.content_by_mime_type.into_iter().collect();
            return Ok(match said.is_empty() {
                true => Compiled::Nothing,
                false => Compiled::Said(said),
            });
        };
        session.items.clone_from(&artifact.source.items);
        session.names.extend(direct::defined(code));
        let bound = direct::mutable(code);
        let after = self.believed().into_iter().map(|(name, kind)| {
            let taken = artifact.source.mutable.get(&name);
            let known = session.variables.get(&name).map(|v| &v.mutable);
            let mutable = bound.get(&name).or(taken).or(known);
            let mutable = mutable.copied().unwrap_or(true);
            (name, Variable { kind, mutable })
        });
        let after = after.collect();
        Ok(match artifact.entry {
            Some(_) => Compiled::Run(Box::new(artifact), after),
            None => Compiled::Nothing,
        })
    }

    /// Prepares for what `code` defines anew: variables whose memory has the old form are
    /// dropped. [`Engine::undo`] is to be called if the cell fails.
    pub fn redefine(&mut self, session: &mut Session, code: &str) -> Redefined {
        let changed = session.types.changed_by(code);
        let dropped: Vec<(String, String)> = session
            .variables
            .iter()
            .filter(|(_, variable)| names_one_of(&variable.kind, &changed))
            .map(|(name, variable)| (name.clone(), variable.kind.clone()))
            .collect();
        let redefined = Redefined {
            old: session.types.replaced_by(code),
            reset: session.types.reset_statics(&changed),
            before: session.variables.clone(),
            types: session.types.clone(),
            dropped,
        };
        for (name, _) in &redefined.dropped {
            session.variables.remove(name);
        }
        self.synchronise(&std::mem::take(&mut session.untold), &session.variables);
        session.types.learn(code, &name_statics(code));
        redefined
    }

    /// Makes it so that the cell has not happened: neither its variables, nor types that it put
    /// in the place of others. `committed` says that evcxr has its definitions.
    pub fn undo(&mut self, session: &mut Session, redefined: Redefined, committed: bool) {
        if committed && !redefined.old.is_empty() {
            self.pretend(&redefined.old);
            session.types = redefined.types;
        } else if !committed {
            session.types = redefined.types;
        }
        session.variables = redefined.before;
    }

    /// Makes evcxr forget variables.
    fn forget(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.service.state().forget = names.to_vec();
            self.pretend("();");
        }
    }

    /// Lets evcxr take over what `code` changes, without building or running it.
    fn pretend(&mut self, code: &str) {
        self.service.state().dry = true;
        let _ = self.context.execute(code);
        self.service.state().dry = false;
        self.service.state().artifact = None;
    }

    /// Tells evcxr of crates that are there for every cell, when the first cell names one:
    /// rust-analyzer needs a second to read them.
    fn make_known(&mut self, code: &str) {
        let parts = self.service.parts();
        let tandem = (
            "tandem",
            format!("{{ path = {:?} }}", parts.project.display().to_string()),
        );
        let crates = CRATES
            .iter()
            .map(|(name, version)| (*name, (*version).to_owned()))
            .chain([tandem]);
        let commands: String = crates
            .filter(|(name, _)| source::mentions(code, &name.replace('-', "_")))
            .filter(|(name, _)| !self.known.contains(*name))
            .map(|(name, version)| format!(":dep {name} = {version}\n"))
            .collect();
        if commands.is_empty() {
            return;
        }
        self.add_to_evcxr(&commands);
        for (name, _) in CRATES.iter().chain(&[("tandem", "")]) {
            if commands.contains(&format!(":dep {name} ")) {
                self.known.insert((*name).to_owned());
            }
        }
    }

    /// Hands `:dep` lines to evcxr, for rust-analyzer; what is linked is the parts' business.
    fn add_to_evcxr(&mut self, commands: &str) {
        let lock = self.service.parts().project.join("Cargo.lock");
        let _ = std::fs::copy(lock, self.service.folder.join("Cargo.lock"));
        self.pretend(&format!("{commands}();"));
    }

    /// Changes to parts that hold one more crate.
    pub fn use_parts(&mut self, parts: Parts, name: &str, version: &str) {
        self.service.set_parts(parts);
        self.add_to_evcxr(&format!(":dep {name} = {version}\n"));
        self.known.insert(name.to_owned());
    }

    fn explain(&self, error: Error, code: &str) -> CellError {
        let (first, last) = {
            let mut state = self.service.state();
            (state.first_failure.take(), state.last_failure.take())
        };
        let failure = match (&error, first, last) {
            (Error::CompilationErrors(_), Some(first), Some(last)) => {
                // The last try is the one that evcxr gave up on; the first one shows the cell
                // as it stands, and is better where the last one shows generated code.
                let generated = |message: &Value| {
                    let text = message["rendered"].as_str().unwrap_or_default();
                    text.contains("evcxr_send_text_plain")
                };
                let shows = |message: &Value| {
                    let text = message["message"].as_str().unwrap_or_default();
                    message["level"] == "error"
                        && !text.contains("evcxr_display")
                        && !text.starts_with("aborting")
                };
                match last.1.iter().any(generated) && first.1.iter().any(shows) {
                    true => Some((first.0, first.1.into_iter().filter(|m| shows(m)).collect())),
                    false => Some(last),
                }
            }
            _ => None,
        };
        match (error, failure) {
            (Error::CompilationErrors(_), Some((source, messages))) => {
                compile_error(&messages, &Lines::new(&source, code))
            }
            (Error::CompilationErrors(errors), None) => {
                let messages: Vec<Value> = errors
                    .iter()
                    .map(|error| json!({"level": "error", "message": error.message()}))
                    .collect();
                compile_error(&messages, &Lines::new("", code))
            }
            (other, _) => {
                let text = other.to_string();
                CellError {
                    name: "CompileError".to_owned(),
                    value: text.lines().next().unwrap_or_default().to_owned(),
                    traceback: text
                        .lines()
                        .map(|line| format!("\x1b[1;31m{line}\x1b[0m"))
                        .collect(),
                }
            }
        }
    }

    /// Completions, as evcxr gives them.
    pub fn completions(&mut self, code: &str, position: usize) -> Option<evcxr::Completions> {
        self.make_known(code);
        self.context.completions(code, position).ok()
    }

    /// Documentation: plain text and Markdown.
    pub fn hover(&mut self, code: &str, position: usize) -> Option<(String, String)> {
        self.make_known(code);
        self.context.hover_at(code, position).ok()
    }
}

/// Runs `make` with the stand-ins first on the PATH. Nobody else in this process is harmed: a
/// stand-in that is called by anybody but this process's own threads runs the real tool.
fn with_tools<T>(tools: &Path, config: &Path, make: impl FnOnce() -> T) -> T {
    let _guard = PATH.lock().unwrap_or_else(|e| e.into_inner());
    let before = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&before));
    let path = std::env::join_paths(folders).unwrap_or_else(|_| before.clone());
    // SAFETY: other threads of this process read the environment only through std, whose lock
    // covers both.
    unsafe {
        std::env::set_var("PATH", path);
        std::env::set_var("EVCXR_CONFIG_DIR", config);
    }
    let made = make();
    // SAFETY: as above.
    unsafe {
        std::env::set_var("PATH", before);
        std::env::remove_var("EVCXR_CONFIG_DIR");
    }
    made
}
