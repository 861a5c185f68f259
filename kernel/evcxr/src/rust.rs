//! The language: cells in, events and outcomes out.

use crate::assist::RustAssistant;
use crate::diagnostics::{self, Lines};
use crate::direct;
use crate::ending::{explain, failure};
use crate::engine::{Compiled, Redefined};
use crate::hints;
use crate::items::{function_arguments, name_statics};
use crate::parts::{Parts, PartsError};
use crate::service::{Artifact, Service};
use crate::session::Session;
use crate::source;
use crate::startup::{Startup, cannot_start, lock};
use crate::worker::{End, Ran, Worker};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tandem_cell::{
    Assistant, Cell, CellError, CellId, EventKind, Interrupter, Language, MimeBundle, Outcome,
    Output, Stream, Unwatched, Watch,
};

/// Where Rust cells find what they need.
#[derive(Clone, Debug)]
pub struct RustConfig {
    /// The folder in which cells run.
    pub directory: PathBuf,
    /// Tandem's data folder.
    pub data: PathBuf,
}

/// Why something other than a cell failed.
#[derive(Debug, thiserror::Error)]
pub enum RustError {
    /// The parts cannot be made.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// The request itself is no good.
    #[error("{0}")]
    Request(String),
}

/// Rust functions compiled for another process to call.
#[derive(Clone, Debug)]
pub struct Export {
    /// A dynamic library with a function `char* tandem_call_NAME(const char* arguments)` for
    /// each name: a JSON array in, `{"ok": value}` or `{"error": text}` out, to be freed with
    /// `tandem_free`.
    pub library: PathBuf,
}

/// Rust cells of one session.
pub struct Rust {
    config: RustConfig,
    startup: Arc<Startup>,
    worker: Option<Worker>,
    interrupt: Arc<Interrupt>,
    opt_level: String,
    dependencies: Vec<(String, String)>,
    session: Arc<Mutex<Session>>,
}

#[derive(Default)]
struct Interrupt {
    running: AtomicBool,
    asked: AtomicBool,
}

impl Interrupter for Interrupt {
    fn interrupt(&self) {
        if self.running.load(Ordering::SeqCst) {
            self.asked.store(true, Ordering::SeqCst);
        }
    }
}

impl Rust {
    /// Starts to get ready, on threads of its own; returns at once.
    ///
    /// # Errors
    /// Where no temporary folder can be made.
    pub fn start(config: RustConfig) -> std::io::Result<Rust> {
        let startup = Startup::begin(&config.data)?;
        Ok(Rust {
            config,
            startup,
            worker: None,
            interrupt: Arc::default(),
            opt_level: "0".to_owned(),
            dependencies: Vec::new(),
            session: Arc::default(),
        })
    }

    /// Whether it has warmed up: until then it takes cores from whatever else runs.
    pub fn is_warm(&self) -> bool {
        self.startup.is_over()
    }

    /// The optimisation level of cells that do not choose one.
    pub fn opt_level(&self) -> String {
        self.opt_level.clone()
    }

    /// Sets that level.
    pub fn set_opt_level(&mut self, level: &str) {
        level.clone_into(&mut self.opt_level);
    }

    fn worker(&mut self, service: &Service) -> Result<&mut Worker, CellError> {
        if self.worker.is_none() {
            let parts = service.parts();
            let worker = Worker::start(&parts.worker, &parts.library, &self.config.directory);
            self.worker = Some(worker.map_err(cannot_start)?);
        }
        Ok(self.worker.as_mut().expect("just made"))
    }

