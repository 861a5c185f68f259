//! What is kept of an execution for the report: its steps, and what it prints.

use crate::execution::Execution;
use crate::report::Event;
use crate::thread::Place;

/// What the program may print in one execution, in bytes.
const PRINTED: usize = 1 << 16;

impl Execution {
    /// Records a step of the running thread.
    pub fn record(&mut self, operation: &str, object: u64, value: Option<u64>, place: Place) {
        self.record_full(operation, object, (value, None), None, false, place);
    }

    /// Records a step of the running thread with all that is known of it.
    pub fn record_full(
        &mut self,
        operation: &str,
        object: u64,
        (value, old): (Option<u64>, Option<u64>),
        order: Option<u8>,
        stale: bool,
        place: Place,
    ) {
        let (thread, base) = (self.current, self.base);
        if let Some(events) = &mut self.events
            && events.len() < 100_000
        {
            let stack = match place {
                Place::Code(_) => self.threads[thread]
                    .stack
                    .last()
                    .map_or_else(Vec::new, |&s| self.depot.codes(s)),
                _ => Vec::new(),
            };
            let stack = stack
                .into_iter()
                .take(12)
                .map(|code| Place::Code(code).site(base))
                .collect();
            let operation = operation.to_owned();
            events.push(Event {
                thread,
                operation,
                object,
                value,
                old,
                order,
                stale,
                site: place.site(base),
                stack,
            });
        }
    }

    /// Adds to what the program printed.
    pub fn print(&mut self, text: &str) {
        if self.printed.len() + text.len() <= PRINTED {
            self.printed.push_str(text);
        }
    }
}
