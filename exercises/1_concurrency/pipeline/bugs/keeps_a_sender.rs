use std::sync::mpsc::sync_channel;

pub fn squares(numbers: Vec<u32>) -> Vec<u32> {
    let (send, stage_in) = sync_channel::<u32>(1);
    let (stage_out, receive) = sync_channel::<u32>(1);
    let _kept = stage_out.clone();
    std::thread::scope(|s| {
        s.spawn(move || {
            for number in numbers {
                send.send(number).unwrap();
            }
        });
        s.spawn(move || {
            for number in stage_in {
                stage_out.send(number * number).unwrap();
            }
        });
        receive.iter().collect()
    })
}
