pub fn both<A: Send, B: Send>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|s| {
        let first = s.spawn(first).join().unwrap();
        let second = s.spawn(second).join().unwrap();
        (first, second)
    })
}
