//! One execution: which thread runs, what each knows, and when it is over.

use crate::clock::{Clock, ThreadId};
use crate::depot::Depot;
use crate::lock_order::LockOrders;
use crate::memory::{Arena, Histories, SeqCst, Shadow};
use crate::objects::Object;
use crate::report::{Event, Failure, Kind};
use crate::schedule::{Chosen, Operation, Schedule};
use crate::thread::{Place, State, THREADS, Thread, Wait, WaitKind};

/// Early ends of waits in one execution: spurious wake-ups and timeouts while others could run.
const EARLY: u32 = 2;
/// Repeats of the same observation after which a thread is taken to spin.
const SPINS: u32 = 8;
/// Steps without any change after which spinning threads are taken to spin for ever.
const IDLE: u64 = 1500;
/// Steps in a row after which a thread gives way where others could run: schedules are fair.
const TURN: u32 = 1000;
/// How often others may take what a thread waits for before it counts as starved.
const PASSED: u32 = 1000;

/// Who runs next.
pub enum Next {
    /// The thread that runs now.
    Stay,
    /// Another one.
    Switch(ThreadId),
    /// Nobody: the execution is over.
    End,
}

/// How an execution ended.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum End {
    /// By itself.
    Done,
    /// With a failure.
    Failed(Failure),
    /// At the step limit.
    Truncated,
    /// It would have repeated an earlier one.
    Redundant,
}

/// The state of an execution, and what is kept from one to the next.
pub struct Execution {
    /// The threads, by number.
    pub threads: Vec<Thread>,
    /// The thread that runs.
    pub current: ThreadId,
    /// The source of all choices.
    pub schedule: Schedule,
    /// The race detector.
    pub shadow: Shadow,
    /// The atomic objects.
    pub histories: Histories,
    /// The order of fences.
    pub sequential: SeqCst,
    /// The program's heap.
    pub arena: Arena,
    /// Locks and the like.
    pub objects: Vec<Object>,
    /// Locks taken while others were held.
    pub lock_orders: LockOrders,
    /// Visible operations so far.
    pub steps: u64,
    /// The most of them.
    pub limit: u64,
    /// How it ended.
    pub end: Option<End>,
    /// The events, where they are recorded.
    pub events: Option<Vec<Event>>,
    /// The stacks, where they are recorded.
    pub depot: Depot,
    /// What was printed.
    pub printed: String,
    /// Virtual time, in nanoseconds.
    pub now: u64,
    /// Questions for the time since anything changed.
    pub asked_time: u32,
    /// Interruptions of a running thread.
    pub preemptions: u32,
    /// Whether loads may return older stores.
    pub weak_memory: bool,
    /// The start of the executable.
    pub base: usize,
    /// The number that `available_parallelism` answers.
    pub parallelism: usize,
    /// What the check draws its inputs from.
    pub seed: u64,
    /// The thread-local memory of the process: address, length.
    pub local: (usize, usize),
    /// Whether the program asks for locks without waiting: then giving one up can be seen.
    pub tries: bool,
    /// What is put back between executions.
    pub image: crate::process::Image,
    /// What the panic that the check is expected to end with says; none: it must not panic.
    pub expected: Option<String>,
    /// Panics so far.
    pub panics: u64,
    /// What is wrong with an execution that was cut off, should it turn out to be wrong.
    pub suspicion: Option<Failure>,
    /// Whether the load that follows is what a weak compare-and-exchange does that fails for no reason.
    pub fails_weakly: bool,
    early: u32,
    idle: u64,
    /// Steps in a row of the running thread.
    turn: u32,
}

impl Execution {
    /// Nothing has run.
    pub fn new(seed: u64) -> Self {
        Execution {
            threads: Vec::new(),
            current: 0,
            schedule: Schedule::new(seed),
            shadow: Shadow::default(),
            histories: Histories::default(),
            sequential: SeqCst::default(),
            arena: Arena::new(),
            objects: Vec::new(),
            lock_orders: LockOrders::default(),
            steps: 0,
            limit: 400_000,
            end: None,
            events: None,
            depot: Depot::default(),
            printed: String::new(),
            now: 0,
            asked_time: 0,
            preemptions: 0,
            weak_memory: true,
            base: 0,
            parallelism: 2,
            seed,
            local: (0, 0),
            tries: false,
            image: Default::default(),
            expected: None,
            panics: 0,
            suspicion: None,
            fails_weakly: false,
            early: 0,
            idle: 0,
            turn: 0,
        }
    }

    /// Forgets the last execution; `length` is the number of steps expected of the next.
    pub fn clear(&mut self, length: u64) {
        self.threads.clear();
        self.current = 0;
        self.schedule.begin(length);
        self.shadow.clear();
        self.histories.clear();
        self.sequential.clear();
        self.arena.reset();
        self.objects.clear();
        self.lock_orders.begin();
        self.steps = 0;
        self.end = None;
        self.printed.clear();
        self.now = 0;
        self.asked_time = 0;
        self.preemptions = 0;
        self.fails_weakly = false;
        self.early = EARLY;
        self.idle = 0;
        self.turn = 0;
        if let Some(events) = &mut self.events {
            events.clear();
        }
    }

