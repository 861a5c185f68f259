//! The picture: all lanes under one time axis, a row for each thread, coloured by core.
//!
//! The colours of the cores are after Okabe and Ito, which colour-blind readers can tell
//! apart, and a stretch that is long enough carries the number of its core. Everything else
//! takes the colour of the text around it, so that the picture is legible in light and dark
//! themes; standing alone it brings its own background.

use crate::conclusion;
use crate::figures::{Comparison, LaneFigures};
use crate::recording::{Lane, Left, Recording};
use crate::rows::{Column, Row, columns, rows};
use crate::text::folded;
use crate::words::{duration, escape, percent, shortened};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 124.0;
const RIGHT: f64 = 16.0;
const MARGIN: f64 = 8.0;
const TITLE: f64 = 32.0;
const LANE: f64 = 24.0;
const ROW: f64 = 22.0;
const BAR: f64 = 14.0;
const GAP: f64 = 10.0;
/// Columns of a row: two for each unit of the picture.
const COLUMNS: usize = ((WIDTH - LEFT - RIGHT) * 2.0) as usize;
/// How pale a column is says which share of it was on a core, in this many steps.
const STEPS: f64 = 5.0;
const COLOURS: [&str; 8] = [
    "#4a90d9", "#e69f00", "#2aa880", "#cc79a7", "#d9642b", "#7fc4f0", "#9a8be0", "#b5b02a",
];

/// Where the picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Inside of a page, whose colours it takes.
    Page,
    /// A file of its own.
    Alone,
}

/// The picture of a comparison.
pub fn svg(comparison: &Comparison, place: Place) -> String {
    let mut picture = Picture {
        out: String::new(),
        y: TITLE,
        scale: (WIDTH - LEFT - RIGHT) / comparison.longest() as f64,
        longest: comparison.longest(),
        colours: colours(comparison),
        preempted: false,
        gil: false,
    };
    for (lane, run, figures) in comparison.shown() {
        picture.lane(lane, run, figures);
    }
    let bottom = picture.y;
    picture.axis(bottom);
    picture.legend();
    frame(comparison, place, picture.y + MARGIN, &picture.out)
}

/// Every core that is used gets a colour, in the order of the numbers.
fn colours(comparison: &Comparison) -> BTreeMap<u32, &'static str> {
    let cores: BTreeSet<u32> = comparison
        .shown()
        .flat_map(|(_, run, _)| &run.threads)
        .flat_map(|thread| &thread.intervals)
        .map(|interval| interval.core)
        .collect();
    cores.into_iter().zip(COLOURS.into_iter().cycle()).collect()
}

fn frame(comparison: &Comparison, place: Place, height: f64, content: &str) -> String {
    let title = escape(comparison.title);
    let description = escape(&format!(
        "One row for each thread, on a time axis of {}. {}",
        duration(comparison.longest()),
        conclusion::sentence(comparison)
    ));
    // Left of the margin nothing is drawn.
    let size = format!("viewBox=\"-{MARGIN} 0 {} {height:.0}\"", WIDTH + MARGIN);
    let colour = match place {
        Place::Page => {
            "width=\"100%\" style=\"max-width:760px;height:auto;color:var(--jp-content-font-color1,\
             var(--vscode-editor-foreground,CanvasText))\""
        }
        Place::Alone => "width=\"760\"",
    };
    let own = match place {
        Place::Page => String::new(),
        Place::Alone => format!(
            "<style>svg{{color:#1f2328}}.page{{fill:#fff}}@media(prefers-color-scheme:dark)\
             {{svg{{color:#e6edf3}}.page{{fill:#0d1117}}}}</style>\
             <rect class=\"page\" x=\"-{MARGIN}\" width=\"{}\" height=\"{height:.0}\"/>",
            WIDTH + MARGIN
        ),
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" {size} {colour} role=\"img\" \
         aria-label=\"{title}. {description}\" fill=\"currentColor\" \
         font-family=\"system-ui,-apple-system,'Segoe UI',sans-serif\" font-size=\"12\">\
         <title>{title}</title><desc>{description}</desc>{own}\
         <text y=\"18\" font-size=\"15\" font-weight=\"600\">{}</text>{content}</svg>",
        escape(&shortened(comparison.title, 84))
    )
}

