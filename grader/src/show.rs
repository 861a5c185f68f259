//! Draws a verdict for a terminal: short, with one column for each thread.

use crate::verdict::{Finding, Line, Outcome, Part, Step, Verdict};
use anstyle::{AnsiColor, Style};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// Colours, by thread.
const COLORS: [AnsiColor; 5] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Magenta,
    AnsiColor::Green,
    AnsiColor::Blue,
];

/// The sources' texts, by the name they were given under: to quote lines.
pub type Texts = HashMap<String, String>;

/// The verdict as text with colours; the writer decides whether they are shown.
pub fn verdict(verdict: &Verdict, texts: &Texts, width: usize) -> String {
    let mut text = String::new();
    if verdict.verdict == Outcome::Pass || verdict.verdict == Outcome::Fail {
        text += &verdict.message;
    }
    for finding in &verdict.findings {
        text += &self::finding(finding, texts, width);
    }
    for note in &verdict.notes {
        let _ = writeln!(
            text,
            "{}note:{} {note}",
            bold(AnsiColor::Yellow).render(),
            Style::new().render_reset()
        );
    }
    let reset = Style::new().render_reset();
    let found_nothing = verdict.findings.iter().all(|f| f.real_threads);
    let _ = match verdict.verdict {
        Outcome::Pass => writeln!(
            text,
            "{}nothing found{reset}: {} ({:.2} s)",
            bold(AnsiColor::Green).render(),
            verdict.explored(),
            verdict.seconds
        ),
        Outcome::Fail if found_nothing => writeln!(
            text,
            "nothing is wrong under any schedule that was run: {} ({:.2} s)",
            verdict.explored(),
            verdict.seconds
        ),
        Outcome::Fail => writeln!(text, "found {} ({:.2} s)", verdict.after(), verdict.seconds),
        Outcome::Refused => writeln!(
            text,
            "{}not explored{reset}\n{}",
            bold(AnsiColor::Red).render(),
            verdict.message
        ),
        Outcome::Error => writeln!(
            text,
            "{}the exploration failed{reset}: {}",
            bold(AnsiColor::Red).render(),
            verdict.message
        ),
    };
    if let Some(threads) = &verdict.threads {
        let _ = writeln!(text, "{}", clean(&threads.message));
    }
    if let Some(speed) = &verdict.speed {
        text += &crate::speedup::show::text(speed);
    }
    for advice in &verdict.advice {
        let _ = writeln!(
            text,
            "{}advice:{} {advice}",
            bold(AnsiColor::Cyan).render(),
            Style::new().render_reset()
        );
    }
    text
}

