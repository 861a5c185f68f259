use crate::submission::Buffer;

pub fn check() {
    let buffer = Buffer::new(1);
    std::thread::scope(|s| {
        s.spawn(|| (0..2).for_each(|item| buffer.put(item)));
        s.spawn(|| buffer.put(7));
        let mut got: Vec<u32> = (0..3).map(|_| buffer.take()).collect();
        got.retain(|&item| item != 7);
        assert_eq!(got, [0, 1]);
    });
}
