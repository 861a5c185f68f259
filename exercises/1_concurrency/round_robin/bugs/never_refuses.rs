use std::collections::VecDeque;

/// A process: its number, and the time it still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub id: u32,
    pub needs: u32,
}

pub fn schedule(processes: &[Process], slice: u32) -> Vec<(u32, u32, u32)> {
    let slice = slice.max(1);
    let mut now = 0;
    let mut slices = Vec::new();
    let mut queue: VecDeque<Process> = processes.iter().copied().filter(|p| p.needs > 0).collect();
    while let Some(mut process) = queue.pop_front() {
        let run = slice.min(process.needs);
        slices.push((process.id, now, now + run));
        now += run;
        process.needs -= run;
        if process.needs > 0 {
            queue.push_back(process);
        }
    }
    slices
}
