use crate::chance::Chance;
use crate::submission::{Task, run_all};
use std::sync::mpsc::channel;

pub fn check(chance: &mut Chance) {
    let [sent, own] = chance.distinct(1..100);
    let [why, _] = chance.shuffled(["no luck", "no time"]);
    let (send, receive) = channel();
    let tasks: Vec<Task> = vec![
        Box::new(move || receive.recv().unwrap_or(0)),
        Box::new(move || std::panic::panic_any(why)),
        Box::new(move || {
            send.send(sent).unwrap();
            own
        }),
    ];
    assert_eq!(run_all(tasks), [Ok(sent), Err(why.to_owned()), Ok(own)]);
}
