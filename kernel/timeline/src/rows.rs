//! Which threads of a run are drawn, what they are called, and how they fall into columns.

use crate::recording::{Interval, Recording, Thread};
use std::collections::BTreeMap;

/// Rows of one lane; further threads are told of in a line.
pub const MAX_ROWS: usize = 16;

/// A thread that is drawn.
#[derive(Debug)]
pub struct Row<'a> {
    /// What the reader calls it.
    pub name: String,
    /// What it did.
    pub thread: &'a Thread,
}

/// The rows of one run.
#[derive(Debug)]
pub struct Rows<'a> {
    /// What is drawn, in the order in which the threads came to be.
    pub rows: Vec<Row<'a>>,
    /// How many threads are not.
    pub folded: usize,
    /// Their time on cores, in nanoseconds.
    pub folded_cpu: u64,
}

/// Chooses the threads that are drawn: all but those that did next to nothing (less than a
/// two-hundredth of the work, and less than 2 ms), and of very many those that did most.
pub fn rows(run: &Recording) -> Rows<'_> {
    let cpu = run.cpu();
    let mut order: Vec<&Thread> = run.threads.iter().collect();
    order.sort_by_key(|thread| std::cmp::Reverse(thread.cpu()));
    let worth = |thread: &&&Thread| thread.cpu() * 200 >= cpu || thread.cpu() >= 2_000_000;
    let drawn = order.iter().take(MAX_ROWS).take_while(worth).count();
    let (shown, folded) = order.split_at(drawn);
    let shown = |thread: &Thread| shown.iter().any(|other| std::ptr::eq(*other, thread));
    let mut names = Names::default();
    let rows = run.threads.iter().filter(|thread| shown(thread));
    Rows {
        rows: rows
            .map(|thread| Row {
                name: names.name(thread, run.pid),
                thread,
            })
            .collect(),
        folded: folded.len(),
        folded_cpu: folded.iter().map(|thread| thread.cpu()).sum(),
    }
}

#[derive(Default)]
struct Names {
    threads: BTreeMap<u32, usize>,
    processes: BTreeMap<u32, usize>,
}

impl Names {
    fn name(&mut self, thread: &Thread, main: u32) -> String {
        let next = self.processes.len() + 1;
        let prefix = match thread.pid == main {
            true => String::new(),
            false => {
                let number = self.processes.entry(thread.pid).or_insert(next);
                format!("process {number}")
            }
        };
        if thread.pid == thread.tid {
            return match prefix.is_empty() {
                true => "main thread".to_owned(),
                false => prefix,
            };
        }
        let number = self.threads.entry(thread.pid).or_default();
        *number += 1;
        let own = match thread.name.is_empty() {
            true => format!("thread {number}"),
            false => thread.name.clone(),
        };
        match prefix.is_empty() {
            true => own,
            false => format!("{prefix}, {own}"),
        }
    }
}

/// One column of a row: for which share of its time the thread was on a core, and on which
/// one most of that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// From 0 to 1.
    pub share: f64,
    /// The core.
    pub core: u32,
}

/// Divides `longest` nanoseconds into `count` columns. However many intervals fall into one,
/// it holds their share and no more.
pub fn columns(intervals: &[Interval], longest: u64, count: usize) -> Vec<Column> {
    let scale = count as f64 / longest.max(1) as f64;
    let mut parts: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); count];
    for interval in intervals {
        let (from, to) = (interval.start as f64 * scale, interval.end as f64 * scale);
        let last = (to.ceil() as usize).min(count);
        let touched = parts.iter_mut().enumerate().take(last).skip(from as usize);
        for (index, part) in touched {
            let overlap = to.min(index as f64 + 1.0) - from.max(index as f64);
            *part.entry(interval.core).or_default() += overlap.max(0.0);
        }
    }
    let column = |part: BTreeMap<u32, f64>| {
        let share = part.values().sum::<f64>().min(1.0);
        let most = part.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let core = most.map_or(0, |(core, _)| core);
        Column { share, core }
    };
    parts.into_iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{recording, thread};

    #[test]
    fn a_column_holds_the_share_that_was_on_a_core() {
        let many: Vec<(u64, u64, u32)> = (0..100).map(|i| (i * 10, i * 10 + 5, 3)).collect();
        let columns = columns(&thread(1, &many).intervals, 2000, 4);
        let shares: Vec<f64> = columns
            .iter()
            .map(|c| (c.share * 1e6).round() / 1e6)
            .collect();
        assert_eq!(shares, [0.5, 0.5, 0.0, 0.0]);
        assert_eq!(columns[0].core, 3);
    }

    #[test]
    fn threads_that_did_next_to_nothing_are_counted_and_not_drawn() {
        let run = recording(vec![
            thread(1, &[(0, 100, 0)]),
            thread(2, &[(0, 1_000_000, 0)]),
            thread(3, &[(0, 1_000_000, 1)]),
        ]);
        let rows = rows(&run);
        let names: Vec<_> = rows.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["thread 1", "thread 2"]);
        assert_eq!((rows.folded, rows.folded_cpu), (1, 100));
    }

    #[test]
    fn very_many_threads_are_folded_and_the_busiest_stay() {
        let threads = (1..=100).map(|n| thread(n, &[(0, 5_000_000 + u64::from(n), 0)]));
        let run = recording(threads.collect());
        let rows = rows(&run);
        assert_eq!((rows.rows.len(), rows.folded), (MAX_ROWS, 100 - MAX_ROWS));
        assert_eq!(rows.rows[0].thread.tid, 85);
    }

    #[test]
    fn threads_and_processes_get_names_a_reader_understands() {
        let mut run = recording(vec![
            thread(1, &[(0, 9, 0)]),
            thread(2, &[(0, 9, 0)]),
            thread(3, &[(0, 9, 0)]),
            thread(70, &[(0, 9, 0)]),
        ]);
        run.threads[2].name = "reader".into();
        run.threads[3].pid = 70;
        let rows = rows(&run);
        let names: Vec<_> = rows.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["main thread", "thread 1", "reader", "process 1"]);
    }
}