    /// Compiles a cell; where evcxr is not needed it is not waited for.
    fn compile(
        &mut self,
        cell: &Cell,
    ) -> Result<(Compiled, Arc<Service>, Option<Redefined>), CellError> {
        if let Some(command) = source::refused_command(&cell.code) {
            return Err(failure(
                "CommandError",
                format!("`{command}` is not for this kernel; `%magics` lists what there is"),
            ));
        }
        let level = match &cell.opt_level {
            Some(level) => level.clone(),
            None if cell.lane.is_some() => "3".to_owned(),
            None => self.opt_level.clone(),
        };
        let code = match cell.lane {
            Some(_) => format!("{{{}\n}};", cell.code),
            None => cell.code.clone(),
        };
        if let Some(service) = self.startup.service()
            && let Some(compiled) = self.compile_directly(&service, &code, &level)
        {
            return Ok((compiled, service, None));
        }
        let ready = self.startup.wait_first()?;
        let mut engine = lock(&ready.engine);
        let mut session = lock(&self.session);
        let session = &mut *session;
        let service = ready.service.clone();
        let redefined = engine.redefine(session, &code);
        let compiled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            engine.compile(session, &code, &level)
        }));
        let error = match compiled {
            Ok(Ok(compiled)) => return Ok((compiled, service, Some(redefined))),
            Ok(Err(error)) => error,
            Err(_) => failure(
                "InternalError",
                "rust-analyzer panicked on this cell; try to write it otherwise",
            ),
        };
        engine.undo(session, redefined, false);
        Err(error)
    }

    /// Compiles a cell without evcxr, if it is of that kind.
    fn compile_directly(&self, service: &Service, code: &str, level: &str) -> Option<Compiled> {
        let mut session = lock(&self.session);
        let number = service.number();
        let tokio = self.dependencies.iter().any(|(name, _)| name == "tokio");
        let direct = direct::write(&session, code, number, tokio)?;
        let mut types = session.types.clone();
        let items = &direct.items;
        if !items.text.is_empty() {
            types.learn(&items.text, &name_statics(&items.text));
        }
        let (artifact, items, new) = service.build_direct(direct, &types, number, level)?;
        session.types = types;
        session.items.clone_from(&artifact.source.items);
        session.names.extend(items.names);
        session.untold += &items.text;
        if artifact.entry.is_none() {
            return Some(Compiled::Nothing);
        }
        let mut after = session.variables.clone();
        after.extend(new);
        Some(Compiled::Run(Box::new(artifact), after))
    }

    /// Says what the cell's new definitions have cost.
    fn show_losses(cell: &Cell, redefined: &Redefined, output: &Output) {
        for (name, kind) in &redefined.dropped {
            output.text(
                cell.id,
                Stream::Stderr,
                format!("the variable `{name}` was dropped: its type `{kind}` is defined anew\n"),
            );
        }
        for name in &redefined.reset {
            output.text(
                cell.id,
                Stream::Stderr,
                format!("the static `{name}` begins anew: its type is defined anew\n"),
            );
        }
    }

    fn show_warnings(cell: &Cell, artifact: &Artifact, output: &Output) {
        let lines = Lines::new(&artifact.source.text, &cell.code);
        for message in &artifact.messages {
            if message["level"] == "warning"
                && diagnostics::concerns(message, &lines)
                && cell.lane.is_none()
            {
                output.text(
                    cell.id,
                    Stream::Stderr,
                    diagnostics::render(message, &lines) + "\n\n",
                );
            }
        }
    }

    /// Compiles and runs a cell.
    fn run(
        &mut self,
        cell: &Cell,
        output: &Output,
        watch: &mut dyn Watch,
    ) -> Result<Option<Ran>, CellError> {
        let (compiled, service, redefined) = self.compile(cell)?;
        let (artifact, after) = match compiled {
            Compiled::Run(artifact, after) => (artifact, after),
            Compiled::Nothing => {
                if let Some(redefined) = redefined {
                    Self::show_losses(cell, &redefined, output);
                }
                return Ok(None);
            }
            Compiled::Said(said) => {
                let bundle = said
                    .into_iter()
                    .fold(MimeBundle::default(), |bundle, (mime, text)| {
                        bundle.with(&mime, text)
                    });
                output.send(cell.id, EventKind::Result(bundle));
                return Ok(None);
            }
        };
        Self::show_warnings(cell, &artifact, output);
        let interrupt = self.interrupt.clone();
        let asked = move || interrupt.asked.load(Ordering::SeqCst);
        let ran = self
            .worker(&service)?
            .run(&artifact, cell, output, watch, &asked);
        match (&ran.end, redefined) {
            (End::Done, redefined) => {
                lock(&self.session).variables = after;
                if let Some(redefined) = redefined {
                    Self::show_losses(cell, &redefined, output);
                }
            }
            (_, Some(redefined)) => {
                if let Some(ready) = self.startup.now() {
                    let mut engine = lock(&ready.engine);
                    engine.undo(&mut lock(&self.session), redefined, true);
                }
            }
            (_, None) => {}
        }
        {
            let variables = &mut lock(&self.session).variables;
            variables.retain(|name, _| !ran.all_lost && !ran.lost.contains(name));
        }
        if ran.all_lost {
            self.worker = None;
        }
        match explain(&ran, cell, &artifact) {
            Some(error) => Err(error),
            None => Ok(Some(ran)),
        }
    }

    /// Runs code of the kernel's own, with nothing shown.
    fn ask(&mut self, id: CellId, code: String) -> Result<Ran, CellError> {
        let cell = Cell {
            silent: true,
            ..Cell::new(id, code)
        };
        let (output, _events) = Output::channel();
        let ran = self.run(&cell, &output, &mut Unwatched)?;
        ran.ok_or_else(|| failure("ValueError", "there is no value"))
    }

    /// The value of a variable, as JSON.
    ///
    /// # Errors
    /// Where there is no such variable, or JSON cannot carry its type.
    pub fn read_json(&mut self, name: &str) -> Result<Value, RustError> {
        let ran = self
            .ask(CellId(0), format!("tandem::runtime::answer(&{name});"))
            .map_err(|error| {
                RustError::Request(match error.name.as_str() {
                    "E0425" => format!("there is no Rust variable `{name}`"),
                    "E0277" => format!(
                        "the type of `{name}` cannot be written as JSON: it has no serde::Serialize"
                    ),
                    _ => error.value,
                })
            })?;
        ran.answer
            .unwrap_or_else(|| Err("no answer".to_owned()))
            .map_err(RustError::Request)
    }

    /// Defines a variable from JSON: integers become `i64`, arrays of one kind a `Vec`, what
    /// has no such form a `serde_json::Value`.
    ///
    /// # Errors
    /// Where the name is no Rust name.
    pub fn define_json(&mut self, name: &str, value: &Value) -> Result<(), RustError> {
        let kind = rust_type(value);
        let text = format!("{:?}", value.to_string());
        let code = format!("let mut {name}: {kind} = ::serde_json::from_str({text}).unwrap();");
        self.ask(CellId(0), code)
            .map(drop)
            .map_err(|error| RustError::Request(error.value))
    }

    /// Adds a crate, `name` or `name = "version"` (or a table), for this and later cells.
    ///
    /// # Errors
    /// What cargo says.
    pub fn add_dependency(
        &mut self,
        text: &str,
        cell: CellId,
        output: &Output,
    ) -> Result<(), RustError> {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => (name.trim(), version.trim()),
            None => (text.trim(), "\"*\""),
        };
        if name.is_empty()
            || !name
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        {
            return Err(RustError::Request(format!(
                "`{name}` is no name of a crate"
            )));
        }
        let display_id = format!("tandem-dep-{}", cell.0);
        let display = |text: String| EventKind::Display {
            bundle: MimeBundle::text(text),
            display_id: Some(display_id.clone()),
        };
        let update = |text: String| EventKind::UpdateDisplay {
            bundle: MimeBundle::text(text),
            display_id: display_id.clone(),
        };
        output.send(cell, display(format!("building {name} …")));
        let mut dependencies = self.dependencies.clone();
        dependencies.retain(|(other, _)| other != name);
        dependencies.push((name.to_owned(), version.to_owned()));
        let parts = Parts::find(&self.config.data, &dependencies, &mut |step| {
            output.send(cell, update(format!("building {name}: {step} …")));
        });
        if parts.is_err() {
            output.send(cell, update(format!("{name} could not be built")));
        }
        let parts = parts?;
        let ready = self
            .startup
            .wait()
            .map_err(|error| RustError::Request(error.value))?;
        let library = parts.library.clone();
        let mut engine = lock(&ready.engine);
        engine.use_parts(parts, name, version);
        self.dependencies = dependencies;
        if let Some(worker) = &mut self.worker {
            worker
                .load(&library)
                .map_err(|error| RustError::Request(error.to_string()))?;
        }
        output.send(cell, update(format!("{name} can be used now")));
        Ok(())
    }

    /// Compiles functions of earlier cells into a library that another process can load.
    ///
    /// # Errors
    /// Where a name is no function, or JSON cannot carry its arguments or result.
    pub fn export(&mut self, names: &[&str]) -> Result<Export, RustError> {
        let ready = self
            .startup
            .wait()
            .map_err(|error| RustError::Request(error.value))?;
        let (items, types) = {
            let session = lock(&self.session);
            (session.items.clone(), session.types.clone())
        };
        let mut text = items.clone();
        for name in names {
            let arguments = function_arguments(&items, name)
                .ok_or_else(|| RustError::Request(format!("there is no Rust function `{name}`")))?;
            let count = arguments.len();
            let values: String = (0..count).map(|at| format!("values.{at}, ")).collect();
            let kinds: String = arguments.iter().map(|kind| format!("{kind}, ")).collect();
            text.push_str(&format!(
                "\n#[unsafe(no_mangle)] pub extern \"C\" fn tandem_call_{name}(arguments: *const ::std::ffi::c_char) -> *mut ::std::ffi::c_char {{ \
                 ::tandem::runtime::call(arguments, |json| {{ \
                 let given = json.as_array().map_or(0, Vec::len); \
                 if given != {count} {{ return Err(format!(\"{name} takes {count} arguments, not {{given}}\")); }} \
                 {} ::serde_json::to_value({name}({values})).map_err(|error| error.to_string()) }}) }}\n",
                match count {
                    0 => String::new(),
                    _ => format!("let values: ({kinds}) = ::serde_json::from_value(json).map_err(|error| error.to_string())?;"),
                }
            ));
        }
        ready
            .service
            .build_library(&text, &types, "3")
            .map_err(|messages| {
                let error = diagnostics::compile_error(&messages, &Lines::new("", ""));
                RustError::Request(format!(
                    "these functions cannot be exported: {}",
                    error.value
                ))
            })
            .map(|library| Export { library })
    }
}

