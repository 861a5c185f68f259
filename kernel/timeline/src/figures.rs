//! What follows from recordings: pure functions.

use crate::recording::{Lane, Left, Recording};
use serde::Serialize;
use std::collections::BTreeSet;

/// The figures of one run. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Duration.
    pub wall: u64,
    /// Time on cores of all threads together.
    pub cpu: u64,
    /// Time in which two or more threads were on cores at once.
    pub together: u64,
    /// How often a thread was put on a core.
    pub switches: usize,
    /// How often a thread that could have gone on had to leave its core.
    pub preemptions: usize,
    /// How many threads were on a core at all.
    pub threads: usize,
    /// How many of them did at least a hundredth of the work.
    pub working: usize,
    /// How many different cores they were on.
    pub cores_used: usize,
    /// Share of the machine that other programs used meanwhile, from 0 to 1.
    pub others: f64,
    /// Whether that was so much that the run says nothing.
    pub disturbed: bool,
}

impl Figures {
    /// The figures of `run`.
    pub fn of(run: &Recording) -> Figures {
        let cpu = run.cpu();
        let intervals = || run.threads.iter().flat_map(|thread| &thread.intervals);
        let works = |thread: &&crate::Thread| thread.cpu() > 0 && thread.cpu() * 100 >= cpu;
        Figures {
            wall: run.wall,
            cpu,
            together: together(run),
            switches: intervals().count(),
            preemptions: intervals().filter(|i| i.left == Left::Preempted).count(),
            threads: run.threads.len(),
            working: run.threads.iter().filter(works).count(),
            cores_used: intervals().map(|i| i.core).collect::<BTreeSet<_>>().len(),
            others: run.others_share(),
            disturbed: run.disturbed(),
        }
    }

    /// Share of the run in which two or more threads were on cores at once, from 0 to 1.
    pub fn together_share(&self) -> f64 {
        self.together as f64 / self.wall.max(1) as f64
    }
}

/// Time in which two or more threads were on cores at once, in nanoseconds. Threads that take
/// turns, however quickly, have none.
fn together(run: &Recording) -> u64 {
    let mut changes: Vec<(u64, i32)> = run
        .threads
        .iter()
        .flat_map(|thread| &thread.intervals)
        .flat_map(|i| [(i.start, 1), (i.end, -1)])
        .collect();
    // Where one ends as the next begins, the end comes first.
    changes.sort_unstable();
    let (mut running, mut since, mut total) = (0, 0, 0);
    for (time, change) in changes {
        if running >= 2 {
            total += time - since;
        }
        running += change;
        since = time;
    }
    total
}

/// The figures of one lane: those of the run that the picture shows, and how the others spread.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaneFigures {
    /// Which run the picture and the other figures are of: the one with the median duration
    /// among those that were not disturbed (among all, if all were).
    pub shown: usize,
    /// Shortest duration of the runs that count, in nanoseconds.
    pub least: u64,
    /// Longest duration of the runs that count, in nanoseconds.
    pub most: u64,
    /// How many runs count.
    pub counted: usize,
    /// How many were left out because they were disturbed.
    pub left_out: usize,
    /// Duration of the baseline divided by this one's: above 1 is faster. `None` for the
    /// baseline itself.
    pub speedup: Option<f64>,
    /// The shown run.
    pub run: Figures,
}

impl LaneFigures {
    /// Whether no run was free of disturbance.
    pub fn disturbed(&self) -> bool {
        self.run.disturbed
    }
}

/// Lanes and what follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison<'a> {
    /// Title of the picture.
    pub title: &'a str,
    /// The lanes, each with at least one run.
    pub lanes: Vec<(&'a Lane, LaneFigures)>,
    /// Which lane speedups refer to.
    pub baseline: usize,
}

