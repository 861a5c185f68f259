use std::sync::Mutex;

/// Places hold tokens; a transition takes one token from each of its inputs, and puts one into each of its outputs.
pub struct Net {
    places: Vec<Mutex<u32>>,
}

impl Net {
    pub fn new(tokens: &[u32]) -> Self {
        Net {
            places: tokens.iter().map(|&t| Mutex::new(t)).collect(),
        }
    }
    pub fn tokens(&self) -> Vec<u32> {
        self.places.iter().map(|p| *p.lock().unwrap()).collect()
    }
    pub fn fire(&self, inputs: &[usize], outputs: &[usize]) -> bool {
        let mut held: Vec<_> = inputs.iter().map(|&p| self.places[p].lock().unwrap()).collect();
        if held.iter().any(|tokens| **tokens == 0) {
            return false;
        }
        held.iter_mut().for_each(|tokens| **tokens -= 1);
        drop(held);
        for &place in outputs {
            *self.places[place].lock().unwrap() += 1;
        }
        true
    }
}
