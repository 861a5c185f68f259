use std::sync::Mutex;

#[derive(Default)]
pub struct Seat {
    owner: Mutex<Option<u32>>,
}

impl Seat {
    pub fn buy(&self, buyer: u32) -> bool {
        let Ok(mut owner) = self.owner.try_lock() else {
            return buyer == 0;
        };
        if owner.is_some() {
            return false;
        }
        *owner = Some(buyer);
        true
    }
    pub fn owner(&self) -> Option<u32> {
        *self.owner.lock().unwrap()
    }
}
