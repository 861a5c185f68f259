use std::any::Any;
use std::thread;

pub type Task = Box<dyn FnOnce() -> u32 + Send>;

fn words(panic: Box<dyn Any + Send>) -> String {
    panic.downcast::<&str>().map_or("a panic".into(), |text| text.to_string())
}

pub fn run_all(tasks: Vec<Task>) -> Vec<Result<u32, String>> {
    // Collected: an iterator alone would start the next thread only when it is asked for its result.
    let threads: Vec<_> = tasks.into_iter().map(thread::spawn).collect();
    threads.into_iter().map(|thread| thread.join().map_err(words)).collect()
}
