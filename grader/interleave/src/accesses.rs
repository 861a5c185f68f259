//! Accesses to memory, checked: the race detector's answers, as findings.

use crate::clock::ThreadId;
use crate::execution::Execution;
use crate::memory::{Access, Conflict};
use crate::report::{Failure, Kind, Party, Site};
use crate::thread::Place;

impl Execution {
    /// Checks and records an access to plain memory, or the plain side of an atomic one.
    ///
    /// # Errors
    ///
    /// A race, or a use after free.
    #[inline]
    pub fn access(
        &mut self,
        address: usize,
        size: usize,
        flags: u8,
        code: usize,
    ) -> Result<(), Failure> {
        let me = self.current;
        let thread = &self.threads[me];
        let stack = thread.stack.last().copied().unwrap_or(0);
        match self
            .shadow
            .access((address, size), flags, me, &thread.clock, (code, stack))
        {
            Ok(()) => Ok(()),
            Err(conflict) => Err(self.conflict(conflict, address, flags, code)),
        }
    }

    /// Checks and records that a block of the heap is given back.
    ///
    /// # Errors
    ///
    /// It is in use, or was given back before.
    pub fn free(&mut self, address: usize, size: usize) -> Result<(), Failure> {
        let me = self.current;
        if self.events.is_some() {
            // No instrumented access says where: whoever drops the block called the library.
            let frames = crate::unwind::frames();
            let stack = frames.iter().rev().fold(0, |s, &f| self.depot.push(s, f));
            self.threads[me].stack.push(stack);
        }
        let thread = &self.threads[me];
        let place = (0, thread.stack.last().copied().unwrap_or(0));
        let freed = self
            .shadow
            .free((address, size), me, &thread.clock, place)
            .map_err(|conflict| {
                let flags = crate::memory::access::WRITE | crate::memory::access::FREE;
                self.conflict(conflict, address, flags, 0)
            });
        if self.events.is_some() {
            self.threads[me].stack.pop();
        }
        freed
    }

    fn conflict(&mut self, conflict: Conflict, address: usize, flags: u8, code: usize) -> Failure {
        let stack = self.me().stack.last().copied().unwrap_or(0);
        let now = self.party(self.current, Access::words(flags), code, stack, address);
        self.record(
            Access::words(flags),
            address as u64,
            None,
            Place::Code(code),
        );
        if let Some(event) = self.events.as_mut().and_then(|events| events.last_mut()) {
            event.site = now.site.clone();
            event.stack = now.stack.clone();
        }
        let (kind, message, old) = match conflict {
            Conflict::Race(old) => (
                Kind::DataRace,
                "two accesses are not ordered, and one of them writes",
                old,
            ),
            Conflict::Freed(old) if flags & crate::memory::access::FREE != 0 => {
                (Kind::DoubleFree, "memory is given back a second time", old)
            }
            Conflict::Freed(old) => (
                Kind::UseAfterFree,
                "memory is used after it was given back",
                old,
            ),
        };
        let before = self.party(
            old.thread as usize,
            Access::words(old.flags),
            old.code,
            old.stack,
            address,
        );
        Failure {
            kind,
            message: message.into(),
            parties: vec![before, now],
        }
    }

    fn party(&self, thread: ThreadId, what: &str, code: usize, stack: u32, object: usize) -> Party {
        let codes = self.depot.codes(stack);
        let stack: Vec<Site> = codes
            .iter()
            .map(|&c| Place::Code(c).site(self.base))
            .collect();
        let site = if code != 0 {
            Place::Code(code).site(self.base)
        } else {
            stack.first().cloned().unwrap_or(Site::Unknown)
        };
        Party {
            thread,
            what: what.to_owned(),
            site,
            stack,
            object: object as u64,
            holder: None,
        }
    }
}
