use std::thread;

pub type Task = Box<dyn FnOnce() -> u32 + Send>;

pub fn run_all(tasks: Vec<Task>) -> Vec<Result<u32, String>> {
    // The iterator is lazy: each thread is joined before the next one is started.
    let threads = tasks.into_iter().map(thread::spawn);
    threads
        .map(|thread| thread.join().map_err(|p| p.downcast::<&str>().map_or(String::new(), |t| t.to_string())))
        .collect()
}
