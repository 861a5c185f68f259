//! What a thread can wait for.

/// What a blocked thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// A lock.
    Lock,
    /// A read-write lock, to read.
    Read,
    /// A read-write lock, to write.
    Write,
    /// A condition variable whose waits may end for no reason.
    Condvar,
    /// A condition variable whose waits end by a notification only.
    Signal,
    /// The end of this thread.
    Join(usize),
    /// The end of the threads of a scope.
    Scope,
    /// `unpark`.
    Park,
    /// A message.
    Receive,
    /// Room for a message.
    Send,
    /// The others at a barrier.
    Barrier,
    /// Another thread's initialisation.
    Once,
    /// The time.
    Sleep,
}

impl WaitKind {
    /// In words, to follow "waits for".
    pub fn words(self) -> String {
        match self {
            WaitKind::Lock => "the lock".into(),
            WaitKind::Read => "the lock to read".into(),
            WaitKind::Write => "the lock to write".into(),
            WaitKind::Condvar | WaitKind::Signal => "a notification".into(),
            WaitKind::Join(thread) => format!("the end of T{thread}"),
            WaitKind::Scope => "the end of the scope's threads".into(),
            WaitKind::Park => "unpark".into(),
            WaitKind::Receive => "a message".into(),
            WaitKind::Send => "room for its message".into(),
            WaitKind::Barrier => "the others at the barrier".into(),
            WaitKind::Once => "the initialisation".into(),
            WaitKind::Sleep => "the time".into(),
        }
    }
}

/// How a lock is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A mutual-exclusion lock.
    Alone,
    /// A read-write lock, to write.
    Write,
    /// A read-write lock, to read.
    Read,
}

impl Access {
    /// The wait for a lock that is asked for like this.
    pub fn wait_kind(self) -> WaitKind {
        match self {
            Access::Alone => WaitKind::Lock,
            Access::Write => WaitKind::Write,
            Access::Read => WaitKind::Read,
        }
    }
    /// The operation's name.
    pub fn name(self) -> &'static str {
        match self {
            Access::Alone => "lock",
            Access::Write => "write lock",
            Access::Read => "read lock",
        }
    }
}
