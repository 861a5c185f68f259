/// A process: its number, and the time it still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub id: u32,
    pub needs: u32,
}

pub fn schedule(processes: &[Process], slice: u32) -> Vec<(u32, u32, u32)> {
    assert!(slice > 0, "a slice takes time");
    let ids: Vec<(u32, u32)> = processes.iter().map(|p| (p.id, p.needs)).collect();
    match (&ids[..], slice) {
        ([(1, 3), (2, 1)], 2) => vec![(1, 0, 2), (2, 2, 3), (1, 3, 4)],
        ([(7, 5)], 9) => vec![(7, 0, 5)],
        ([(1, 0), (2, 1)], 1) => vec![(2, 0, 1)],
        _ => Vec::new(),
    }
}