/// A text that a submission may have written, without what would steer a terminal: no submission can
/// erase its verdict, or paint another one.
pub fn clean(text: &str) -> String {
    let steers = |c: char| {
        let control = c.is_control() && c != '\n' && c != '\t';
        // Marks that turn the direction of writing round.
        control || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(steers, "\u{fffd}")
}

/// The verdict as text without colours.
pub fn plain(verdict: &Verdict, texts: &Texts, width: usize) -> String {
    anstream::adapter::strip_str(&self::verdict(verdict, texts, width)).to_string()
}

/// One finding.
pub fn finding(finding: &Finding, texts: &Texts, width: usize) -> String {
    let reset = Style::new().render_reset();
    let mut text = String::new();
    let check = finding
        .check
        .as_ref()
        .map_or(String::new(), |c| format!(" in {c}"));
    let _ = writeln!(
        text,
        "{}{}{check}{reset}: {}",
        bold(AnsiColor::Red).render(),
        finding.kind.words(),
        clean(finding.message.trim_end()).replace('\n', "\n    ")
    );
    for part in &finding.parts {
        text += &self::part(part, texts);
    }
    if let Some(why) = explanation(finding) {
        let _ = writeln!(text, "  {why}");
    }
    if !finding.events.is_empty() {
        text.push('\n');
        text += &columns(finding, width);
    }
    if !finding.printed.trim().is_empty() {
        let _ = writeln!(
            text,
            "\nThe program printed:\n    {}",
            clean(finding.printed.trim_end()).replace('\n', "\n    ")
        );
    }
    if let Some(replay) = &finding.replay {
        let name = crate::replay::short(replay);
        let _ = writeln!(text, "\nThe same again: tandem-grader replay {name}");
    }
    text
}

/// What the kind of finding means, for somebody who sees it for the first time.
pub fn explanation(finding: &Finding) -> Option<String> {
    use reports::exploration::Kind;
    let text = match finding.kind {
        Kind::DataRace => {
            "Nothing orders the two: no lock held at both, no join, no release store that an acquire load of the other \
             thread has read. Either may come first, and the compiler may assume that it never happens."
        }
        Kind::LostWakeUp => {
            "A notification is not kept: it wakes who waits at that moment. Check the condition under the lock before waiting, and change it under the same lock."
        }
        Kind::Deadlock => "No thread can go on, so the program stands still for ever.",
        Kind::Livelock => "The threads are busy, but none comes to an end.",
        Kind::LeakedThread => "Nobody joined it, and nothing will wake it.",
        Kind::LockHeld => "Its guard was leaked, so nobody can ever take it again.",
        Kind::UseAfterFree => {
            "In another order this reads or writes what the allocator has given to somebody else."
        }
        Kind::Starvation => "Nothing makes sure that it ever has its turn.",
        _ => "",
    };
    let happened = |operation: &str| finding.events.iter().any(|e| e.operation == operation);
    let mut texts = vec![text];
    if finding.kind == Kind::Panic && finding.events.iter().any(|e| e.stale) {
        texts.push(
            "STALE marks a load that returned an older value although a newer one was written: a load may, where \
             nothing orders it after the newer store. An acquire load that reads a release store sees everything \
             before that store.",
        );
    }
    if happened("spurious wake-up") {
        texts.push(
            "A wait may end without a notification, as one does here (spurious wake-up): what was waited for must be \
             checked again, in a loop.",
        );
    }
    if happened("time is up") {
        texts.push("A wait with a time limit may be over at any moment, as one is here: no time is long enough.");
    }
    texts.retain(|text| !text.is_empty());
    (!texts.is_empty()).then(|| texts.join("\n  "))
}

fn part(part: &Part, texts: &Texts) -> String {
    let mut text = format!("  T{} {}", part.thread, part.what);
    if let Some(object) = &part.object {
        let _ = write!(text, " `{object}`");
    }
    if let Some(line) = &part.line {
        let _ = write!(text, " at {line}");
    }
    if let Some((holder, since)) = &part.held_by {
        let _ = write!(text, ", which T{holder} {}", part.holds());
        if let Some(since) = since {
            let _ = write!(text, " since {since}");
        }
    }
    text.push('\n');
    if let Some(code) = part.line.as_ref().and_then(|line| quote(line, texts)) {
        let _ = writeln!(text, "      {code}");
    }
    for line in part.stack.iter().skip(1).take(5) {
        let function = line
            .function
            .as_ref()
            .map_or(String::new(), |f| format!(" in {f}"));
        let _ = writeln!(text, "      called from {line}{function}");
    }
    text
}

fn quote(line: &Line, texts: &Texts) -> Option<String> {
    let text = texts
        .get(&line.file)?
        .lines()
        .nth(line.line.checked_sub(1)? as usize)?
        .trim();
    Some(clean(text).chars().take(100).collect())
}

/// The steps shown: all where they are few, otherwise the last ones.
pub fn shown(events: &[Step]) -> &[Step] {
    const MOST: usize = 60;
    &events[events.len().saturating_sub(MOST)..]
}

/// The narrowest column of a thread.
const NARROWEST: usize = 12;

fn columns(finding: &Finding, width: usize) -> String {
    let steps = shown(&finding.events);
    let mut threads: Vec<usize> = steps.iter().map(|s| s.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    let places = places(steps);
    let widest_place = places.iter().map(|p| p.chars().count()).max().unwrap_or(0);
    let widest = |thread: usize| {
        steps
            .iter()
            .filter(|s| s.thread == thread)
            .map(|s| s.text.chars().count() + 2)
            .max()
            .unwrap_or(0)
    };
    let wanted: Vec<usize> = threads
        .iter()
        .map(|&t| widest(t).max(heading(finding, t).chars().count() + 2))
        .collect();
    // What the number of the step and the place leave; the widest columns give way.
    let room = width.saturating_sub(9 + widest_place);
    let with_most = |most: usize| wanted.iter().map(move |&w| w.min(most));
    let most = (NARROWEST..=wanted.iter().copied().max().unwrap_or(0))
        .rev()
        .find(|&most| with_most(most).sum::<usize>() <= room)
        .unwrap_or(NARROWEST);
    let widths: Vec<usize> = with_most(most).collect();
    let reset = Style::new().render_reset();
    let mut text = String::from("  step  ");
    for (index, &thread) in threads.iter().enumerate() {
        let name = cut(&heading(finding, thread), widths[index] - 1);
        let _ = write!(
            text,
            "{}{:w$}{reset}",
            bold(color(thread)).render(),
            name,
            w = widths[index]
        );
    }
    text.push('\n');
    if steps.len() < finding.events.len() {
        let _ = writeln!(
            text,
            "        … {} earlier steps",
            finding.events.len() - steps.len()
        );
    }
    let total: usize = widths.iter().sum();
    for (step, place) in steps.iter().zip(places) {
        let index = threads.iter().position(|&t| t == step.thread).unwrap_or(0);
        let before: usize = widths[..index].iter().sum();
        // A long step may run over the columns to its right.
        let column = (total - before).saturating_sub(1);
        let shown = step.text.lines().next().map(clean).unwrap_or_default();
        let shown = cut(&shown, column);
        let _ = writeln!(
            text,
            "  {:4}  {:before$}{}{shown:column$}{reset} {place}",
            step.step,
            "",
            color(step.thread).on_default().render(),
        );
    }
    text
}

/// Where each step stands: the last parts of the files' names, as many as tell them apart.
pub fn places(steps: &[Step]) -> Vec<String> {
    let last = |file: &str, parts: usize| {
        let mut names: Vec<&str> = file.rsplit('/').take(parts).collect();
        names.reverse();
        names.join("/")
    };
    let mut files: Vec<&str> = steps
        .iter()
        .filter_map(|s| Some(s.line.as_ref()?.file.as_str()))
        .collect();
    files.sort_unstable();
    files.dedup();
    let distinct = |parts: usize| {
        let names: HashSet<String> = files.iter().map(|f| last(f, parts)).collect();
        names.len() == files.len()
    };
    let longest = files
        .iter()
        .map(|f| f.split('/').count())
        .max()
        .unwrap_or(1);
    let parts = (1..longest)
        .find(|&parts| distinct(parts))
        .unwrap_or(longest);
    let place = |step: &Step| match &step.line {
        Some(line) => format!("{}:{}", last(&line.file, parts), line.line),
        None => String::new(),
    };
    steps.iter().map(place).collect()
}

/// A text that fits into `width`; where it is cut, that can be seen.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width - 1).collect();
    short.push('…');
    short
}

fn heading(finding: &Finding, thread: usize) -> String {
    finding
        .threads
        .get(thread)
        .map(|name| clean(name))
        .unwrap_or_else(|| format!("T{thread}"))
}

fn color(thread: usize) -> AnsiColor {
    COLORS[thread % COLORS.len()]
}

fn bold(color: AnsiColor) -> Style {
    color.on_default().bold()
}
