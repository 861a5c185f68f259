//! From events to the outputs of a notebook's cells.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tandem_cell::{CellError, CellId, Event, EventKind, MimeBundle, Stream};

/// The outputs of all cells that have run.
#[derive(Default)]
pub struct Outputs {
    cells: BTreeMap<CellId, Vec<Entry>>,
    /// Cells whose outputs go when the next one comes.
    clearing: Vec<CellId>,
}

enum Entry {
    Stream(Stream, Vec<u8>),
    Display(Option<String>, MimeBundle),
    Result(usize, MimeBundle),
    Error(CellError),
}

impl Outputs {
    /// A cell begins: it has no outputs yet.
    pub fn begin(&mut self, cell: CellId) {
        self.cells.insert(cell, Vec::new());
    }

    /// Takes an event; `count` is the number of the running cell.
    pub fn take(&mut self, event: Event, count: usize) {
        let cell = event.cell;
        match event.kind {
            EventKind::Stream(stream, bytes) => {
                let entries = self.entries(cell);
                match entries.last_mut() {
                    Some(Entry::Stream(same, all)) if *same == stream => {
                        all.extend_from_slice(&bytes)
                    }
                    _ => entries.push(Entry::Stream(stream, bytes)),
                }
            }
            EventKind::Result(bundle) => self.entries(cell).push(Entry::Result(count, bundle)),
            EventKind::Display { bundle, display_id } => {
                self.entries(cell).push(Entry::Display(display_id, bundle))
            }
            EventKind::UpdateDisplay { bundle, display_id } => {
                for entry in self.cells.values_mut().flatten() {
                    if let Entry::Display(Some(id), shown) = entry
                        && *id == display_id
                    {
                        *shown = bundle.clone();
                    }
                }
            }
            EventKind::ClearOutput { wait: true } => self.clearing.push(cell),
            EventKind::ClearOutput { wait: false } => self.entries(cell).clear(),
            EventKind::Input(request) => {
                let _ = request.reply.send(None);
            }
            EventKind::Barrier(reached) => {
                let _ = reached.send(());
            }
            // There is no page to open, and nobody at the other end of a comm.
            EventKind::Pager(_) | EventKind::Comm(_) => {}
        }
    }

    fn entries(&mut self, cell: CellId) -> &mut Vec<Entry> {
        let entries = self.cells.entry(cell).or_default();
        if let Some(at) = self.clearing.iter().position(|other| *other == cell) {
            self.clearing.swap_remove(at);
            entries.clear();
        }
        entries
    }

    /// The cell failed.
    pub fn error(&mut self, cell: CellId, error: &CellError) {
        self.entries(cell).push(Entry::Error(error.clone()));
    }

    /// The outputs of a cell as nbformat 4 has them, if it has run.
    pub fn of(&self, cell: CellId) -> Option<Value> {
        let entries = self.cells.get(&cell)?;
        Some(entries.iter().map(json_of).collect())
    }
}

fn json_of(entry: &Entry) -> Value {
    match entry {
        Entry::Stream(stream, bytes) => json!({
            "name": stream,
            "output_type": "stream",
            "text": lines(&String::from_utf8_lossy(bytes)),
        }),
        Entry::Display(_, bundle) => json!({
            "data": data(bundle), "metadata": bundle.metadata, "output_type": "display_data",
        }),
        Entry::Result(count, bundle) => json!({
            "data": data(bundle), "execution_count": count, "metadata": bundle.metadata, "output_type": "execute_result",
        }),
        Entry::Error(error) => json!({
            "ename": error.name, "evalue": error.value, "output_type": "error", "traceback": error.traceback,
        }),
    }
}

/// Text is stored as a list of lines, as Jupyter does it.
fn data(bundle: &MimeBundle) -> Map<String, Value> {
    bundle
        .data
        .iter()
        .map(|(mime, content)| {
            let stored = match content.as_str() {
                Some(text) if mime.starts_with("text/") || mime == "image/svg+xml" => lines(text),
                _ => content.clone(),
            };
            (mime.clone(), stored)
        })
        .collect()
}

fn lines(text: &str) -> Value {
    text.split_inclusive('\n').collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_joined_and_displays_updated() {
        let mut outputs = Outputs::default();
        let cell = CellId(1);
        outputs.begin(cell);
        let mut take = |kind| outputs.take(Event { cell, kind }, 1);
        take(EventKind::Stream(Stream::Stdout, b"a\nb".to_vec()));
        take(EventKind::Stream(Stream::Stdout, b"c\n".to_vec()));
        let display_id = Some("d".to_owned());
        take(EventKind::Display {
            bundle: MimeBundle::text("old"),
            display_id,
        });
        take(EventKind::UpdateDisplay {
            bundle: MimeBundle::text("new"),
            display_id: "d".into(),
        });
        let shown = outputs.of(cell).unwrap();
        assert_eq!(shown[0]["text"], json!(["a\n", "bc\n"]));
        assert_eq!(shown[1]["data"]["text/plain"], json!(["new"]));
        outputs.take(
            Event {
                cell,
                kind: EventKind::ClearOutput { wait: true },
            },
            1,
        );
        outputs.take(
            Event {
                cell,
                kind: EventKind::Stream(Stream::Stderr, b"x".to_vec()),
            },
            1,
        );
        assert_eq!(
            outputs.of(cell).unwrap(),
            json!([{"name": "stderr", "output_type": "stream", "text": ["x"]}])
        );
    }
}
