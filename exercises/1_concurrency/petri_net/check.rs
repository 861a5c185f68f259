use crate::chance::Chance;
use crate::submission::Net;

fn marked(places: &[usize]) -> [u32; 3] {
    let mut tokens = [0; 3];
    for &place in places {
        tokens[place] = 1;
    }
    tokens
}

pub fn check(chance: &mut Chance) {
    let [p, q, r] = chance.shuffled([0, 1, 2]);
    // One token, two transitions that want it.
    let net = Net::new(&marked(&[p]));
    let (a, b) = std::thread::scope(|s| {
        let a = s.spawn(|| net.fire(&[p], &[q]));
        let b = net.fire(&[p], &[r]);
        (a.join().unwrap(), b)
    });
    assert!(a != b, "one of two transitions in conflict fires");
    assert_eq!(net.tokens(), marked(&[if a { q } else { r }]));
    // There and back, with the places named in opposite order.
    let net = Net::new(&marked(&[p, q]));
    std::thread::scope(|s| {
        s.spawn(|| net.fire(&[p, q], &[r]));
        net.fire(&[q, p], &[r]);
    });
    assert_eq!(net.tokens(), marked(&[r]));
    assert!(!net.fire(&[p, r], &[q]));
    assert_eq!(net.tokens(), marked(&[r]), "who does not fire changes nothing");
    assert!(net.fire(&[r], &[r]), "a place may be both");
}
