use crate::submission::{Task, run_all};
use std::sync::mpsc::channel;

pub fn check() {
    let (send, receive) = channel();
    let tasks: Vec<Task> = vec![
        Box::new(move || receive.recv().unwrap_or(0)),
        Box::new(|| panic!("no luck")),
        Box::new(move || {
            send.send(7).unwrap();
            1
        }),
    ];
    assert_eq!(run_all(tasks), [Ok(7), Err("no luck".to_owned()), Ok(1)]);
}
