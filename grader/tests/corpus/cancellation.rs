// A worker that can be told to stop, and that says what it has done until then.
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Worker {
    stop: Arc<AtomicBool>,
    jobs: Option<Sender<u32>>,
    handle: Option<JoinHandle<u32>>,
}

fn work(jobs: &Receiver<u32>, stop: &AtomicBool, done: &AtomicU32) -> u32 {
    let mut sum = 0;
    loop {
        match jobs.recv_timeout(Duration::from_millis(10)) {
            Ok(job) => {
                sum += job;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Err(RecvTimeoutError::Disconnected) => return sum,
            Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return sum,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

impl Worker {
    pub fn start(done: Arc<AtomicU32>) -> Self {
        let (jobs, theirs) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let handle = thread::spawn(move || work(&theirs, &flag, &done));
        Worker { stop, jobs: Some(jobs), handle: Some(handle) }
    }
    pub fn send(&self, job: u32) {
        self.jobs.as_ref().unwrap().send(job).unwrap();
    }
    pub fn finish(mut self) -> u32 {
        drop(self.jobs.take());
        self.handle.take().unwrap().join().unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

#[test]
fn all_jobs_are_done() {
    let done = Arc::new(AtomicU32::new(0));
    let worker = Worker::start(done.clone());
    worker.send(1);
    worker.send(2);
    assert_eq!(worker.finish(), 3);
    assert_eq!(done.load(Ordering::Relaxed), 2);
}

#[test]
fn it_can_be_stopped() {
    let worker = Worker::start(Arc::default());
    worker.send(1);
}

//# bug joins_before_it_disconnects: livelock, deadlock, limit
//-         drop(self.jobs.take());
//-         self.handle.take().unwrap().join().unwrap()
//+         let sum = self.handle.take().unwrap().join().unwrap();
//+         drop(self.jobs.take());
//+         sum
//# bug is_detached: leaked-thread, panic
//-         self.stop.store(true, Ordering::Relaxed);
//-         if let Some(handle) = self.handle.take() {
//-             let _ = handle.join();
//-         }
//+         if self.handle.is_none() {
//+             self.stop.store(true, Ordering::Relaxed);
//+         }
//+         std::mem::forget(self.jobs.take());
//# bug timeout_is_the_end: panic
//-             Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return sum,
//-             Err(RecvTimeoutError::Timeout) => {}
//+             Err(RecvTimeoutError::Timeout) => return sum,
