// Lamport's bakery (1974), for three.
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use std::thread;

const N: usize = 3;
static CHOOSES: [AtomicBool; N] = [const { AtomicBool::new(false) }; N];
static TICKET: [AtomicU32; N] = [const { AtomicU32::new(0) }; N];
static mut SUM: u64 = 0;

fn lock(me: usize) {
    CHOOSES[me].store(true, SeqCst);
    let highest = TICKET.iter().map(|t| t.load(SeqCst)).max().unwrap();
    TICKET[me].store(highest + 1, SeqCst);
    CHOOSES[me].store(false, SeqCst);
    for other in (0..N).filter(|&o| o != me) {
        while CHOOSES[other].load(SeqCst) {
            thread::yield_now();
        }
        loop {
            let ticket = TICKET[other].load(SeqCst);
            if ticket == 0 || (ticket, other) > (highest + 1, me) {
                break;
            }
            thread::yield_now();
        }
    }
}

fn unlock(me: usize) {
    TICKET[me].store(0, SeqCst);
}

fn customer(me: usize) {
    lock(me);
    unsafe { SUM += 1 };
    unlock(me);
}

#[test]
fn one_is_served_at_a_time() {
    thread::scope(|s| {
        for me in 1..N {
            s.spawn(move || customer(me));
        }
        customer(0);
    });
    assert_eq!(unsafe { SUM }, 3);
}

//# bug nobody_waits_for_choosers: data-race
//-         while CHOOSES[other].load(SeqCst) {
//-             thread::yield_now();
//-         }
//+         let _ = CHOOSES[other].load(SeqCst);
//# bug equal_tickets: data-race
//-             if ticket == 0 || (ticket, other) > (highest + 1, me) {
//+             if ticket == 0 || ticket >= highest + 1 {
//# bug equal_tickets_wait: livelock
//-             if ticket == 0 || (ticket, other) > (highest + 1, me) {
//+             if ticket == 0 || ticket > highest + 1 {
//# bug relaxed_tickets: data-race
//-     TICKET[me].store(highest + 1, SeqCst);
//-     CHOOSES[me].store(false, SeqCst);
//+     TICKET[me].store(highest + 1, Release);
//+     CHOOSES[me].store(false, Release);
//# bug relaxed_unlock: data-race
//-     TICKET[me].store(0, SeqCst);
//+     TICKET[me].store(0, Relaxed);