/// The natural type of a JSON value.
fn rust_type(value: &Value) -> String {
    match value {
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if number.is_i64() => "i64".to_owned(),
        Value::Number(number) if number.is_u64() => "u64".to_owned(),
        Value::Number(_) => "f64".to_owned(),
        Value::String(_) => "String".to_owned(),
        Value::Array(values) if !values.is_empty() => {
            let mut kinds: Vec<String> = values.iter().map(rust_type).collect();
            kinds.sort();
            kinds.dedup();
            match kinds.as_slice() {
                [one] => format!("Vec<{one}>"),
                [float, integer] if float == "f64" && integer == "i64" => "Vec<f64>".to_owned(),
                _ => "::serde_json::Value".to_owned(),
            }
        }
        _ => "::serde_json::Value".to_owned(),
    }
}

/// What a `result` or `display` message carries: one representation, or several as `mime:TYPE`.
pub(crate) fn bundle(message: &Value) -> MimeBundle {
    let fields = message.as_object().into_iter().flatten();
    let many = fields.filter_map(|(name, text)| Some((name.strip_prefix("mime:")?, text)));
    let many = many.fold(MimeBundle::default(), |bundle, (mime, text)| {
        bundle.with(mime, text.clone())
    });
    if !many.data.is_empty() {
        return many;
    }
    let mime = message["mime"].as_str().unwrap_or("text/plain");
    let content = message["content"].as_str().unwrap_or_default();
    MimeBundle::default().with(mime, content)
}