impl<'a> Comparison<'a> {
    /// Computes the figures. Lanes without a run are left out; a `baseline` that is not there
    /// is the first lane.
    pub fn new(title: &'a str, lanes: &'a [Lane], baseline: usize) -> Comparison<'a> {
        let base_label = lanes.get(baseline).filter(|lane| !lane.runs.is_empty());
        let mut lanes: Vec<(&Lane, LaneFigures)> = lanes
            .iter()
            .filter(|lane| !lane.runs.is_empty())
            .map(|lane| (lane, lane_figures(lane)))
            .collect();
        let baseline = base_label
            .and_then(|base| lanes.iter().position(|(lane, _)| std::ptr::eq(*lane, base)))
            .unwrap_or(0);
        let base = lanes.get(baseline).map_or(0, |(_, f)| f.run.wall) as f64;
        for (number, (_, figures)) in lanes.iter_mut().enumerate() {
            let speedup = base / figures.run.wall.max(1) as f64;
            figures.speedup = (number != baseline).then_some(speedup);
        }
        Comparison {
            title,
            lanes,
            baseline,
        }
    }

    /// The run that the picture shows of each lane.
    pub fn shown(&self) -> impl Iterator<Item = (&'a Lane, &'a Recording, &LaneFigures)> {
        self.lanes
            .iter()
            .map(|(lane, figures)| (*lane, &lane.runs[figures.shown], figures))
    }

    /// Duration of the longest run shown, in nanoseconds: the length of the time axis.
    pub fn longest(&self) -> u64 {
        let walls = self.shown().map(|(_, run, _)| run.wall);
        walls.max().unwrap_or(1).max(1)
    }
}

fn lane_figures(lane: &Lane) -> LaneFigures {
    let quiet: Vec<usize> = (0..lane.runs.len())
        .filter(|index| !lane.runs[*index].disturbed())
        .collect();
    let mut counted = match quiet.is_empty() {
        true => (0..lane.runs.len()).collect(),
        false => quiet,
    };
    counted.sort_by_key(|index| lane.runs[*index].wall);
    let shown = counted[(counted.len() - 1) / 2];
    LaneFigures {
        shown,
        least: lane.runs[counted[0]].wall,
        most: lane.runs[counted[counted.len() - 1]].wall,
        counted: counted.len(),
        left_out: lane.runs.len() - counted.len(),
        speedup: None,
        run: Figures::of(&lane.runs[shown]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{lane, recording, thread};

    #[test]
    fn threads_that_take_turns_do_not_run_together() {
        let turns = recording(vec![
            thread(1, &[(0, 10, 0), (20, 30, 0)]),
            thread(2, &[(10, 20, 1), (30, 40, 1)]),
        ]);
        let figures = Figures::of(&turns);
        assert_eq!((figures.cpu, figures.together), (40, 0));
        assert_eq!((figures.switches, figures.cores_used), (4, 2));
    }

    #[test]
    fn time_together_counts_once_however_many_threads_there_are() {
        let run = recording(vec![
            thread(1, &[(0, 30, 0)]),
            thread(2, &[(10, 40, 1)]),
            thread(3, &[(15, 35, 2)]),
        ]);
        assert_eq!(Figures::of(&run).together, 25);
    }

    #[test]
    fn the_shown_run_is_the_median_of_the_quiet_ones() {
        let mut lane = lane("a", &[9, 2, 5, 7]);
        let shown = |lane: &Lane| {
            let figures = lane_figures(lane);
            (figures.shown, figures.least, figures.most, figures.left_out)
        };
        assert_eq!(shown(&lane), (2, 2, 9, 0));
        lane.runs[2].others = u64::MAX / 2;
        assert_eq!(shown(&lane), (3, 2, 9, 1));
    }

    #[test]
    fn speedup_refers_to_the_baseline_even_behind_an_empty_lane() {
        let lanes = [lane("empty", &[]), lane("slow", &[30]), lane("fast", &[10])];
        let comparison = Comparison::new("", &lanes, 1);
        let speedups: Vec<_> = comparison.lanes.iter().map(|(_, f)| f.speedup).collect();
        assert_eq!(speedups, [None, Some(3.0)]);
        let comparison = Comparison::new("", &lanes, 2);
        assert_eq!(comparison.baseline, 1);
        assert_eq!(Comparison::new("", &lanes, 9).baseline, 0);
    }
}
