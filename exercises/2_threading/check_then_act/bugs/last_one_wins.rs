use std::sync::Mutex;

#[derive(Default)]
pub struct Seat {
    owner: Mutex<Option<u32>>,
}

impl Seat {
    pub fn buy(&self, buyer: u32) -> bool {
        *self.owner.lock().unwrap() = Some(buyer);
        self.owner() == Some(buyer)
    }
    pub fn owner(&self) -> Option<u32> {
        *self.owner.lock().unwrap()
    }
}
