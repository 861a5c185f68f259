use std::sync::{Condvar, Mutex};

#[derive(Default)]
pub struct Water {
    atoms: Mutex<(u32, u32)>,
    changed: Condvar,
}

impl Water {
    pub fn hydrogen(&self) -> u32 {
        let mut atoms = self.atoms.lock().unwrap();
        atoms.0 += 1;
        let mine = atoms.0 / 2;
        self.changed.notify_all();
        drop(
            self.changed
                .wait_while(atoms, |a| a.0 / 2 <= mine || a.1 <= mine)
                .unwrap(),
        );
        mine
    }
    pub fn oxygen(&self) -> u32 {
        let mut atoms = self.atoms.lock().unwrap();
        atoms.1 += 1;
        let mine = atoms.1 - 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(atoms, |a| a.0 / 2 <= mine).unwrap());
        mine
    }
}
