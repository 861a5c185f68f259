pub type Task = Box<dyn FnOnce() -> u32 + Send>;

pub fn run_all(tasks: Vec<Task>) -> Vec<Result<u32, String>> {
    tasks.into_iter().map(|task| Ok(task())).collect()
}
