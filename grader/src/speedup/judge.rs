//! What comes of a measured speedup, and the marks for it.

use super::{Demand, Judgement, Speedup};

/// How far from the border between two judgements a speedup must lie.
const BORDER: f64 = 0.07;

/// Work below this length cannot be measured, in milliseconds: to start the threads takes as long.
const LEAST_MS: f64 = 0.1;

/// Judges, or judges anew.
pub fn judge(speedup: &mut Speedup) {
    let cores = speedup.cores;
    if speedup.reference_ms < LEAST_MS {
        speedup.judgement = Judgement::Undecided;
        speedup.message = format!(
            "the work takes {:.4} ms, which is too little to be measured: \
             give it more to do, and see that no results of an earlier run are kept",
            speedup.reference_ms
        );
        return;
    }
    let times = |s: f64| {
        // Of what is slower two figures are needed to see how much.
        let decimals = if s < 1.0 { 2 } else { 1 };
        format!("{s:.decimals$} times as fast on {cores} cores")
    };
    let Some(demand) = speedup.demand else {
        speedup.message = times(speedup.speedup);
        return;
    };
    let range = speedup
        .curve
        .iter()
        .find(|p| p.cores == cores)
        .map_or((0.0, 0.0), |p| p.range);
    speedup.marks = Some(marks(speedup.speedup, &demand));
    let faster = speedup.clock.as_ref().is_some_and(|c| c.faster);
    let (judgement, message) = if speedup.speedup >= demand.pass {
        (
            Judgement::Pass,
            format!(
                "{}; {:.1} were asked for",
                times(speedup.speedup),
                demand.pass
            ),
        )
    } else if range.1 >= demand.pass || speedup.speedup >= demand.pass * (1.0 - BORDER) {
        (
            Judgement::Undecided,
            format!(
                "{}, too near to the {:.1} that were asked for to decide",
                times(speedup.speedup),
                demand.pass
            ),
        )
    } else {
        (
            Judgement::TooSlow,
            format!(
                "only {}; {:.1} were asked for",
                times(speedup.speedup),
                demand.pass
            ),
        )
    };
    speedup.judgement = judgement;
    speedup.message = message;
    if faster && judgement == Judgement::TooSlow {
        speedup.judgement = Judgement::Undecided;
        speedup.message += "; but by the clock of this machine it is faster than that";
    }
    if speedup.judgement == Judgement::Undecided {
        // Nobody has fewer marks for what could not be decided.
        speedup.marks = speedup.marks.max(Some(marks(demand.pass, &demand)));
    }
}

/// Marks in steps: full ones, good ones, those of the border, half of them for half the speed.
fn marks(speedup: f64, demand: &Demand) -> u32 {
    let between = |part: f64| demand.pass + part * (demand.full - demand.pass);
    match speedup {
        s if s >= demand.full => 100,
        s if s >= between(0.5) => 85,
        s if s >= demand.pass => 70,
        s if s >= 1.0 + 0.5 * (demand.pass - 1.0) => 35,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_grow_in_steps() {
        let demand = Demand {
            cores: 8,
            pass: 3.0,
            full: 6.0,
        };
        let given: Vec<u32> = [1.0, 1.9, 2.5, 3.0, 4.6, 6.5]
            .iter()
            .map(|s| marks(*s, &demand))
            .collect();
        assert_eq!(given, [0, 0, 35, 70, 85, 100]);
    }
}
