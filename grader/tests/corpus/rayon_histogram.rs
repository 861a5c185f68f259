// A histogram made in parallel, in three ways.
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const WORDS: [&str; 3] = ["a", "b", "a"];

pub fn by_fold() -> HashMap<&'static str, u32> {
    let one = |mut counts: HashMap<&'static str, u32>, word: &&'static str| {
        *counts.entry(*word).or_default() += 1;
        counts
    };
    let both = |mut a: HashMap<&'static str, u32>, b: HashMap<&'static str, u32>| {
        b.into_iter().for_each(|(word, n)| *a.entry(word).or_default() += n);
        a
    };
    WORDS.par_iter().fold(HashMap::new, one).reduce(HashMap::new, both)
}

pub fn by_lock() -> HashMap<&'static str, u32> {
    let counts = Mutex::new(HashMap::new());
    WORDS.par_iter().for_each(|word| *counts.lock().unwrap().entry(*word).or_default() += 1);
    counts.into_inner().unwrap()
}

pub fn by_counter() -> u32 {
    let count = AtomicU32::new(0);
    let (a, b) = rayon::join(
        || WORDS[..2].iter().filter(|w| **w == "a").count() as u32,
        || { count.fetch_add(1, Relaxed); },
    );
    let () = b;
    a + count.load(Relaxed)
}

#[test]
fn all_ways_agree() {
    assert_eq!((by_lock()["a"], by_counter()), (2, 2));
    assert_eq!(by_fold(), by_lock());
}

//# bug two_steps: panic
//-     WORDS.par_iter().for_each(|word| *counts.lock().unwrap().entry(*word).or_default() += 1);
//+     WORDS.par_iter().for_each(|word| {
//+         let n = counts.lock().unwrap().get(word).copied().unwrap_or(0);
//+         counts.lock().unwrap().insert(*word, n + 1);
//+     });
//# bug last_one_wins: panic
//-         b.into_iter().for_each(|(word, n)| *a.entry(word).or_default() += n);
//+         b.into_iter().for_each(|(word, n)| { a.insert(word, n); });
