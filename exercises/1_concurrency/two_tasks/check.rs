use crate::submission::both;
use std::sync::mpsc::channel;

pub fn check() {
    let (send, receive) = channel();
    assert_eq!(
        both(
            move || receive.recv().unwrap(),
            move || {
                send.send(7).unwrap();
                'b'
            }
        ),
        (7, 'b')
    );
    let (send, receive) = channel();
    assert_eq!(
        both(
            move || {
                send.send(8).unwrap();
                'a'
            },
            move || receive.recv().unwrap()
        ),
        ('a', 8)
    );
}
