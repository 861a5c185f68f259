use std::sync::Mutex;

/// Places hold tokens; a transition takes one token from each of its inputs, and puts one into
/// each of its outputs.
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
        if inputs.iter().any(|&p| *self.places[p].lock().unwrap() == 0) {
            return false;
        }
        for &place in inputs {
            let mut tokens = self.places[place].lock().unwrap();
            *tokens = tokens.saturating_sub(1);
        }
        for &place in outputs {
            *self.places[place].lock().unwrap() += 1;
        }
        true
    }
}
