//! Who runs when: threads in virtual time on simulated cores.

use crate::machine::{self, Caches, Core, QUANTUM};
use crate::objects::Object;
use crate::thread::{State, THREADS, Thread, Wait, WaitKind};
use fibers::Image;
use reports::measurement::Activity;

/// The state of the simulated machine.
pub struct Simulation {
    /// The cores.
    pub cores: Vec<Core>,
    /// The idle core that is free first, and since when.
    idle: Option<(u64, usize)>,
    /// The threads, in the order of their start.
    pub threads: Vec<Thread>,
    /// The numbers of those that have not ended.
    pub live: Vec<usize>,
    /// Those of them that can act by themselves, in no order: all but those that wait without a
    /// deadline.
    awake: Vec<usize>,
    /// The numbers of stacks that nobody uses.
    stacks: Vec<usize>,
    /// The locks and their like.
    pub objects: Vec<Object>,
    /// The cache lines that atomic operations touch.
    pub caches: Caches,
    /// The thread that runs.
    pub current: usize,
    /// Until then nobody else has anything to do.
    pub limit: u64,
    /// How many threads were started.
    pub spawned: u64,
    /// What the program printed.
    pub printed: String,
    /// The message of the last panic.
    pub panic: Option<String>,
    /// The memory that threads see as their own.
    pub image: Image,
}

/// The most that is kept of what a program prints, in bytes.
const PRINTED: usize = 1 << 16;

impl Simulation {
    /// A machine with so many cores, at most 64, and no threads.
    pub fn new(cores: usize, image: Image) -> Self {
        Simulation {
            cores: vec![Core::default(); cores.clamp(1, 64)],
            idle: Some((0, 0)),
            threads: Vec::new(),
            live: Vec::new(),
            awake: Vec::new(),
            stacks: (0..THREADS).rev().collect(),
            objects: Vec::new(),
            caches: Caches::default(),
            current: 0,
            limit: u64::MAX,
            spawned: 0,
            printed: String::new(),
            panic: None,
            image,
        }
    }

    /// The running thread.
    pub fn me(&mut self) -> &mut Thread {
        &mut self.threads[self.current]
    }

    /// The running thread's core.
    pub fn core(&self) -> usize {
        match self.threads[self.current].state {
            State::On(core) => core,
            _ => 0,
        }
    }

    /// Adds a thread that can run from `at` on; none where there are too many at once.
    pub fn add_thread(&mut self, name: Option<String>, at: u64) -> Option<usize> {
        let stack = self.stacks.pop()?;
        self.live.push(self.threads.len());
        self.awake.push(self.threads.len());
        let local = self.image.fresh_local();
        let used = crate::measures::Used {
            since: at,
            ..Default::default()
        };
        self.threads.push(Thread {
            fiber: None,
            yielder: std::ptr::null(),
            state: State::Ready(at),
            stack,
            clock: at,
            slice: at,
            wait: None,
            timed_out: false,
            token: false,
            name,
            threw: false,
            joined: false,
            spinning: false,
            seen: (0, 0, 0),
            local,
            used,
        });
        self.noticed(at);
        Some(self.threads.len() - 1)
    }

    /// Somebody can run from `at` on.
    fn noticed(&mut self, at: u64) {
        let slice = self.threads.get(self.current).map_or(0, |t| t.slice);
        let when = if self.idle.is_some() {
            at
        } else {
            at.max(slice + QUANTUM)
        };
        self.limit = self.limit.min(when);
    }

    /// The running thread computed for so long.
    pub fn computed(&mut self, nanoseconds: u64) {
        let me = self.me();
        me.clock += nanoseconds;
        me.used.computed += nanoseconds;
    }

    /// The running thread's operation costs so much of the system's time.
    pub fn costs(&mut self, nanoseconds: u64) {
        let me = self.me();
        me.clock += nanoseconds;
        me.used.system += nanoseconds;
    }

    /// The running thread accesses memory that others may have.
    pub fn touch(&mut self, address: usize, access: machine::Access, code: usize) {
        let (core, now) = (self.core(), self.threads[self.current].clock);
        let (cost, travel) = self.caches.touch((address, code), core, access, now);
        let me = self.me();
        me.clock += cost;
        me.used.lines += travel;
    }

    /// A core is taken by a thread, or free from a moment on.
    fn set_core(&mut self, core: usize, to: Core) {
        self.cores[core] = to;
        let idle = |(i, c): (usize, &Core)| c.thread.is_none().then_some((c.free, i));
        self.idle = match (to.thread, self.idle) {
            (None, Some(first)) => Some(first.min((to.free, core))),
            _ => self.cores.iter().enumerate().filter_map(idle).min(),
        };
    }

    /// When a thread can act next; none: not by itself.
    fn moment(&self, thread: &Thread, idle: Option<(u64, usize)>) -> Option<u64> {
        match thread.state {
            State::On(_) => Some(thread.clock),
            State::Ready(at) => idle.map(|(free, _)| at.max(free)),
            State::Blocked => thread.wait.and_then(|w| w.deadline),
            State::Done => None,
        }
    }

