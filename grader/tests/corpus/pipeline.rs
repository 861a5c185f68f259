use std::sync::mpsc::{sync_channel, Receiver, SyncSender};

pub fn square(input: Receiver<u32>, output: SyncSender<u32>) {
    for number in input {
        output.send(number * number).unwrap();
    }
}

pub fn run(numbers: &'static [u32]) -> Vec<u32> {
    let (first, second) = sync_channel(1);
    let (third, fourth) = sync_channel(1);
    let source = std::thread::spawn(move || {
        for &number in numbers {
            first.send(number).unwrap();
        }
    });
    let stage = std::thread::spawn(move || square(second, third));
    let result: Vec<u32> = fourth.iter().collect();
    source.join().unwrap();
    stage.join().unwrap();
    result
}

#[test]
fn everything_comes_through_in_order() {
    assert_eq!(run(&[1, 2, 3]), [1, 4, 9]);
}

//# bug joins_before_reading: deadlock
//-     let result: Vec<u32> = fourth.iter().collect();
//-     source.join().unwrap();
//-     stage.join().unwrap();
//+     source.join().unwrap();
//+     stage.join().unwrap();
//+     let result: Vec<u32> = fourth.iter().collect();
//# bug keeps_a_sender: deadlock
//-     let stage = std::thread::spawn(move || square(second, third));
//+     let kept = third.clone();
//+     let stage = std::thread::spawn(move || square(second, third));
//-     stage.join().unwrap();
//-     result
//+     stage.join().unwrap();
//+     drop(kept);
//+     result
//# bug takes_what_is_there: panic
//-     let result: Vec<u32> = fourth.iter().collect();
//+     let result: Vec<u32> = fourth.try_iter().collect();
//+     drop(fourth);
//-         output.send(number * number).unwrap();
//+         let _ = output.send(number * number);
//-             first.send(number).unwrap();
//+             let _ = first.send(number);
