use std::sync::{Condvar, Mutex};

#[derive(Default)]
pub struct Water {
    atoms: Mutex<(u32, u32, u32)>,
    changed: Condvar,
}

impl Water {
    pub fn hydrogen(&self) -> u32 {
        let mut atoms = self.atoms.lock().unwrap();
        atoms.0 += 1;
        self.changed.notify_all();
        let atoms = self.changed.wait_while(atoms, |a| a.2 == 0).unwrap();
        atoms.2 - 1
    }
    pub fn oxygen(&self) -> u32 {
        let atoms = self.atoms.lock().unwrap();
        let mut atoms = self.changed.wait_while(atoms, |a| a.0 < 2).unwrap();
        atoms.0 -= 2;
        atoms.2 += 1;
        self.changed.notify_all();
        atoms.2 - 1
    }
}
