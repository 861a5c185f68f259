pub fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    for (i, row) in c.chunks_mut(n.max(1)).enumerate() {
        for k in 0..n {
            for j in 0..n {
                row[j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
    c
}
