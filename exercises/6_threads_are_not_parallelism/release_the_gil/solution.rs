use std::sync::{Mutex, MutexGuard};

/// The lock of an interpreter. Its data may be touched only by who holds it.
#[derive(Default)]
pub struct Interpreter {
    data: Mutex<Vec<u64>>,
}

impl Interpreter {
    pub fn new(data: Vec<u64>) -> Self {
        Interpreter { data: Mutex::new(data) }
    }
    pub fn acquire(&self) -> MutexGuard<'_, Vec<u64>> {
        self.data.lock().unwrap()
    }
}

/// A native function that computes for long.
pub fn compute(x: u64) -> u64 {
    (0..2000).fold(x, |y, _| {
        y.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) ^ (y >> 7)
    })
}

/// Computes items until there are none left, and returns the results.
pub fn run(interpreter: &Interpreter) -> Vec<u64> {
    let mut results = Vec::new();
    loop {
        // The guard goes at the end of this line.
        let item = interpreter.acquire().pop();
        let Some(item) = item else { return results };
        results.push(compute(item));
    }
}
