//! A language that does what its commands say, one on each line: see [`Commands::line`].

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use tandem_cell::{
    Assistant, Cell, CellError, CellId, Completeness, Completions, EventKind, Inspection,
    Interrupter, Language, MimeBundle, Outcome, Output, Stream, Watch,
};
use tandem_jupyter::{
    Comm, CommHandler, CommTarget, Comms, Exit, KernelInfo, ServeError, serve_with_comms,
};

/// Serves the language until it is told to shut down.
pub fn serve(connection_file: &Path, history: Option<PathBuf>) -> Result<Exit, ServeError> {
    let (output, events) = Output::channel();
    let info = KernelInfo {
        implementation: "commands".to_owned(),
        version: "1.0".to_owned(),
        banner: "A language that obeys".to_owned(),
        language_version: "1.0".to_owned(),
        help_links: vec![("Jupyter".to_owned(), "https://jupyter.org".to_owned())],
        history,
    };
    let comms = Comms::default();
    comms.register("echo", Arc::new(Echo));
    comms.register("refuse", Arc::new(Refuse));
    let language = Box::new(Commands::default());
    serve_with_comms(connection_file, info, language, output, events, comms)
}

/// Everything that can be said.
const COMMANDS: [&str; 16] = [
    "print", "warn", "value", "fail", "panic", "wait", "ask", "password", "display", "update",
    "clear", "page", "bytes", "lines", "later", "now",
];

/// Wakes whatever waits for an interrupt.
#[derive(Clone, Default)]
struct Stop(Arc<Mutex<Option<Sender<()>>>>);

impl Interrupter for Stop {
    fn interrupt(&self) {
        if let Some(waiting) = self.0.lock().unwrap().take() {
            waiting.send(()).unwrap();
        }
    }
}

impl Stop {
    /// Has to be called before others can know that the cell runs.
    fn prepare(&self) -> Receiver<()> {
        let (sender, receiver) = channel();
        *self.0.lock().unwrap() = Some(sender);
        receiver
    }
}

/// The language.
#[derive(Default)]
struct Commands {
    stop: Stop,
    /// What earlier cells left to be printed by `now`.
    later: Vec<(CellId, String)>,
}

impl Commands {
    fn line(&mut self, id: CellId, line: &str, silent: bool, output: &Output) -> Outcome {
        let (command, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
        match command {
            "" => {}
            "print" => output.text(id, Stream::Stdout, format!("{rest}\n")),
            "warn" => output.text(id, Stream::Stderr, format!("{rest}\n")),
            "value" if silent => {}
            "value" => output.send(id, EventKind::Result(MimeBundle::text(rest))),
            "fail" => return Outcome::failed("Failure", rest),
            "panic" => panic!("the language was told to panic"),
            "wait" => {
                let interrupted = self.stop.prepare();
                output.text(id, Stream::Stdout, "waiting\n");
                interrupted.recv().unwrap();
                return Outcome::failed("KeyboardInterrupt", "interrupted");
            }
            "ask" | "password" => {
                let answer = output.ask(id, rest, command == "password");
                let said = answer.map_or("nobody".to_owned(), |answer| format!("got {answer}"));
                output.text(id, Stream::Stdout, format!("{said}\n"));
            }
            "display" => {
                let display_id = Some(name.to_owned()).filter(|name| name != "-");
                let bundle = MimeBundle::text(text);
                output.send(id, EventKind::Display { bundle, display_id });
            }
            "update" => {
                let (bundle, display_id) = (MimeBundle::text(text), name.to_owned());
                output.send(id, EventKind::UpdateDisplay { bundle, display_id });
            }
            "clear" => {
                let wait = rest == "wait";
                output.send(id, EventKind::ClearOutput { wait });
            }
            "page" => output.send(id, EventKind::Pager(MimeBundle::text(rest))),
            "bytes" => {
                let bytes = hex::decode(rest).unwrap();
                output.send(id, EventKind::Stream(Stream::Stdout, bytes));
            }
            "lines" => {
                for number in 0..rest.parse().unwrap() {
                    output.text(id, Stream::Stdout, format!("line {number}\n"));
                }
            }
            "later" => self.later.push((id, rest.to_owned())),
            "now" => {
                for (id, text) in self.later.drain(..) {
                    output.text(id, Stream::Stdout, format!("{text}\n"));
                }
            }
            _ => return Outcome::failed("Unknown", command),
        }
        Outcome::Ok
    }
}

impl Language for Commands {
    fn execute(&mut self, cell: &Cell, output: &Output, _watch: &mut dyn Watch) -> Outcome {
        for line in cell.code.lines() {
            let outcome = self.line(cell.id, line, cell.silent, output);
            if outcome != Outcome::Ok {
                return outcome;
            }
        }
        Outcome::Ok
    }

    fn evaluate(&mut self, _id: CellId, expression: &str) -> Result<MimeBundle, CellError> {
        match expression {
            "fail" => Err(CellError {
                name: "Failure".to_owned(),
                value: "as told".to_owned(),
                traceback: Vec::new(),
            }),
            text => Ok(MimeBundle::text(text)),
        }
    }

    fn assistant(&self) -> Arc<dyn Assistant> {
        Arc::new(Help)
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::new(self.stop.clone())
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        eprintln!("the language was dropped");
    }
}

/// Knows the commands.
struct Help;

impl Assistant for Help {
    fn complete(&self, code: &str, position: usize) -> Completions {
        let start = code[..position].rfind(['\n', ' ']).map_or(0, |at| at + 1);
        let begun = &code[start..position];
        let matches = COMMANDS.iter().filter(|command| command.starts_with(begun));
        Completions {
            matches: matches
                .map(|c| (c.to_string(), "keyword".to_owned()))
                .collect(),
            range: start..position,
        }
    }

    fn inspect(&self, code: &str, position: usize, detail: u8) -> Inspection {
        let start = code[..position].rfind('\n').map_or(0, |at| at + 1);
        let word = code[start..].split_whitespace().next()?;
        let known = COMMANDS.contains(&word);
        known.then(|| MimeBundle::text(format!("{word} is a command, detail {detail}")))
    }

    fn is_complete(&self, code: &str) -> Completeness {
        match code.trim_end() {
            code if code.ends_with("...") => Completeness::Incomplete {
                indent: "  ".to_owned(),
            },
            code if code.ends_with("!!") => Completeness::Invalid,
            _ => Completeness::Complete,
        }
    }
}

/// Sends back what it is sent, and closes when it is told to.
struct Echo;

impl CommTarget for Echo {
    fn open(&self, comm: Comm, data: Map<String, Value>) -> Result<Box<dyn CommHandler>, String> {
        comm.send(data, Vec::new());
        Ok(Box::new(Echoing(comm)))
    }
}

struct Echoing(Comm);

impl CommHandler for Echoing {
    fn message(&mut self, data: Map<String, Value>, buffers: Vec<bytes::Bytes>) {
        if data.contains_key("close") {
            self.0.close(Map::new());
        }
        self.0.send(data, buffers);
    }
}

/// Never opens.
struct Refuse;

impl CommTarget for Refuse {
    fn open(&self, _comm: Comm, _data: Map<String, Value>) -> Result<Box<dyn CommHandler>, String> {
        Err("as told".to_owned())
    }
}