    /// The thread that runs.
    pub fn me(&mut self) -> &mut Thread {
        &mut self.threads[self.current]
    }

    /// Ends the execution with a failure; the first one stays.
    pub fn fail(&mut self, failure: Failure) -> Next {
        if self.end.is_none() {
            self.end = Some(End::Failed(failure));
            if self.events.is_some() {
                crate::runtime::tandem_stop_here();
            }
        }
        Next::End
    }

    /// Starts the running thread's next event.
    #[inline]
    pub fn tick(&mut self) {
        let me = self.current;
        self.threads[me].clock.tick(me);
    }

    /// Whether the address is thread-local memory of the process: each thread has its own there.
    #[inline]
    pub fn is_local(&self, address: usize) -> bool {
        address.wrapping_sub(self.local.0) < self.local.1
    }

    /// Whether an operation that may fail for no reason does so now.
    pub fn fails_spuriously(&mut self) -> bool {
        if self.early == 0 || self.schedule.choose(2, 3) == 0 {
            return false;
        }
        self.early -= 1;
        self.fails_weakly = true;
        true
    }

    /// Notes that something changed.
    pub fn progress(&mut self) {
        self.idle = 0;
        self.asked_time = 0;
        let (me, steps) = (self.current, self.steps);
        if let Some(thread) = self.threads.get_mut(me) {
            thread.progressed = steps;
            thread.repeats = 0;
            thread.observed.clear();
        }
    }

    /// Notes what the running thread saw, to notice that it goes in circles.
    pub fn observe(&mut self, place: Place, object: u64, value: u64) {
        let seen = (place.key(), object, value);
        let thread = self.me();
        if thread.observed.contains(&seen) {
            thread.repeats += 1;
        } else {
            if thread.observed.len() >= 64 {
                thread.observed.clear();
            }
            thread.repeats = 0;
            thread.observed.push(seen);
        }
    }

    /// A decision before the running thread's next visible operation.
    pub fn before_operation(&mut self) -> Next {
        let spinning = self.me().repeats >= SPINS;
        self.step(spinning)
    }

    /// A decision where the running thread gives way.
    pub fn give_way(&mut self) -> Next {
        self.step(true)
    }

    fn step(&mut self, yielding: bool) -> Next {
        self.steps += 1;
        self.idle += 1;
        if self.steps > self.limit {
            self.suspicion = Some(self.endless());
            self.end.get_or_insert(End::Truncated);
            return Next::End;
        }
        if self.idle > IDLE
            && self
                .threads
                .iter()
                .all(|t| t.state != State::Ready || t.repeats > 60)
        {
            let failure = self.livelock();
            return self.fail(failure);
        }
        let steps = self.steps;
        self.turn += 1;
        let yielding = yielding || self.turn > TURN;
        if yielding {
            self.me().yielded = steps;
        }
        self.decide(yielding)
    }

    /// Blocks the running thread and decides who runs instead.
    pub fn block(&mut self, wait: Wait) -> Next {
        let thread = self.me();
        thread.state = State::Blocked;
        thread.wait = Some(wait);
        thread.timed_out = false;
        self.decide(true)
    }

    /// Lets a blocked thread run.
    pub fn wake(&mut self, thread: ThreadId) {
        let thread = &mut self.threads[thread];
        thread.state = State::Ready;
        thread.wait = None;
        thread.yielded = 0;
        self.progress();
    }

    /// Lets every thread run that waits for `object` in a way that `which` accepts.
    pub fn wake_waiting(&mut self, object: u64, which: impl Fn(WaitKind) -> bool) {
        for thread in 0..self.threads.len() {
            let waits = self.threads[thread]
                .wait
                .is_some_and(|w| w.object == object && which(w.kind));
            if waits && self.threads[thread].state == State::Blocked {
                self.wake(thread);
            }
        }
    }

    /// Notes that the running thread has taken `object`, for which others wait.
    ///
    /// # Errors
    ///
    /// One of them has been passed over too often.
    pub fn passes(&mut self, object: u64) -> Result<(), Failure> {
        let me = self.current;
        for thread in 0..self.threads.len() {
            let waits = self.threads[thread]
                .wait
                .is_some_and(|w| w.object == object);
            if thread == me || !waits {
                continue;
            }
            self.threads[thread].passed += 1;
            if self.threads[thread].passed > PASSED {
                let message = format!(
                    "T{thread} waits, and others have taken what it waits for {PASSED} times"
                );
                let parties = vec![self.waiting(thread)];
                return Err(Failure {
                    kind: Kind::Starvation,
                    message,
                    parties,
                });
            }
        }
        self.threads[me].passed = 0;
        Ok(())
    }

