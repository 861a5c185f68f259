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
        let mut involved: Vec<usize> = inputs.iter().chain(outputs).copied().collect();
        involved.sort();
        involved.dedup();
        // Always in the same order: nobody waits for somebody who waits for him.
        let mut held: Vec<_> = involved.iter().map(|&p| (p, self.places[p].lock().unwrap())).collect();
        let enabled = held.iter().all(|(p, tokens)| !inputs.contains(p) || **tokens > 0);
        if enabled {
            for (place, tokens) in &mut held {
                **tokens -= u32::from(inputs.contains(place));
                **tokens += u32::from(outputs.contains(place));
            }
        }
        enabled
    }
}
