use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

type Task = Box<dyn FnOnce() + Send>;

pub struct Pool {
    tasks: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

fn work(queue: Arc<Mutex<Receiver<Task>>>) {
    loop {
        // The lock is given up before the task runs.
        let next = queue.lock().unwrap().recv();
        let Ok(task) = next else { return };
        let _ = catch_unwind(AssertUnwindSafe(task));
    }
}

impl Pool {
    pub fn new(threads: usize) -> Self {
        let (tasks, queue) = sync_channel(threads);
        let queue = Arc::new(Mutex::new(queue));
        let start = |_| {
            let queue = queue.clone();
            thread::spawn(move || work(queue))
        };
        Pool {
            tasks: Some(tasks),
            threads: (0..threads).map(start).collect(),
        }
    }
    pub fn run(&self, task: impl FnOnce() + Send + 'static) {
        if let Some(tasks) = &self.tasks {
            tasks.send(Box::new(task)).unwrap();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Without senders, the threads come to the end of their queue.
        self.tasks = None;
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}