struct Picture {
    out: String,
    y: f64,
    scale: f64,
    longest: u64,
    colours: BTreeMap<u32, &'static str>,
    preempted: bool,
    gil: bool,
}

impl Picture {
    fn x(&self, time: u64) -> f64 {
        LEFT + time as f64 * self.scale
    }

    fn lane(&mut self, lane: &Lane, run: &Recording, figures: &LaneFigures) {
        let summary = summary(figures);
        let room = (WIDTH - RIGHT) / 7.0 - summary.chars().count() as f64;
        let label = escape(&shortened(&lane.label, room.max(12.0) as usize));
        let _ = write!(
            self.out,
            "<text y=\"{0:.1}\" font-size=\"13\" font-weight=\"600\">{label}</text>\
             <text x=\"{1}\" y=\"{0:.1}\" text-anchor=\"end\" opacity=\".85\">{2}</text>",
            self.y + 16.0,
            WIDTH - RIGHT,
            escape(&summary)
        );
        self.y += LANE;
        let rows = rows(run);
        // As long as the run, so that its end can be seen.
        let _ = write!(
            self.out,
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill-opacity=\".06\"/>",
            self.y - 1.0,
            run.wall as f64 * self.scale,
            rows.rows.len().max(1) as f64 * ROW
        );
        for row in &rows.rows {
            self.row(row, run);
            self.y += ROW;
        }
        if rows.rows.is_empty() {
            self.note("no thread was on a core long enough to be seen");
        }
        if rows.folded > 0 && !rows.rows.is_empty() {
            self.note(&folded(rows.folded, rows.folded_cpu));
        }
        self.y += GAP;
    }

    fn note(&mut self, text: &str) {
        let _ = write!(
            self.out,
            "<text x=\"{LEFT}\" y=\"{:.1}\" font-size=\"11\" opacity=\".8\">{}</text>",
            self.y + 13.0,
            escape(text)
        );
        self.y += ROW;
    }

    fn row(&mut self, row: &Row, run: &Recording) {
        let thread = row.thread;
        let (y, middle) = (self.y + 2.0, self.y + 2.0 + BAR / 2.0);
        let _ = write!(
            self.out,
            "<g><title>{}: on a core for {} of {}, in {} stretches</title>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" opacity=\".9\">{}</text>\
             <path d=\"M{:.1} {middle:.1}H{:.1}\" stroke=\"currentColor\" stroke-opacity=\".4\"/>",
            escape(&row.name),
            duration(thread.cpu()),
            duration(thread.died - thread.born),
            thread.intervals.len(),
            LEFT - 8.0,
            y + 11.0,
            escape(&shortened(&row.name, 18)),
            self.x(thread.born),
            self.x(thread.died)
        );
        self.waits(row, middle);
        self.bars(&columns(&thread.intervals, self.longest, COLUMNS), y);
        let marks = run.gil.iter().flatten();
        let mut path = String::new();
        for mark in marks.filter(|mark| mark.tid == thread.tid) {
            let length = ((mark.end - mark.start) as f64 * self.scale).max(0.5);
            let _ = write!(
                path,
                "M{:.1} {:.1}h{length:.1}",
                self.x(mark.start),
                y + BAR + 2.5
            );
        }
        if !path.is_empty() {
            self.gil = true;
            let _ = write!(
                self.out,
                "<path d=\"{path}\" stroke=\"currentColor\" stroke-width=\"3\"/>"
            );
        }
        self.out.push_str("</g>");
    }

    /// Where the thread could have run and was given no core; the rest of its line is waiting
    /// for something.
    fn waits(&mut self, row: &Row, middle: f64) {
        let mut path = String::new();
        for pair in row.thread.intervals.windows(2) {
            let length = pair[1].start.saturating_sub(pair[0].end) as f64 * self.scale;
            if pair[0].left == Left::Preempted && length >= 0.5 {
                let _ = write!(path, "M{:.1} {middle:.1}h{length:.1}", self.x(pair[0].end));
            }
        }
        if !path.is_empty() {
            self.preempted = true;
            let _ = write!(
                self.out,
                "<path d=\"{path}\" stroke=\"currentColor\" stroke-width=\"5\" stroke-opacity=\".35\"/>"
            );
        }
    }

