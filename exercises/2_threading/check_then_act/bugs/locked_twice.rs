use std::sync::Mutex;

#[derive(Default)]
pub struct Seat {
    owner: Mutex<Option<u32>>,
}

impl Seat {
    pub fn buy(&self, buyer: u32) -> bool {
        let mut owner = self.owner.lock().unwrap();
        if owner.is_some() {
            return false;
        }
        *self.owner.lock().unwrap() = Some(buyer);
        true
    }
    pub fn owner(&self) -> Option<u32> {
        *self.owner.lock().unwrap()
    }
}
