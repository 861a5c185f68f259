use std::sync::{Condvar, Mutex};

#[derive(Default)]
pub struct Water {
    atoms: Mutex<(u32, u32, u32)>,
    changed: Condvar,
}

impl Water {
    fn wait(&self, mut atoms: std::sync::MutexGuard<'_, (u32, u32, u32)>, mine: u32) -> u32 {
        let complete = (atoms.0 / 2).min(atoms.1);
        if complete > atoms.2 {
            atoms.2 = complete;
            self.changed.notify_one();
        }
        drop(self.changed.wait_while(atoms, |a| a.2 <= mine).unwrap());
        mine
    }
    pub fn hydrogen(&self) -> u32 {
        let mut atoms = self.atoms.lock().unwrap();
        atoms.0 += 1;
        let mine = (atoms.0 - 1) / 2;
        self.wait(atoms, mine)
    }
    pub fn oxygen(&self) -> u32 {
        let mut atoms = self.atoms.lock().unwrap();
        atoms.1 += 1;
        let mine = atoms.1 - 1;
        self.wait(atoms, mine)
    }
}
