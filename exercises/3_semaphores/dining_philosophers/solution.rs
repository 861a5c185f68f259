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
    /// Eats with both forks in the hands.
    pub fn dine(&self, seat: usize, eat: impl FnOnce()) {
        let other = (seat + 1) % self.forks.len();
        // The fork with the smaller number first: the last philosopher reaches to the right first.
        let mut one = self.forks[seat.min(other)].lock().unwrap();
        let mut two = self.forks[seat.max(other)].lock().unwrap();
        eat();
        *one += 1;
        *two += 1;
    }
    /// How often each fork was used.
    pub fn used(&self) -> Vec<u32> {
        self.forks.iter().map(|f| *f.lock().unwrap()).collect()
    }
}
