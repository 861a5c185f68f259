use crate::chance::Chance;
use crate::submission::{Pipe, receive, send};

pub fn check(chance: &mut Chance) {
    let message = chance.numbers::<3>(0..256).map(|n| n as u8);
    let pipe = Pipe::new(5);
    std::thread::scope(|s| {
        s.spawn(|| {
            send(&pipe, &message);
            send(&pipe, &[]);
            pipe.close();
        });
        assert_eq!(receive(&pipe), Some(message.to_vec()));
        assert_eq!(receive(&pipe), Some(vec![]), "a message may be empty");
        assert_eq!(receive(&pipe), None, "the end");
    });
}
