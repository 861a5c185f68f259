use crate::chance::Chance;
use crate::submission::{Process, schedule};

/// Round after round, each process has its slice, as long as it needs one.
fn rounds(mut processes: Vec<Process>, slice: u32) -> Vec<(u32, u32, u32)> {
    let mut now = 0;
    let mut slices = Vec::new();
    while processes.iter().any(|p| p.needs > 0) {
        for process in processes.iter_mut().filter(|p| p.needs > 0) {
            let used = process.needs.min(slice);
            slices.push((process.id, now, now + used));
            now += used;
            process.needs -= used;
        }
    }
    slices
}

pub fn check(chance: &mut Chance) {
    let p = |id, needs| Process { id, needs };
    assert_eq!(schedule(&[p(1, 3), p(2, 1)], 2), [(1, 0, 2), (2, 2, 3), (1, 3, 4)]);
    assert_eq!(schedule(&[p(7, 5)], 9), [(7, 0, 5)]);
    assert_eq!(
        schedule(&[p(1, 0), p(2, 1)], 1),
        [(2, 0, 1)],
        "who needs nothing gets no slice"
    );
    assert!(schedule(&[], 3).is_empty());
    let ids: [u32; 4] = chance.distinct(1..100);
    let processes = ids.map(|id| p(id, chance.number(0..10)));
    let slice = chance.number(1..5);
    assert_eq!(
        schedule(&processes, slice),
        rounds(processes.to_vec(), slice),
        "{processes:?} with slices of {slice}"
    );
    assert!(
        std::panic::catch_unwind(|| schedule(&[p(1, 1)], 0)).is_err(),
        "slices of no length"
    );
}
