//! What was typed, kept across restarts.
//!
//! One thread has the database, so that no cell waits for a disk. Requests for the history
//! reach it in order with what has been added, so they find all of it. Whatever is wrong with
//! the file, the kernel goes on: then the history lives as long as the session.

mod store;

use crate::log;
use jupyter_protocol::{HistoryEntry, HistoryRequest};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use store::Store;

enum Command {
    Input { line: usize, code: String },
    Output { line: usize, text: String },
    Answer(HistoryRequest, Sender<Vec<HistoryEntry>>),
    Close,
}

/// The way to the thread that keeps the history.
#[derive(Clone)]
pub struct History {
    commands: Sender<Command>,
}

/// Waits for the thread to end, after [`History::close`].
pub struct Keeper(JoinHandle<()>);

impl Keeper {
    /// Waits until everything has been written.
    pub fn finish(self) {
        // A panic there has been reported there.
        let _ = self.0.join();
    }
}

impl History {
    /// Starts the thread; the file is opened there.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub fn start(path: Option<PathBuf>) -> std::io::Result<(History, Keeper)> {
        let (commands, queue) = mpsc::channel();
        let thread = std::thread::Builder::new().name("history".to_owned());
        let keeper = thread.spawn(move || keep(Store::open(path.as_deref()), &queue))?;
        Ok((History { commands }, Keeper(keeper)))
    }

    /// Keeps what a cell is about to run.
    pub fn input(&self, line: usize, code: &str) {
        let code = code.to_owned();
        self.send(Command::Input { line, code });
    }

    /// Keeps the value that a cell showed.
    pub fn output(&self, line: usize, text: String) {
        self.send(Command::Output { line, text });
    }

    /// Answers a request of a front end.
    pub fn answer(&self, request: HistoryRequest) -> Vec<HistoryEntry> {
        let (reply, answer) = mpsc::channel();
        self.send(Command::Answer(request, reply));
        answer.recv().unwrap_or_default()
    }

    /// Ends the session's history; what comes later is not kept.
    pub fn close(&self) {
        self.send(Command::Close);
    }

    fn send(&self, command: Command) {
        // Without the thread there is no history, and nobody is told twice.
        let _ = self.commands.send(command);
    }
}

fn keep(mut store: Store, queue: &Receiver<Command>) {
    let mut complained = false;
    for command in queue {
        let kept = match command {
            Command::Input { line, code } => store.input(line, &code),
            Command::Output { line, text } => store.output(line, &text),
            Command::Close => break,
            Command::Answer(request, reply) => store.answer(&request).map(|entries| {
                let _ = reply.send(entries);
            }),
        };
        if let Err(error) = kept
            && !std::mem::replace(&mut complained, true)
        {
            log!("the history is not complete: {error}");
        }
    }
    if let Err(error) = store.close() {
        log!("the history is not complete: {error}");
    }
}
