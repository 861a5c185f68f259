use crate::submission::product;

const N: usize = 256;

pub fn input(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let matrix = |salt: u64| (0..N * N).map(|i| ((i as u64 ^ seed ^ salt) % 17) as f64).collect();
    (matrix(0), matrix(99))
}

fn multiply(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
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

pub fn reference((a, b): &(Vec<f64>, Vec<f64>)) -> Vec<f64> {
    multiply(a, b, std::hint::black_box(N))
}

pub fn attempt((a, b): &(Vec<f64>, Vec<f64>)) -> Vec<f64> {
    product(a, b, N)
}
