use std::thread;

pub type Task = Box<dyn FnOnce() -> u32 + Send>;

pub fn run_all(tasks: Vec<Task>) -> Vec<Result<u32, String>> {
    let threads: Vec<_> = tasks.into_iter().map(thread::spawn).collect();
    threads.into_iter().map(|thread| Ok(thread.join().unwrap())).collect()
}
