//! From events to messages: the single consumer of the event channel.
//!
//! Stream output is joined into few messages: bytes that follow each other on the same stream
//! of the same cell wait up to [`PATIENCE`] for more, and leave at once when anything else
//! comes, so that the order of messages is the order of the channel.

use crate::cells::{Origin, Running};
use crate::hub::Hub;
use crate::log;
use crate::text::Decoder;
use jupyter_protocol::{
    ClearOutput, DisplayData, ExecuteResult, ExecutionCount, InputRequest, JupyterMessageContent,
    Media, MediaType, Payload, Stdio, StreamContent, Transient, UpdateDisplayData,
};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tandem_cell::{CellId, Event, EventKind, MimeBundle, Stream};

/// How long output waits for more of its kind.
const PATIENCE: Duration = Duration::from_millis(10);
/// How long the start of a character waits for its rest.
const CHARACTER: Duration = Duration::from_millis(500);
/// A message is sent when it has this many bytes.
const ENOUGH: usize = 256 << 10;

type Source = (CellId, Stream);

/// Output that waits for more of its kind.
struct Batch {
    source: Source,
    bytes: Vec<u8>,
    due: Instant,
}

/// Publishes events until every sender is gone.
pub fn publish(hub: Arc<Hub>, events: &Receiver<Event>) {
    let mut publisher = Publisher {
        hub,
        batch: None,
        decoders: HashMap::new(),
    };
    loop {
        let event = match publisher.due() {
            Some(due) => {
                let left = due.saturating_duration_since(Instant::now());
                events.recv_timeout(left)
            }
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match event {
            Ok(event) => publisher.handle(event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                publisher.flush();
                publisher.finish_characters(|_, _| true);
                return;
            }
        }
        publisher.flush_what_is_due();
    }
}

struct Publisher {
    hub: Arc<Hub>,
    batch: Option<Batch>,
    /// Streams that ended inside a character, and when that has lasted too long.
    decoders: HashMap<Source, (Decoder, Instant)>,
}

impl Publisher {
    /// When something has to be sent even if nothing else comes.
    fn due(&self) -> Option<Instant> {
        let characters = self.decoders.values().map(|(_, due)| *due);
        let batch = self.batch.iter().map(|batch| batch.due);
        batch.chain(characters).min()
    }

    fn flush_what_is_due(&mut self) {
        let now = Instant::now();
        if self.batch.as_ref().is_some_and(|batch| batch.due <= now) {
            self.flush();
        }
        self.finish_characters(|_, due| due <= now);
    }

    fn handle(&mut self, event: Event) {
        let cell = event.cell;
        if let EventKind::Stream(stream, bytes) = event.kind {
            return self.stream((cell, stream), bytes);
        }
        self.flush();
        match event.kind {
            EventKind::Stream(..) => {}
            EventKind::Barrier(reached) => {
                self.finish_characters(|(of, _), _| of == cell);
                // Nobody waits where the session has ended meanwhile.
                let _ = reached.send(());
            }
            EventKind::Result(bundle) => self.result(cell, bundle),
            EventKind::Display { bundle, display_id } => {
                // Never absent: clients look into it without asking.
                let transient = Some(Transient { display_id });
                let data = media(&bundle);
                let metadata = bundle.metadata;
                let display = DisplayData {
                    data,
                    metadata,
                    transient,
                };
                self.show(cell, display);
            }
            EventKind::UpdateDisplay { bundle, display_id } => {
                let update = UpdateDisplayData {
                    data: media(&bundle),
                    metadata: bundle.metadata,
                    transient: Transient {
                        display_id: Some(display_id),
                    },
                };
                self.show(cell, update);
            }
            EventKind::ClearOutput { wait } => self.show(cell, ClearOutput { wait }),
            EventKind::Pager(bundle) => {
                if let Some(cell) = self.hub.cells().get(cell) {
                    let data = media(&bundle);
                    cell.payload.push(Payload::Page { data, start: 0 });
                }
            }
            EventKind::Input(request) => {
                let origin = self
                    .hub
                    .cells()
                    .get(cell)
                    .filter(|cell| cell.allow_stdin)
                    .map(|cell| cell.origin.clone());
                let Some(origin) = origin else {
                    // Whoever asked may have stopped to wait.
                    let _ = request.reply.send(None);
                    return;
                };
                let message = origin.message(InputRequest {
                    prompt: request.prompt,
                    password: request.password,
                });
                self.hub.ask(message, request.reply);
            }
        }
    }

    fn result(&self, cell: CellId, bundle: MimeBundle) {
        let mut cells = self.hub.cells();
        let Some(known) = cells.get(cell) else { return };
        if known.silent {
            return;
        }
        let text = bundle.data.get("text/plain").and_then(Value::as_str);
        known.result = text.map(str::to_owned);
        let execution_count = ExecutionCount::new(known.count);
        drop(cells);
        let result = ExecuteResult {
            execution_count,
            data: media(&bundle),
            metadata: bundle.metadata,
            transient: Some(Transient::default()),
        };
        self.show(cell, result);
    }

    fn stream(&mut self, source: Source, bytes: Vec<u8>) {
        match &mut self.batch {
            Some(batch) if batch.source == source => batch.bytes.extend_from_slice(&bytes),
            _ => {
                self.flush();
                let due = Instant::now() + PATIENCE;
                self.batch = Some(Batch { source, bytes, due });
            }
        }
        if self
            .batch
            .as_ref()
            .is_some_and(|batch| batch.bytes.len() >= ENOUGH)
        {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some(Batch { source, bytes, .. }) = self.batch.take() else {
            return;
        };
        let (mut decoder, _) = self
            .decoders
            .remove(&source)
            .unwrap_or_else(|| (Decoder::default(), Instant::now()));
        let text = decoder.decode(bytes);
        if decoder.is_waiting() {
            let due = Instant::now() + CHARACTER;
            self.decoders.insert(source, (decoder, due));
        }
        self.send_text(source, text);
    }

    /// Shows the starts of characters whose rest will not come any more.
    fn finish_characters(&mut self, is_over: impl Fn(Source, Instant) -> bool) {
        let over: Vec<_> = self
            .decoders
            .extract_if(|source, (_, due)| is_over(*source, *due))
            .collect();
        for (source, (mut decoder, _)) in over {
            self.send_text(source, decoder.finish());
        }
    }

    fn send_text(&self, (cell, stream): Source, text: String) {
        if text.is_empty() {
            return;
        }
        let name = match stream {
            Stream::Stdout => Stdio::Stdout,
            Stream::Stderr => Stdio::Stderr,
        };
        self.show(cell, StreamContent { name, text });
    }

    /// Sends a message under the request that started the cell, however long ago.
    fn show(&self, cell: CellId, content: impl Into<JupyterMessageContent>) {
        let origin: Option<Origin> = {
            let mut cells = self.hub.cells();
            cells
                .get(cell)
                .map(|cell: &mut Running| cell.origin.clone())
        };
        match origin {
            Some(origin) => self.hub.publish(&origin, content),
            None => log!(
                "dropped output of cell {}, which ended too long ago",
                cell.0
            ),
        }
    }
}

/// A bundle as the protocol crate holds it. What it does not know, it carries as it is.
pub fn media(bundle: &MimeBundle) -> Media {
    let mut content = Vec::new();
    for (mime, value) in &bundle.data {
        let one = Map::from_iter([(mime.clone(), value.clone())]);
        match serde_json::from_value::<Media>(Value::Object(one)) {
            Ok(media) => content.extend(media.content),
            Err(_) => content.push(MediaType::Other((mime.clone(), value.clone()))),
        }
    }
    Media { content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_representation_is_lost_or_changed() {
        let bundle = MimeBundle::text("text")
            .with("image/svg+xml", "<svg/>")
            .with(
                "application/vnd.tandem+json",
                serde_json::json!({"a": [1, 2]}),
            )
            .with(
                "application/vnd.dataresource+json",
                serde_json::json!({"not": "a table"}),
            );
        let sent = serde_json::to_value(media(&bundle)).unwrap();
        assert_eq!(sent, Value::Object(bundle.data));
    }
}
