// Stages joined by channels of crossbeam, with a scope and a queue.
use crossbeam::channel::{bounded, select, unbounded};
use crossbeam::queue::SegQueue;
use crossbeam::utils::Backoff;
use std::sync::atomic::{AtomicBool, Ordering};

fn squares() -> Vec<u32> {
    let (numbers, take) = bounded(1);
    let (stop, stopped) = unbounded::<()>();
    let out = SegQueue::new();
    let finished = AtomicBool::new(false);
    crossbeam::thread::scope(|s| {
        s.spawn(|_| {
            (1..=2).for_each(|i| numbers.send(i).unwrap());
            drop(numbers);
        });
        s.spawn(|_| {
            loop {
                select! {
                    recv(take) -> number => match number {
                        Ok(number) => out.push(number * number),
                        Err(_) => break,
                    },
                    recv(stopped) -> _ => break,
                }
            }
            finished.store(true, Ordering::Release);
        });
        let backoff = Backoff::new();
        while !finished.load(Ordering::Acquire) {
            backoff.snooze();
        }
        drop(stop);
    })
    .unwrap();
    std::iter::from_fn(|| out.pop()).collect()
}

#[test]
fn all_squares_arrive() {
    assert_eq!(squares(), [1, 4]);
}

//# bug stops_before_the_end: panic, deadlock
//-         let backoff = Backoff::new();
//-         while !finished.load(Ordering::Acquire) {
//-             backoff.snooze();
//-         }
//-         drop(stop);
//+         drop(stop);
//# bug sender_stays: livelock, deadlock
//-             drop(numbers);
//-         });
//+         });
//# bug waits_for_nothing: panic
//-         let backoff = Backoff::new();
//-         while !finished.load(Ordering::Acquire) {
//-             backoff.snooze();
//-         }
//+         assert!(finished.load(Ordering::Acquire), "not finished yet");
