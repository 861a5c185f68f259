//! Initialisation that happens once.

use modelled_std::sync as modelled;

/// What an initialisation has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceState {
    /// It has not run.
    New,
    /// It has panicked.
    Poisoned,
    /// It runs.
    InProgress,
    /// It has run.
    Done,
}

/// Runs something once.
#[derive(Debug)]
pub struct Once(modelled::Once);

impl Once {
    /// Nothing has run.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Once(modelled::Once::new())
    }
    /// Runs `body` unless something ran before.
    #[track_caller]
    pub fn call_once(&self, body: impl FnOnce()) {
        self.0.call_once(body);
    }
    /// The same, also after a panic.
    #[track_caller]
    pub fn call_once_force(&self, body: impl FnOnce(OnceState)) {
        self.0.call_once_force(|state| {
            body(if state.is_poisoned() {
                OnceState::Poisoned
            } else {
                OnceState::New
            })
        });
    }
    /// What it has come to.
    #[track_caller]
    pub fn state(&self) -> OnceState {
        if self.0.is_completed() {
            OnceState::Done
        } else {
            OnceState::New
        }
    }
}
