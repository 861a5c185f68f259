use crate::chance::Chance;
use crate::submission::channel;

pub fn check(chance: &mut Chance) {
    let [a, b, c] = chance.distinct(0..100);
    let (sender, receiver) = channel();
    let thread = std::thread::spawn(move || {
        sender.send(a);
        sender.send(b);
    });
    assert_eq!(receiver.receive(), Some(a));
    assert_eq!(receiver.receive(), Some(b));
    assert_eq!(receiver.receive(), None, "the end");
    thread.join().unwrap();
    let (sender, receiver) = channel();
    let other = sender.clone();
    let threads = [sender, other].map(|s| std::thread::spawn(move || s.send(c)));
    assert_eq!(
        [receiver.receive(), receiver.receive(), receiver.receive()],
        [Some(c), Some(c), None]
    );
    for thread in threads {
        thread.join().unwrap();
    }
}
