//! Call stacks, each kept once: a stack is its innermost call and the stack around it.

use rustc_hash::FxHashMap;

/// All stacks seen; number 0 is the empty one.
#[derive(Default)]
pub struct Depot {
    calls: Vec<(u32, usize)>,
    index: FxHashMap<(u32, usize), u32>,
}

impl Depot {
    /// The stack `around` with one more call, from `code`.
    pub fn push(&mut self, around: u32, code: usize) -> u32 {
        let calls = &mut self.calls;
        *self.index.entry((around, code)).or_insert_with(|| {
            calls.push((around, code));
            calls.len() as u32
        })
    }

    /// The return addresses, innermost first.
    pub fn codes(&self, mut stack: u32) -> Vec<usize> {
        let mut codes = Vec::new();
        while let Some(&(around, code)) = stack
            .checked_sub(1)
            .and_then(|i| self.calls.get(i as usize))
        {
            codes.push(code);
            stack = around;
        }
        codes
    }
}
