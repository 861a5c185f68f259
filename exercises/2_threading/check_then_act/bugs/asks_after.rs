use std::sync::Mutex;

#[derive(Default)]
pub struct Seat {
    owner: Mutex<Option<u32>>,
}

impl Seat {
    pub fn buy(&self, buyer: u32) -> bool {
        let mut owner = self.owner.lock().unwrap();
        owner.get_or_insert(buyer);
        drop(owner);
        *self.owner.lock().unwrap() = Some(buyer);
        self.owner() == Some(buyer)
    }
    pub fn owner(&self) -> Option<u32> {
        *self.owner.lock().unwrap()
    }
}