/// The event for a message that only shows something.
pub(crate) fn display_event(message: &Value) -> Option<EventKind> {
    let id = message["id"].as_str().map(str::to_owned);
    match message["type"].as_str()? {
        "display" => Some(EventKind::Display {
            bundle: bundle(message),
            display_id: id,
        }),
        "update" => Some(EventKind::UpdateDisplay {
            bundle: bundle(message),
            display_id: id.unwrap_or_default(),
        }),
        "clear" => Some(EventKind::ClearOutput {
            wait: message["wait"] == "yes",
        }),
        _ => None,
    }
}

impl Language for Rust {
    fn execute(&mut self, cell: &Cell, output: &Output, watch: &mut dyn Watch) -> Outcome {
        self.interrupt.asked.store(false, Ordering::SeqCst);
        self.interrupt.running.store(true, Ordering::SeqCst);
        if let Some(note) = hints::before(&cell.code)
            && !cell.silent
        {
            output.text(cell.id, tandem_cell::Stream::Stderr, note);
        }
        let result = self.run(cell, output, watch);
        self.interrupt.running.store(false, Ordering::SeqCst);
        // Not between the lanes of a comparison: it would take a core from the next one.
        if let Some(service) = self.startup.early()
            && cell.lane.is_none()
        {
            service.get_ready();
        }
        match result {
            Ok(_) => Outcome::Ok,
            Err(mut error) => {
                hints::after(&cell.code, &mut error);
                Outcome::Failed(error)
            }
        }
    }

    fn evaluate(&mut self, id: CellId, expression: &str) -> Result<MimeBundle, CellError> {
        let ran = self.ask(id, expression.to_owned())?;
        match ran.value {
            Some(Value::Object(data)) => Ok(MimeBundle {
                data,
                metadata: serde_json::Map::new(),
            }),
            _ => Ok(serde_json::from_value(json!({"data": {}})).unwrap_or_default()),
        }
    }

    fn assistant(&self) -> Arc<dyn Assistant> {
        Arc::new(RustAssistant {
            startup: self.startup.clone(),
            session: self.session.clone(),
        })
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.interrupt.clone()
    }
}
