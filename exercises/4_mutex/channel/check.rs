use crate::submission::channel;

pub fn check() {
    let (sender, receiver) = channel();
    let thread = std::thread::spawn(move || {
        sender.send(1);
        sender.send(2);
    });
    assert_eq!(receiver.receive(), Some(1));
    assert_eq!(receiver.receive(), Some(2));
    assert_eq!(receiver.receive(), None, "the end");
    thread.join().unwrap();
    let (sender, receiver) = channel();
    let other = sender.clone();
    let threads = [sender, other].map(|s| std::thread::spawn(move || s.send(5)));
    assert_eq!(
        [receiver.receive(), receiver.receive(), receiver.receive()],
        [Some(5), Some(5), None]
    );
    for thread in threads {
        thread.join().unwrap();
    }
}
