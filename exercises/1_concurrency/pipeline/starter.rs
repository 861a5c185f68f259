use std::sync::mpsc::sync_channel;

pub fn squares(numbers: Vec<u32>) -> Vec<u32> {
    let (send, receive) = sync_channel::<u32>(1);
    for number in numbers {
        send.send(number * number).unwrap();
    }
    drop(send);
    receive.iter().collect()
}
