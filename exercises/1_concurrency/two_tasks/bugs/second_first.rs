pub fn both<A: Send, B: Send>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|s| {
        let _ = s;
        let second = second();
        (first(), second)
    })
}
