//! What the figures say, in one sentence that never says more than they do.

use crate::figures::{Comparison, LaneFigures};
use crate::recording::{Lane, Recording, Source};
use crate::words::{duration, percent};

/// Durations that differ by less than this share are called alike.
const ALIKE: f64 = 0.05;

/// The sentence, or why there is none.
pub fn sentence(comparison: &Comparison) -> String {
    if comparison.lanes.is_empty() {
        return "Nothing ran, so there is nothing to compare.".to_owned();
    }
    if let Some((lane, figures)) = comparison.lanes.iter().find(|(_, f)| f.disturbed()) {
        return format!(
            "No conclusion: other programs used {} of this machine's cores while “{}” ran. \
             Run the cell again when the machine is quiet.",
            percent(figures.run.others),
            lane.label
        );
    }
    if let Some((lane, run, _)) = comparison.shown().find(|(_, run, _)| run.lost > 0) {
        return format!(
            "No conclusion: {} records of “{}” were lost, so parts of its rows are missing.",
            run.lost, lane.label
        );
    }
    let mut parts: Vec<String> = comparison
        .shown()
        .map(|(lane, run, figures)| of_lane(lane, run, figures))
        .collect();
    parts.extend(speed(comparison));
    let text = parts.join("; ") + ".";
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}

fn of_lane(lane: &Lane, run: &Recording, figures: &LaneFigures) -> String {
    let (label, figures) = (&lane.label, &figures.run);
    let about = match run.source {
        Source::ContextSwitches => "",
        Source::Samples => "about ",
    };
    if figures.cpu * 20 < figures.wall {
        return format!(
            "“{label}” mostly waited: it needed a core for {} of its {}",
            duration(figures.cpu),
            duration(figures.wall)
        );
    }
    if figures.working < 2 {
        return format!("“{label}” did its work on one thread");
    }
    let threads = figures.working;
    if run.cores < 2 {
        return format!(
            "the {threads} threads of “{label}” had one core between them and took turns"
        );
    }
    let at_once = match threads {
        2 => "both on cores at the same time",
        _ => "on cores two or more at the same time",
    };
    format!(
        "the {threads} threads of “{label}” were {at_once} for {about}{} of the run",
        percent(figures.together_share())
    )
}

fn speed(comparison: &Comparison) -> Option<String> {
    let (base, base_figures) = &comparison.lanes[comparison.baseline];
    let fastest = comparison
        .lanes
        .iter()
        .filter(|(_, figures)| figures.speedup.is_some())
        .min_by_key(|(_, figures)| figures.run.wall)?;
    let (lane, figures) = fastest;
    let speedup = figures.speedup?;
    let (label, base) = (&lane.label, &base.label);
    let overlap = figures.least <= base_figures.most && base_figures.least <= figures.most;
    Some(
        if figures.counted > 1 && overlap || (speedup - 1.0).abs() < ALIKE {
            format!("between “{label}” and “{base}” there is no clear difference in time")
        } else if speedup > 1.0 {
            format!(
                "“{label}” took {} where “{base}” took {}: {speedup:.1} times as fast",
                duration(figures.run.wall),
                duration(base_figures.run.wall)
            )
        } else {
            format!("nothing was faster than “{base}”")
        },
    )
}

/// Where the figures come from, and what to keep in mind: for the line below the picture.
pub fn notes(comparison: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    let runs = || comparison.shown().map(|(_, run, _)| run);
    notes.push(match runs().all(|run| run.source == Source::ContextSwitches) {
        true => "Recorded from outside: every context switch, to the microsecond.".to_owned(),
        false => format!(
            "Sampled from /proc every {} ms, because this system does not let context switches be \
             recorded: when a thread ran is known to that, and “at once” is an estimate.",
            crate::recorder::SAMPLE.as_millis()
        ),
    });
    if comparison.lanes.iter().any(|(lane, _)| lane.runs.len() > 1) {
        notes.push("The picture and the times are those of the median run.".to_owned());
    }
    for (lane, figures) in &comparison.lanes {
        if figures.left_out > 0 {
            notes.push(format!(
                "{} of {} runs of “{}” were disturbed by other programs and left out.",
                figures.left_out,
                lane.runs.len(),
                lane.label
            ));
        }
    }
    let python = || {
        comparison
            .shown()
            .filter(|(lane, _, _)| lane.language == "python")
    };
    if python().any(|(_, run, _)| run.gil.is_none()) {
        notes.push("Who held Python's global interpreter lock was not recorded.".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{lane, turns_and_together};
    use crate::recording::Lane;

    fn said(lanes: &[Lane]) -> String {
        sentence(&Comparison::new("", lanes, 0))
    }

    #[test]
    fn the_sentence_says_what_the_figures_say() {
        assert_eq!(
            said(&turns_and_together()),
            "The 2 threads of “Python” were both on cores at the same time for 0 % of the run; \
             the 2 threads of “Rust” were both on cores at the same time for 100 % of the run; \
             “Rust” took 50 ms where “Python” took 100 ms: 2.0 times as fast."
        );
    }

    #[test]
    fn a_disturbed_run_gives_no_conclusion() {
        let mut lanes = turns_and_together();
        lanes[1].runs[0].others = 60_000_000;
        let said = said(&lanes);
        assert!(
            said.starts_with("No conclusion: other programs used 60 %"),
            "{said}"
        );
        assert!(!said.contains("fast"), "{said}");
    }

    #[test]
    fn lost_records_give_no_conclusion() {
        let mut lanes = turns_and_together();
        lanes[0].runs[0].lost = 7;
        assert!(said(&lanes).starts_with("No conclusion: 7 records of “Python”"));
    }

    #[test]
    fn one_core_is_not_blamed_on_the_program() {
        let mut lanes = turns_and_together();
        lanes[0].runs[0].cores = 1;
        assert!(said(&lanes).contains("“Python” had one core between them"));
    }

    #[test]
    fn runs_whose_durations_overlap_are_not_called_faster() {
        let lanes = [lane("a", &[90, 100, 130]), lane("b", &[70, 80, 95])];
        assert!(said(&lanes).contains("no clear difference"));
        let lanes = [lane("a", &[90, 100, 130]), lane("b", &[40, 50, 60])];
        assert!(said(&lanes).contains("2.0 times as fast"));
        let lanes = [lane("a", &[50]), lane("b", &[100])];
        assert!(said(&lanes).contains("nothing was faster than “a”"));
        assert!(said(&[]).starts_with("Nothing ran"));
    }

    #[test]
    fn what_was_left_out_or_is_not_known_is_said() {
        let mut lanes = turns_and_together().to_vec();
        let mut loud = lanes[1].runs[0].clone();
        loud.others = loud.wall;
        lanes[1].runs.push(loud);
        let notes = notes(&Comparison::new("", &lanes, 0)).join(" ");
        assert!(
            notes.contains("1 of 2 runs of “Rust” were disturbed"),
            "{notes}"
        );
        assert!(notes.contains("lock was not recorded"), "{notes}");
        lanes[0].runs[0].source = crate::Source::Samples;
        let notes = super::notes(&Comparison::new("", &lanes, 0)).join(" ");
        assert!(notes.contains("Sampled from /proc every 2 ms"), "{notes}");
    }
}