    /// The times on a core. Neighbours that look the same are one shape, and shapes of one
    /// colour are one path.
    fn bars(&mut self, columns: &[Column], y: f64) {
        let looks = |column: &Column| (column.core, (column.share * STEPS).round() as u32);
        let mut paths: BTreeMap<(u32, u32), String> = BTreeMap::new();
        let mut numbers = String::new();
        let mut from = 0;
        for same in columns.chunk_by(|a, b| looks(a) == looks(b)) {
            let (core, mut step) = looks(&same[0]);
            // However short: what was there is seen.
            if step == 0 && same[0].share > 0.0 {
                step = 1;
            }
            let (x, width) = (LEFT + from as f64 / 2.0, same.len() as f64 / 2.0);
            if step > 0 {
                let path = paths.entry((core, step)).or_default();
                let _ = write!(path, "M{x} {y:.1}h{width}v{BAR}h-{width}z");
            }
            if f64::from(step) == STEPS && width >= 18.0 {
                let _ = write!(
                    numbers,
                    "<text x=\"{:.1}\" y=\"{:.1}\">{core}</text>",
                    x + width / 2.0,
                    y + 10.5
                );
            }
            from += same.len();
        }
        for ((core, step), path) in paths {
            let (colour, opacity) = (self.colour(core), f64::from(step) / STEPS);
            let _ = write!(
                self.out,
                "<path d=\"{path}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"
            );
        }
        if !numbers.is_empty() {
            let _ = write!(
                self.out,
                "<g fill=\"#111\" font-size=\"10\" text-anchor=\"middle\">{numbers}</g>"
            );
        }
    }

    fn colour(&self, core: u32) -> &'static str {
        self.colours.get(&core).copied().unwrap_or(COLOURS[0])
    }

    fn axis(&mut self, bottom: f64) {
        let step = step(self.longest);
        let mut at = 0;
        while at <= self.longest {
            let x = self.x(at);
            let label = match at {
                0 => "0".to_owned(),
                _ => duration(at),
            };
            let _ = write!(
                self.out,
                "<path d=\"M{x:.1} {TITLE}V{:.1}\" stroke=\"currentColor\" stroke-opacity=\".15\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"11\" opacity=\".85\">{label}</text>",
                bottom,
                bottom + 14.0
            );
            at += step;
        }
        self.y = bottom + 22.0;
    }

    fn legend(&mut self) {
        let mut entries: Vec<(String, String)> = self
            .colours
            .iter()
            .map(|(core, colour)| {
                let sign = format!("<rect width=\"14\" height=\"11\" fill=\"{colour}\"/>");
                (sign, format!("on core {core}"))
            })
            .collect();
        let line = |y: f64, width: f64, opacity: f64| {
            format!(
                "<path d=\"M0 {y}h14\" stroke=\"currentColor\" stroke-width=\"{width}\" stroke-opacity=\"{opacity}\"/>"
            )
        };
        entries.push((line(5.5, 1.0, 0.6), "waits".to_owned()));
        if self.preempted {
            entries.push((line(5.5, 5.0, 0.35), "could run, has no core".to_owned()));
        }
        if self.gil {
            entries.push((line(9.0, 3.0, 1.0), "holds the GIL".to_owned()));
        }
        entries.push((String::new(), "paler: for part of that time".to_owned()));
        let mut x = LEFT;
        for (sign, text) in entries {
            let width = 34.0 + text.chars().count() as f64 * 6.3;
            if x + width > WIDTH && x > LEFT {
                x = LEFT;
                self.y += 18.0;
            }
            let indent = if sign.is_empty() { 0 } else { 20 };
            let _ = write!(
                self.out,
                "<g transform=\"translate({x:.1} {:.1})\" font-size=\"11\">{sign}\
                 <text x=\"{indent}\" y=\"10\">{text}</text></g>",
                self.y + 4.0
            );
            x += width;
        }
        self.y += 18.0;
    }
}

