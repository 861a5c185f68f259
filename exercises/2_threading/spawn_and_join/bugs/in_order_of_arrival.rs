use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

pub type Task = Box<dyn FnOnce() -> u32 + Send>;

pub fn run_all(tasks: Vec<Task>) -> Vec<Result<u32, String>> {
    let results = Arc::new(Mutex::new(Vec::new()));
    let threads: Vec<_> = tasks
        .into_iter()
        .map(|task| {
            let results = results.clone();
            thread::spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(task))
                    .map_err(|p| p.downcast::<&str>().map_or(String::new(), |t| t.to_string()));
                results.lock().unwrap().push(result);
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    std::mem::take(&mut *results.lock().unwrap())
}
