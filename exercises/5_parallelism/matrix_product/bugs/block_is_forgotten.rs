use std::thread;

pub fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let threads = thread::available_parallelism().map_or(1, |t| t.get());
    let mut c = vec![0.0; n * n];
    let rows = n.div_ceil(threads).max(1);
    thread::scope(|scope| {
        for part in c.chunks_mut((rows * n).max(1)) {
            scope.spawn(move || {
                for (i, row) in part.chunks_mut(n).enumerate() {
                    for k in 0..n {
                        for j in 0..n {
                            row[j] += a[i * n + k] * b[k * n + j];
                        }
                    }
                }
            });
        }
    });
    c
}
