//! What each kind of finding means, why it happens, and what helps.

/// All kinds that are explained.
pub const KINDS: [&str; 13] = [
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
];

/// The explanation of a kind.
pub fn text(kind: &str) -> Option<&'static str> {
    Some(match kind {
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
        _ => return None,
    })
}
