use crate::submission::{Pipe, receive, send};

pub fn check() {
    let pipe = Pipe::new(5);
    std::thread::scope(|s| {
        s.spawn(|| {
            send(&pipe, &[1, 2, 3]);
            send(&pipe, &[]);
            pipe.close();
        });
        assert_eq!(receive(&pipe), Some(vec![1, 2, 3]));
        assert_eq!(receive(&pipe), Some(vec![]), "a message may be empty");
        assert_eq!(receive(&pipe), None, "the end");
    });
}