/// What stands beside the title of a lane.
fn summary(figures: &LaneFigures) -> String {
    let run = &figures.run;
    let mut text = duration(run.wall);
    if run.threads > 1 {
        let _ = write!(
            text,
            " · two or more at once: {}",
            percent(run.together_share())
        );
    }
    if figures.disturbed() {
        text.push_str(" · disturbed");
    }
    text
}

/// A round step that gives four to eight marks.
fn step(longest: u64) -> u64 {
    let rough = (longest / 7).max(1);
    let power = 10u64.pow(rough.ilog10());
    let factor = [1, 2, 5, 10]
        .into_iter()
        .find(|factor| factor * power >= rough);
    factor.unwrap_or(10) * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{lane, recording, thread, turns_and_together};
    use crate::recording::GilInterval;

    fn draw(lanes: &[Lane], place: Place) -> String {
        svg(&Comparison::new("A <title> & more", lanes, 0), place)
    }

    #[test]
    fn the_picture_is_well_formed_and_says_in_words_what_it_shows() {
        let mut lanes = turns_and_together();
        lanes[0].label = "<script>\u{7}".into();
        for place in [Place::Page, Place::Alone] {
            let text = draw(&lanes, place);
            let document = roxmltree::Document::parse(&text).unwrap();
            let root = document.root_element();
            assert_eq!(root.attribute("role"), Some("img"));
            let said = |name: &str| {
                let found = root.children().find(|node| node.has_tag_name(name));
                found.and_then(|node| node.text()).unwrap().to_owned()
            };
            assert_eq!(said("title"), "A <title> & more");
            assert!(said("desc").contains("for 0 % of the run"), "{text}");
        }
    }

    #[test]
    fn alone_it_has_a_background_for_both_themes_and_in_a_page_the_pages_colours() {
        let lanes = turns_and_together();
        let alone = draw(&lanes, Place::Alone);
        assert!(alone.contains("prefers-color-scheme:dark") && alone.contains("class=\"page\""));
        let page = draw(&lanes, Place::Page);
        assert!(page.contains("--jp-content-font-color1") && !page.contains("<style>"));
    }

    #[test]
    fn very_many_switches_make_no_very_large_picture() {
        let stretches: Vec<_> = (0..200_000).map(|i| (i * 100, i * 100 + 50, 0)).collect();
        let mut lanes = [lane("a", &[])];
        lanes[0].runs = vec![recording(vec![thread(1, &stretches)])];
        let text = draw(&lanes, Place::Alone);
        assert!(text.len() < 20_000, "{}", text.len());
    }

    #[test]
    fn marks_of_the_lock_are_drawn_where_they_are_known() {
        let mut lanes = turns_and_together();
        assert!(!draw(&lanes, Place::Page).contains("holds the GIL"));
        let (tid, start, end) = (2, 0, 5_000_000);
        lanes[0].runs[0].set_gil(&[GilInterval { tid, start, end }]);
        assert!(draw(&lanes, Place::Page).contains("holds the GIL"));
    }

    #[test]
    fn being_pushed_off_a_core_looks_different_from_waiting() {
        let mut lanes = turns_and_together();
        assert!(!draw(&lanes, Place::Page).contains("has no core"));
        lanes[0].runs[0].threads[0].intervals[0].left = Left::Preempted;
        assert!(draw(&lanes, Place::Page).contains("has no core"));
    }

    #[test]
    fn nothing_at_all_can_be_drawn() {
        for lanes in [&[][..], &[lane("a", &[0])], &[lane("a", &[1])]] {
            roxmltree::Document::parse(&draw(lanes, Place::Alone)).unwrap();
        }
    }

    #[test]
    fn the_axis_has_some_marks_and_not_too_many() {
        for longest in [1, 7, 999, 123_456_789, 5_000_000_000, u64::MAX / 20] {
            assert!((1..=8).contains(&(longest / step(longest))), "{longest}");
        }
    }
}