    /// Decides who runs next.
    pub fn decide(&mut self, yielding: bool) -> Next {
        let me = self.current;
        let ready = self.threads[me].state == State::Ready;
        let mut threads: smallvec::SmallVec<[ThreadId; 16]> = smallvec::SmallVec::new();
        if ready && !yielding {
            threads.push(me);
        }
        for other in 0..self.threads.len() {
            if other != me && self.threads[other].state == State::Ready && self.has_turn(other) {
                threads.push(other);
            }
        }
        if threads.is_empty() {
            // All that can run have given way: time passes, and they go on.
            self.now += 1_000_000;
            for other in 0..self.threads.len() {
                if self.threads[other].state == State::Ready {
                    threads.push(other);
                }
            }
        }
        let regular = threads.len();
        if self.early > 0 || regular == 0 {
            for other in 0..self.threads.len() {
                let thread = &self.threads[other];
                let Some(wait) = thread.wait.filter(|_| thread.state == State::Blocked) else {
                    continue;
                };
                let spurious = wait.kind == WaitKind::Condvar || wait.kind == WaitKind::Park;
                if wait.deadline.is_some() || (spurious && regular > 0) {
                    threads.push(other);
                }
            }
        }
        if threads.is_empty() {
            if self.threads.iter().all(|t| t.state == State::Done) {
                return Next::End;
            }
            return self.stuck();
        }
        let mut regular = regular;
        if ready
            && !yielding
            && self
                .schedule
                .bound()
                .is_some_and(|bound| self.preemptions >= bound)
        {
            threads.truncate(1);
            regular = 1;
        }
        let gives_way = yielding.then_some(me);
        let index = match self
            .schedule
            .choose_thread(&threads, regular, self.steps, gives_way)
        {
            Chosen::Option(index) => index,
            Chosen::Redundant => {
                self.end.get_or_insert(End::Redundant);
                return Next::End;
            }
        };
        let next = threads[index];
        if index >= regular {
            self.end_wait_early(next, regular > 0);
        }
        if next != me && ready && !yielding {
            self.preemptions += 1;
        }
        if next != me || yielding {
            self.turn = 0;
        }
        self.threads[next].ran = self.steps;
        self.threads[next].yielded = 0;
        if next == me {
            Next::Stay
        } else {
            Next::Switch(next)
        }
    }

    /// Whether a thread that gave way may run again: all others that can run have run since.
    fn has_turn(&self, thread: ThreadId) -> bool {
        let yielded = self.threads[thread].yielded;
        yielded == 0
            || self.threads.iter().enumerate().all(|(other, t)| {
                other == thread
                    || t.state != State::Ready
                    || t.ran >= yielded
                    || t.yielded > yielded
            })
    }

    /// Ends a wait without a notification: by time, or for no reason where others `could_run`.
    fn end_wait_early(&mut self, thread: ThreadId, could_run: bool) {
        self.early = self.early.saturating_sub(1);
        let Some(wait) = self.threads[thread].wait.take() else {
            return;
        };
        self.schedule.note(Operation::change(wait.object));
        let groundless = matches!(wait.kind, WaitKind::Condvar | WaitKind::Park) && could_run;
        let timed_out = wait.deadline.is_some() && !(groundless && self.schedule.choose(2, 2) == 1);
        self.threads[thread].state = State::Ready;
        self.threads[thread].timed_out = timed_out;
        if let Some(deadline) = wait.deadline.filter(|_| timed_out) {
            self.now = self.now.max(deadline);
        }
        if let Some(events) = &mut self.events {
            events.push(Event {
                thread,
                operation: if timed_out {
                    "time is up"
                } else {
                    "spurious wake-up"
                }
                .into(),
                object: wait.object,
                value: None,
                old: None,
                order: None,
                stale: false,
                site: wait.place.site(self.base),
                stack: Vec::new(),
            });
        }
    }

    /// Adds a thread that knows what the running one knows.
    ///
    /// # Errors
    ///
    /// There are too many.
    pub fn add_thread(
        &mut self,
        name: Option<String>,
        origin: Place,
        daemon: bool,
        local: Box<[u8]>,
    ) -> Result<ThreadId, Failure> {
        let id = self.threads.len();
        if id == THREADS {
            return Err(Failure::new(
                Kind::Limit,
                format!("more than {THREADS} threads"),
            ));
        }
        let mut clock = Clock::default();
        if id > 0 {
            let me = self.current;
            clock.join(&self.threads[me].clock);
            self.threads[me].clock.tick(me);
        }
        clock.tick(id);
        self.threads.push(Thread {
            fiber: None,
            yielder: std::ptr::null(),
            state: State::Ready,
            wait: None,
            timed_out: false,
            clock,
            seen: Clock::default(),
            fenced: Clock::default(),
            name,
            token: None,
            yielded: 0,
            ran: 0,
            progressed: self.steps,
            repeats: 0,
            passed: 0,
            observed: Default::default(),
            daemon,
            origin,
            panic: None,
            joined: false,
            stack: Vec::new(),
            held: Default::default(),
            local,
        });
        self.progress();
        Ok(id)
    }
}
