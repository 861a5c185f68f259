//! Translates what an exploration found into lines, names and words.

use crate::names::{Pointers, object_names};
use crate::symbols::Symbols;
use crate::verdict::{Finding, Part, Step};
use reports::exploration::{Counterexample, Event, Kind, Party, Site};
use std::collections::HashMap;

/// Translates a counterexample into lines and names.
///
/// `base` is where the program stood in memory.
pub fn finding(
    mut found: Counterexample,
    check: Option<String>,
    base: u64,
    symbols: &mut Symbols,
) -> Finding {
    if found.failure.kind == Kind::Panic {
        until_panic(&mut found);
    }
    let names = object_names(&found.events, &found.failure.parties, base, symbols);
    let mut pointers = Pointers::default();
    let parts = found
        .failure
        .parties
        .iter()
        .map(|party| part(party, &names, symbols))
        .collect();
    let mut events = Vec::new();
    for (number, event) in found.events.iter().enumerate() {
        if let Some(step) = step(number, event, &names, &mut pointers, symbols) {
            events.push(step);
        }
    }
    let events = fold(events);
    let threads = found
        .names
        .iter()
        .enumerate()
        .map(|(i, name)| match (i, name) {
            (0, _) => "T0 (the check)".to_owned(),
            (_, Some(name)) => format!("T{i} ({name})"),
            _ => format!("T{i}"),
        });
    Finding {
        kind: found.failure.kind,
        message: found.failure.message,
        check,
        parts,
        real_threads: false,
        schedule: found.choices,
        preemptions: found.preemptions,
        events,
        threads: threads.collect(),
        printed: found.printed,
        replay: None,
    }
}

/// Forgets what came after the panic: locks that its thread gave up, and others that fell with it.
fn until_panic(found: &mut Counterexample) {
    let Some(thread) = found.failure.parties.first().map(|p| p.thread) else {
        return;
    };
    let is_it = |e: &Event| e.thread == thread && e.operation.starts_with("panics: ");
    if let Some(at) = found.events.iter().rposition(is_it) {
        found.events.truncate(at + 1);
    }
}

/// The steps without the rounds of loops that go on for ever: what repeats itself stands there
/// once, with the number of rounds.
fn fold(steps: Vec<Step>) -> Vec<Step> {
    const LONGEST: usize = 24;
    let same = |a: &Step, b: &Step| (a.thread, &a.text, &a.line) == (b.thread, &b.text, &b.line);
    let mut folded: Vec<Step> = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let rounds = |period: usize| {
            let equal = (at + period..steps.len())
                .take_while(|&i| same(&steps[i], &steps[i - period]))
                .count();
            equal / period + 1
        };
        let best = (1..=LONGEST.min(steps.len() - at))
            .map(|p| (p, rounds(p)))
            .find(|&(_, n)| n > 3);
        let Some((period, n)) = best else {
            folded.push(steps[at].clone());
            at += 1;
            continue;
        };
        let first = folded.len();
        folded.extend_from_slice(&steps[at..at + period]);
        folded[first].text += &format!(
            "   ({} {n} times)",
            if period == 1 {
                "this".to_owned()
            } else {
                format!("these {period} steps")
            }
        );
        at += period * n;
    }
    folded
}

fn part(party: &Party, names: &HashMap<u64, String>, symbols: &mut Symbols) -> Part {
    Part {
        thread: party.thread,
        what: party.what.clone(),
        object: names.get(&party.object).cloned(),
        line: symbols.line(&party.site, &party.stack),
        stack: symbols.stack(&party.site, &party.stack),
        held_by: party
            .holder
            .as_ref()
            .map(|(thread, site)| (*thread, symbols.line(site, &[]))),
    }
}

/// One step in words; none where it is of no interest to the reader: a library's own counters.
fn step(
    number: usize,
    event: &Event,
    names: &HashMap<u64, String>,
    pointers: &mut Pointers,
    symbols: &mut Symbols,
) -> Option<Step> {
    let own = symbols.lines(&event.site).into_iter().next();
    if own.is_none() && matches!(event.site, Site::Line(..)) {
        return None;
    }
    let line = own
        .clone()
        .or_else(|| symbols.line(&event.site, &event.stack));
    let object = names.get(&event.object).cloned();
    // Atomic operations without a name of their own are the counters of `Arc` and the like.
    if event.order.is_some() && object.is_none() && event.operation != "fence" {
        return None;
    }
    if event.operation == "fence"
        && own
            .as_ref()
            .and_then(|l| symbols.text(l))
            .is_none_or(|t| !t.contains("fence"))
    {
        return None;
    }
    let order = event.order.map(|o| {
        [
            "relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst",
        ][(o as usize).min(5)]
        .to_owned()
    });
    let mut text = event.operation.clone();
    if let Some(object) = &object {
        // The ends of a channel are often named as what they do.
        let name = match event.operation.as_str() {
            "send" | "receive" | "waits for a message" => format!(" `{object}`"),
            _ => format!(" {object}"),
        };
        text += &name;
    }
    match event.operation.as_str() {
        "spawn" | "join" | "unpark" => {
            text += &event.value.map_or(String::new(), |t| format!(" T{t}"))
        }
        "notify_one" | "notify_all" => {
            text += &event
                .value
                .map_or(String::new(), |n| format!(" (wakes {n})"))
        }
        _ => {
            if let Some(value) = event.value {
                match event.old {
                    Some(old) if old != value => {
                        text += &format!(" {} → {}", pointers.shown(old), pointers.shown(value))
                    }
                    _ => text += &format!(" = {}", pointers.shown(value)),
                }
            }
        }
    }
    if let Some(order) = &order {
        text += &format!(" ({order})");
    }
    if event.stale {
        text += if event.operation == "store" {
            " (before others in modification order)"
        } else {
            " STALE"
        };
    }
    Some(Step {
        step: number,
        thread: event.thread,
        text,
        operation: event.operation.clone(),
        object,
        value: event.value,
        order,
        stale: event.stale,
        line,
    })
}
