// Building water (Downey, The Little Book of Semaphores): two hydrogens and one oxygen bond together.
use std::sync::{Barrier, Condvar, Mutex};

struct Semaphore {
    permits: Mutex<u32>,
    given: Condvar,
}

impl Semaphore {
    const fn new(permits: u32) -> Self {
        Semaphore { permits: Mutex::new(permits), given: Condvar::new() }
    }
    fn acquire(&self) {
        let mut permits = self.given.wait_while(self.permits.lock().unwrap(), |p| *p == 0).unwrap();
        *permits -= 1;
    }
    fn release(&self, n: u32) {
        *self.permits.lock().unwrap() += n;
        self.given.notify_all();
    }
}

struct Water {
    hydrogen: Semaphore,
    oxygen: Semaphore,
    complete: Barrier,
    bonds: Mutex<Vec<char>>,
}

impl Water {
    fn bond(&self, atom: char) {
        let (own, n) = if atom == 'H' { (&self.hydrogen, 2) } else { (&self.oxygen, 1) };
        own.acquire();
        self.bonds.lock().unwrap().push(atom);
        if self.complete.wait().is_leader() {
            let _ = n;
            let bonds = std::mem::take(&mut *self.bonds.lock().unwrap());
            assert_eq!(bonds.iter().filter(|&&a| a == 'H').count(), 2, "{bonds:?}");
            self.hydrogen.release(2);
            self.oxygen.release(1);
        }
    }
}

#[test]
fn molecules_are_water() {
    let water = Water { hydrogen: Semaphore::new(2), oxygen: Semaphore::new(1), complete: Barrier::new(3), bonds: Mutex::default() };
    std::thread::scope(|s| {
        for atom in ['H', 'O', 'H'] {
            let water = &water;
            s.spawn(move || water.bond(atom));
        }
        for atom in ['O', 'H', 'H'] {
            let water = &water;
            s.spawn(move || water.bond(atom));
        }
    });
}

//# bug three_hydrogens: panic, deadlock
//-     let water = Water { hydrogen: Semaphore::new(2), oxygen: Semaphore::new(1), complete: Barrier::new(3), bonds: Mutex::default() };
//+     let water = Water { hydrogen: Semaphore::new(3), oxygen: Semaphore::new(1), complete: Barrier::new(3), bonds: Mutex::default() };
//# bug opens_before_the_molecule_is_complete: panic
//-         self.bonds.lock().unwrap().push(atom);
//+         self.bonds.lock().unwrap().push(atom);
//+         own.release(1);
//# bug barrier_for_two: panic, deadlock
//-     let water = Water { hydrogen: Semaphore::new(2), oxygen: Semaphore::new(1), complete: Barrier::new(3), bonds: Mutex::default() };
//+     let water = Water { hydrogen: Semaphore::new(2), oxygen: Semaphore::new(1), complete: Barrier::new(2), bonds: Mutex::default() };
//# bug too_few_are_let_in: deadlock, lost-wake-up
//-             self.hydrogen.release(2);
//+             self.hydrogen.release(1);
