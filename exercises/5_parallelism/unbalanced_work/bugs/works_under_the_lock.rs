use std::sync::Mutex;
use std::thread;

pub fn total(tasks: &[u64], run: fn(u64) -> u64) -> u64 {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let rest = Mutex::new((tasks.iter(), 0u64));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let mut rest = rest.lock().unwrap();
                    let Some(&task) = rest.0.next() else { return };
                    rest.1 = rest.1.wrapping_add(run(task));
                }
            });
        }
    });
    rest.into_inner().unwrap().1
}
