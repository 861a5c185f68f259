use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

type Job = Box<dyn FnOnce() + Send>;

pub struct Pool {
    jobs: Option<Sender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    pub fn new(size: usize) -> Self {
        let (jobs, queue) = channel::<Job>();
        let queue: Arc<Mutex<Receiver<Job>>> = Arc::new(Mutex::new(queue));
        let workers = (0..size)
            .map(|_| {
                let queue = queue.clone();
                std::thread::spawn(move || {
                    loop {
                        let job = queue.lock().unwrap().recv();
                        match job {
                            Ok(job) => job(),
                            Err(_) => return,
                        }
                    }
                })
            })
            .collect();
        Pool { jobs: Some(jobs), workers }
    }
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.jobs.as_ref().unwrap().send(Box::new(job)).unwrap();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for worker in self.workers.drain(..) {
            worker.join().unwrap();
        }
    }
}

#[test]
fn runs_every_job_before_it_goes() {
    let done = Arc::new(AtomicU32::new(0));
    let pool = Pool::new(2);
    for _ in 0..2 {
        let done = done.clone();
        pool.run(move || {
            done.fetch_add(1, Ordering::Relaxed);
        });
    }
    drop(pool);
    assert_eq!(done.load(Ordering::Relaxed), 2);
}

//# bug keeps_the_sender: deadlock
//-         drop(self.jobs.take());
//+         let _ = &self.jobs;
//# bug does_not_join: panic, leaked-thread
//-             worker.join().unwrap();
//+             drop(worker);
//# bug stops_early: panic
//-                             Ok(job) => job(),
//+                             Ok(job) => { job(); return }
//-             worker.join().unwrap();
//+             drop(worker);
