use crate::submission::Net;

pub fn check() {
    // One token, two transitions that want it.
    let net = Net::new(&[1, 0, 0]);
    let (a, b) = std::thread::scope(|s| {
        let a = s.spawn(|| net.fire(&[0], &[1]));
        let b = net.fire(&[0], &[2]);
        (a.join().unwrap(), b)
    });
    assert!(a != b, "one of two transitions in conflict fires");
    assert_eq!(net.tokens().iter().sum::<u32>(), 1);
    // There and back, with the places named in opposite order.
    let net = Net::new(&[1, 1, 0]);
    std::thread::scope(|s| {
        s.spawn(|| net.fire(&[0, 1], &[2]));
        net.fire(&[1, 0], &[2]);
    });
    assert_eq!(net.tokens(), [0, 0, 1]);
    assert!(!net.fire(&[0, 2], &[1]));
    assert_eq!(net.tokens(), [0, 0, 1], "who does not fire changes nothing");
    assert!(net.fire(&[2], &[2]), "a place may be both");
}
