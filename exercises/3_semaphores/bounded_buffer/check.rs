use crate::chance::Chance;
use crate::submission::Buffer;

pub fn check(chance: &mut Chance) {
    let [first, second, other] = chance.distinct(0..100);
    let buffer = Buffer::new(1);
    std::thread::scope(|s| {
        s.spawn(|| [first, second].map(|item| buffer.put(item)));
        s.spawn(|| buffer.put(other));
        let mut got: Vec<u32> = (0..3).map(|_| buffer.take()).collect();
        got.retain(|&item| item != other);
        assert_eq!(got, [first, second]);
    });
}
