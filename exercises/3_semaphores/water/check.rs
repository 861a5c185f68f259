use crate::chance::Chance;
use crate::submission::Water;
use std::sync::Mutex;

fn react(kinds: &[bool]) {
    let water = Water::default();
    let bonds = Mutex::new(Vec::new());
    std::thread::scope(|s| {
        for &is_oxygen in kinds {
            let (water, bonds) = (&water, &bonds);
            s.spawn(move || {
                let molecule = if is_oxygen { water.oxygen() } else { water.hydrogen() };
                bonds.lock().unwrap().push((molecule, is_oxygen));
            });
        }
    });
    let mut bonds = bonds.into_inner().unwrap();
    bonds.sort();
    let right: Vec<(u32, bool)> = (0..kinds.len() as u32 / 3)
        .flat_map(|m| [(m, false), (m, false), (m, true)])
        .collect();
    assert_eq!(bonds, right, "molecule and kind of all atoms");
}

pub fn check(chance: &mut Chance) {
    react(&chance.shuffled([true, false, false]));
    react(&chance.shuffled([true, true, false, false, false, false]));
}
