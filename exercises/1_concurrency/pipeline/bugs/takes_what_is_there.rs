use std::sync::mpsc::sync_channel;

pub fn squares(numbers: Vec<u32>) -> Vec<u32> {
    let (send, stage_in) = sync_channel::<u32>(1);
    let (stage_out, receive) = sync_channel::<u32>(1);
    std::thread::scope(|s| {
        s.spawn(move || {
            for number in numbers {
                let _ = send.send(number);
            }
        });
        s.spawn(move || {
            for number in stage_in {
                let _ = stage_out.send(number * number);
            }
        });
        receive.try_iter().collect()
    })
}
