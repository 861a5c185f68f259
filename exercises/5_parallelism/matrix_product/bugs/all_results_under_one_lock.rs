use std::sync::Mutex;
use std::thread;

pub fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let threads = thread::available_parallelism().map_or(1, |t| t.get());
    let c = Mutex::new(vec![0.0; n * n]);
    thread::scope(|scope| {
        for t in 0..threads {
            let c = &c;
            scope.spawn(move || {
                for i in (t..n).step_by(threads) {
                    let mut c = c.lock().unwrap();
                    for k in 0..n {
                        for j in 0..n {
                            c[i * n + j] += a[i * n + k] * b[k * n + j];
                        }
                    }
                }
            });
        }
    });
    c.into_inner().unwrap()
}
