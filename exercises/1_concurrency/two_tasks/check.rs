use crate::chance::Chance;
use crate::submission::both;
use std::sync::mpsc::channel;

pub fn check(chance: &mut Chance) {
    let [number, letter] = chance.numbers(0..26);
    let letter = char::from(b'a' + letter as u8);
    let (send, receive) = channel();
    assert_eq!(
        both(
            move || receive.recv().unwrap(),
            move || {
                send.send(number).unwrap();
                letter
            }
        ),
        (number, letter)
    );
    let (send, receive) = channel();
    assert_eq!(
        both(
            move || {
                send.send(number).unwrap();
                letter
            },
            move || receive.recv().unwrap()
        ),
        (letter, number)
    );
}
