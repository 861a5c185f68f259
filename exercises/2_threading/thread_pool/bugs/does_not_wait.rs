use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

type Task = Box<dyn FnOnce() + Send>;

pub struct Pool {
    tasks: SyncSender<Task>,
}

impl Pool {
    pub fn new(threads: usize) -> Self {
        let (tasks, queue) = sync_channel::<Task>(threads);
        let queue: Arc<Mutex<Receiver<Task>>> = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = queue.clone();
            thread::spawn(move || {
                loop {
                    let next = queue.lock().unwrap().recv();
                    let Ok(task) = next else { return };
                    let _ = catch_unwind(AssertUnwindSafe(task));
                }
            });
        }
        Pool { tasks }
    }
    pub fn run(&self, task: impl FnOnce() + Send + 'static) {
        self.tasks.send(Box::new(task)).unwrap();
    }
}
