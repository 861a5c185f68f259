use std::sync::{Condvar, Mutex};

/// How many have come of each kind; complete molecules.
#[derive(Default)]
struct Atoms {
    hydrogens: u32,
    oxygens: u32,
    molecules: u32,
}

#[derive(Default)]
pub struct Water {
    atoms: Mutex<Atoms>,
    changed: Condvar,
}

impl Water {
    /// Comes as one more of its kind, and waits until its molecule is complete.
    fn bond(&self, join: impl FnOnce(&mut Atoms) -> u32) -> u32 {
        let mut atoms = self.atoms.lock().unwrap();
        let mine = join(&mut atoms);
        let complete = (atoms.hydrogens / 2).min(atoms.oxygens);
        if complete > atoms.molecules {
            atoms.molecules = complete;
            self.changed.notify_all();
        }
        drop(self.changed.wait_while(atoms, |a| a.molecules <= mine).unwrap());
        mine
    }
    pub fn hydrogen(&self) -> u32 {
        self.bond(|atoms| {
            atoms.hydrogens += 1;
            (atoms.hydrogens - 1) / 2
        })
    }
    pub fn oxygen(&self) -> u32 {
        self.bond(|atoms| {
            atoms.oxygens += 1;
            atoms.oxygens - 1
        })
    }
}
