//! What each kind of finding means, why it happens, and what helps.

/// All kinds that are explained.
pub const KINDS: [&str; 29] = [
    "data-race",
    "panic",
    "deadlock",
    "lost-wake-up",
    "livelock",
    "starvation",
    "use-after-free",
    "double-free",
    "leaked-thread",
    "lock-held",
    "stack-overflow",
    "crash",
    "exit",
    "limit",
    "too-slow",
    "wrong-answer",
    "broken",
    "undecided",
    "lock",
    "false-sharing",
    "shared-atomic",
    "busy-waiting",
    "overhead",
    "more-work",
    "less-work",
    "serial",
    "sequential",
    "too-few-threads",
    "imbalance",
];

/// The explanation of a kind, as reports name it or as its name stands in JSON.
pub fn text(kind: &str) -> Option<&'static str> {
    let kind = kind.trim().to_lowercase().replace([' ', '_'], "-");
    Some(match kind.as_str() {
        "data-race" => {
            "Two threads touch the same memory, at least one of them writes, at least one access is not atomic, and \
             nothing orders the two.\nSuch a program has no meaning: the compiler assumes that it does not happen, and \
             may split, repeat or leave out the accesses.\nWhat orders: a lock held at both; spawn and join; sending and \
             receiving a message; a release store that an acquire load reads.\nWhat does not: relaxed atomics; sleeping; \
             having run in this order every time so far."
        }
        "panic" => {
            "An assertion failed, or something else panicked, under this interleaving. Read the columns from top to \
             bottom: which thread was interrupted between looking at a value and acting on it?\nA panic is no finding \
             where it is caught, or its thread is joined and the error looked at."
        }
        "deadlock" => {
            "Every thread waits, so none will ever go on.\nTwo locks taken in two orders: give them one order, or take \
             the second with `try_lock` and give the first up.\nA thread that waits for itself: a guard is still alive.\n\
             A channel that is never closed: a sender is still alive."
        }
        "lost-wake-up" => {
            "A notification was sent when nobody waited, and is gone; who came later waits for ever.\nA condition \
             variable remembers nothing. The condition must live in data under the lock: who changes it holds the lock, \
             who waits looks at it under the same lock, in a loop, before waiting."
        }
        "livelock" => {
            "Threads run, and nothing changes any more. A loop waits for something that nobody will do, or threads step \
             aside for each other for ever."
        }
        "starvation" => {
            "A thread waits, and others take what it waits for again and again. Nothing stands still, but this thread \
             gets nowhere. Fair locks (tickets, queues) serve in the order of arrival."
        }
        "use-after-free" => {
            "Memory was given back while another thread could still reach it. In lock-free structures this is the hard \
             part: removing a node does not mean that nobody looks at it. Reference counts, epochs and hazard pointers \
             answer the question when it is safe."
        }
        "double-free" => {
            "Two threads each thought that they were the last to need this memory, and both gave it back."
        }
        "leaked-thread" => {
            "The check has ended, and a thread is still waiting for something that will not come. Whoever starts threads \
             has to end them: close the channel or set the flag that they wait for, and join them."
        }
        "lock-held" => {
            "A lock was still held when the check ended, so its guard was leaked. Nobody can ever take it again."
        }
        "stack-overflow" => {
            "A thread has used up its stack of 1 MiB: a recursion without an end, or with too large frames."
        }
        "crash" => {
            "The program used an invalid address or instruction: `unsafe` code has broken its own rules."
        }
        "exit" => "The process ended before its check did. Checks return; they do not exit.",
        "limit" => {
            "The program asks for more threads or memory than the checker has. A check is small: what needs more there \
             starts a thread for each item, or never gives anything back."
        }
        "too-slow" => {
            "It is right, and it does not get as much faster with more cores as was asked for. The causes below it say where \
             the cores' time went, the worst first; begin with that one.\nIt is measured on a simulated machine: what else \
             this one does makes no difference."
        }
        "wrong-answer" => {
            "With large inputs, chosen by chance, its answer differs from that of a sequential program. Small inputs may \
             hide it: a remainder that nobody works on, a block at the border, a sum that is read too early."
        }
        "broken" => {
            "With large inputs it panicked, ended, or came to no end: threads wait for each other, or take longer than any \
             right answer would."
        }
        "undecided" => {
            "It is too near to the border, or faster by the clock of this machine than in the simulation, or has too little to \
             do to be measured. Nobody fails for that. A better answer is far from the border."
        }
        "lock" => {
            "Threads wait for a lock that others hold.\nHold it for less: compute first, then lock. Take it less often: once \
             for a block, not for each item. Or give each thread data of its own, and put them together at the end."
        }
        "false-sharing" => {
            "Cores do not share bytes but lines of 64 bytes. Two atomics in one line, each changed by another core, make the \
             line travel at every change, although nobody needs the other's value.\nKeep them 64 bytes apart, as with \
             `#[repr(align(64))]`; local variables are best."
        }
        "shared-atomic" => {
            "All threads change the same atomic, so its cache line travels from core to core at every change, and only one \
             can have it.\nLet each thread count for itself, and add once at the end."
        }
        "busy-waiting" => {
            "A thread looks again and again whether something has changed, and takes a core from one that could change it. \
             Wait on a condition variable or a channel, `park`, or join."
        }
        "overhead" => {
            "Starting a thread costs about as much as adding up ten thousand numbers; waking one costs a tenth of that. Start \
             as many threads as there are cores, once, and hand out work in larger parts."
        }
        "more-work" => {
            "All threads together compute longer than the sequential program. Something is copied for each thread, done by \
             several, or done in more passes."
        }
        "less-work" => {
            "It is faster than so many cores can be. Either it finds results that an earlier run has kept, or it has a better \
             idea than the program that it is compared with; then give that one the same idea."
        }
        "serial" => {
            "For a part of the time only one thread computes. By Amdahl's law, a tenth of the time alone keeps any number of \
             cores below ten times. Share that part out, too, or let it overlap with the rest."
        }
        "sequential" => {
            "Only one thread computes at any time. Threads that are joined before the next is started, or that hold a lock \
             from begin to end, take turns."
        }
        "too-few-threads" => {
            "There are never as many threads as cores. `std::thread::available_parallelism` says how many there should be."
        }
        "imbalance" => {
            "Some threads are done early, and wait for those that have more to do. Cut the work into more and smaller parts, \
             and let each thread take the next one when it is done."
        }
        _ => return None,
    })
}
