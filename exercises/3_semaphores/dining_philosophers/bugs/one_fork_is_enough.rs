use std::sync::Mutex;

pub struct Table {
    forks: Vec<Mutex<u32>>,
}

impl Table {
    pub fn new(seats: usize) -> Self {
        Table {
            forks: (0..seats).map(|_| Mutex::new(0)).collect(),
        }
    }
    pub fn dine(&self, seat: usize, eat: impl FnOnce()) {
        let mut left = self.forks[seat].lock().unwrap();
        eat();
        *left += 1;
        drop(left);
        *self.forks[(seat + 1) % self.forks.len()].lock().unwrap() += 1;
    }
    pub fn used(&self) -> Vec<u32> {
        self.forks.iter().map(|f| *f.lock().unwrap()).collect()
    }
}
