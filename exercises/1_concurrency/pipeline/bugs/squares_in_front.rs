use std::sync::mpsc::sync_channel;

pub fn squares(numbers: Vec<u32>) -> Vec<u32> {
    let (send, stage_in) = sync_channel::<u32>(1);
    let (stage_out, receive) = sync_channel::<u32>(1);
    std::thread::scope(|s| {
        s.spawn(move || {
            for number in numbers {
                send.send(number).unwrap();
            }
        });
        for number in stage_in {
            stage_out.send(number * number).unwrap();
        }
        drop(stage_out);
        receive.iter().collect()
    })
}