    /// Decides who runs: the thread with the earliest clock. None: nobody can.
    pub fn dispatch(&mut self) -> Option<usize> {
        loop {
            let idle = self.idle;
            let (at, next) = self
                .awake()
                .filter_map(|(i, t)| self.moment(t, idle).map(|at| (at, i)))
                .min()?;
            match self.threads[next].state {
                State::Blocked => {
                    let thread = &mut self.threads[next];
                    thread.timed_out = true;
                    self.make_ready(next, at);
                    continue;
                }
                State::Ready(_) => {
                    let (_, core) = idle?;
                    let thread = Some(next);
                    self.set_core(core, Core { thread, free: 0 });
                    let thread = &mut self.threads[next];
                    thread.used.until(at, Activity::WaitsForCore);
                    thread.state = State::On(core);
                    thread.clock = at;
                    thread.slice = at;
                }
                _ => {}
            }
            self.current = next;
            self.limit = self.next_limit(next);
            return Some(next);
        }
    }

    /// When somebody else than `thread` has something to do.
    fn next_limit(&self, thread: usize) -> u64 {
        let idle = self.idle;
        let others = self.awake().filter(|(i, _)| *i != thread);
        let slice_end = self.threads[thread].slice + QUANTUM;
        others
            .filter_map(|(_, t)| match (t.state, idle) {
                (State::Ready(at), None) => Some(at.max(slice_end)),
                _ => self.moment(t, idle),
            })
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Before an operation that others see: whether the thread must let others run first.
    pub fn must_wait(&mut self) -> bool {
        let (me, now) = (self.current, self.threads[self.current].clock);
        if now <= self.limit {
            return false;
        }
        let wanted = self
            .awake()
            .any(|(_, t)| matches!(t.state, State::Ready(at) if at <= now));
        let used_up = now.saturating_sub(self.threads[me].slice) >= QUANTUM;
        if wanted && used_up && self.idle.is_none() {
            self.give_up_core();
            self.threads[me].state = State::Ready(now);
        }
        true
    }

    fn give_up_core(&mut self) {
        let thread = &mut self.threads[self.current];
        if let State::On(core) = thread.state {
            thread.used.until(thread.clock, Activity::Runs);
            let free = thread.clock;
            self.set_core(core, Core { thread: None, free });
        }
    }

    /// The running thread waits.
    pub fn block(&mut self, wait: Wait) {
        self.give_up_core();
        let current = self.current;
        if wait.deadline.is_none() {
            self.awake.retain(|&t| t != current);
        }
        if let Some(object) = self.object(wait.object) {
            object.waiting.push(current);
        }
        let me = self.me();
        me.state = State::Blocked;
        me.wait = Some(wait);
        me.timed_out = false;
        me.spinning = false;
    }

    /// A waiting thread can go on from `at`.
    pub fn wake(&mut self, thread: usize, at: u64) {
        if self.threads[thread].state == State::Blocked {
            self.threads[thread].timed_out = false;
            self.make_ready(thread, at);
        }
    }

    fn make_ready(&mut self, thread: usize, at: u64) {
        let wait = self.threads[thread].wait.take();
        if let Some(object) = wait.and_then(|w| self.object(w.object)) {
            object.waiting.retain(|&t| t != thread);
        }
        if wait.is_some_and(|w| w.deadline.is_none()) {
            self.awake.push(thread);
        }
        let woken = &mut self.threads[thread];
        let at = at.max(woken.clock);
        let lock = matches!(
            wait.map(|w| w.kind),
            Some(WaitKind::Lock | WaitKind::Read | WaitKind::Write)
        );
        woken.used.until(
            at,
            if lock {
                Activity::WaitsForLock
            } else {
                Activity::Waits
            },
        );
        woken.clock = at;
        woken.state = State::Ready(at);
        self.noticed(at);
    }

    /// The running thread sees no change: nothing can change before somebody else acts, and until
    /// then it looks again and again, at least for so long. `own`: its program does, not a library.
    pub fn spin(&mut self, least: u64, own: bool) {
        let me = self.current;
        self.threads[me].spinning = true;
        let idle = self.idle;
        let next = self
            .awake()
            .filter(|(i, t)| *i != me && !t.spinning)
            .filter_map(|(_, t)| self.moment(t, idle))
            .min();
        let me = self.me();
        let now = me.clock;
        me.used.until(now, Activity::Runs);
        me.clock = next.unwrap_or(now).max(now + least);
        me.used.until(me.clock, Activity::Spins);
        if own {
            me.used.span += me.clock - now;
        }
    }

    /// The running thread has ended.
    pub fn finish(&mut self) {
        self.give_up_core();
        let me = self.current;
        let thread = self.me();
        thread.state = State::Done;
        thread.local = Box::default();
        self.live.retain(|&t| t != me);
        self.awake.retain(|&t| t != me);
    }

    /// The stack of a thread that has left it for good can be used again.
    pub fn left(&mut self, thread: usize) {
        self.stacks.push(self.threads[thread].stack);
    }

    /// The threads that can act by themselves, with their numbers.
    fn awake(&self) -> impl Iterator<Item = (usize, &Thread)> {
        self.awake.iter().map(|&i| (i, &self.threads[i]))
    }

    /// The object with this key, where it is one of the program's.
    fn object(&mut self, key: u64) -> Option<&mut Object> {
        self.objects.get_mut((key as usize).checked_sub(1)?)
    }

    /// Adds to what the program printed.
    pub fn print(&mut self, text: &str) {
        if self.printed.len() + text.len() <= PRINTED {
            self.printed.push_str(text);
        }
    }
}
