use crate::chance::Chance;
use crate::submission::Ring;

pub fn check(chance: &mut Chance) {
    let values: [u32; 3] = chance.distinct(1..100);
    let ring = &Ring::default();
    let (pushed, popped) = std::thread::scope(|s| {
        let accepted = |value: &u32| ring.push(*value);
        let pusher = s.spawn(move || values.into_iter().filter(accepted).collect::<Vec<u32>>());
        let popper = s.spawn(|| (0..3).filter_map(|_| ring.pop()).collect::<Vec<u32>>());
        (pusher.join().unwrap(), popper.join().unwrap())
    });
    assert!(pushed.starts_with(&popped), "pushed {pushed:?}, popped {popped:?}");
}
