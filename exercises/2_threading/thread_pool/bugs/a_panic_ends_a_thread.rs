use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

type Task = Box<dyn FnOnce() + Send>;

pub struct Pool {
    tasks: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    pub fn new(threads: usize) -> Self {
        let (tasks, queue) = sync_channel::<Task>(threads);
        let queue: Arc<Mutex<Receiver<Task>>> = Arc::new(Mutex::new(queue));
        let start = |_| {
            let queue = queue.clone();
            thread::spawn(move || {
                loop {
                    let next = queue.lock().unwrap().recv();
                    let Ok(task) = next else { return };
                    task();
                }
            })
        };
        Pool {
            tasks: Some(tasks),
            threads: (0..threads).map(start).collect(),
        }
    }
    pub fn run(&self, task: impl FnOnce() + Send + 'static) {
        let _ = self.tasks.as_ref().unwrap().send(Box::new(task));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.tasks = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
