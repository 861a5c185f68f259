//! Draws a verdict as a page that needs nothing else, readable in light and dark themes.

use crate::show::{Texts, explanation};
use crate::speedup::{Judgement, Speedup, picture};
use crate::verdict::{Finding, Line, Outcome, Verdict};
use std::fmt::Write;

/// Of a part of a page: colours that can be read on light and on dark ground.
const STYLE: &str = "
.tandem { line-height: 1.45; }
.tandem code, .tandem table { font-family: ui-monospace, monospace; font-size: .93em; background: none; }
.tandem h2 { font-size: 1.1em; margin: 0 0 .4em; white-space: pre-line; line-height: 1.35; }
.tandem .fail, .tandem .stale { color: #d9453d; } .tandem .pass { color: #2a9d5c; }
.tandem .stale { font-weight: 600; }
.tandem .scroll { overflow-x: auto; }
.tandem table { border-collapse: collapse; margin: .8em 0; }
.tandem caption { text-align: left; opacity: .75; }
.tandem th, .tandem td { text-align: left !important; padding: .1em .9em .1em .4em; vertical-align: top; }
.tandem .steps td { min-width: 8em; max-width: 17em; overflow-wrap: break-word; }
.tandem td.n { min-width: 0 !important; } .tandem td.at { white-space: nowrap; max-width: none !important; }
.tandem tr:nth-child(even) td { background: rgba(127, 127, 127, .13); }
.tandem td.n, .tandem td.at { opacity: .7; }
";

/// Of a page of its own.
pub(crate) const PAGE: &str = "
body { font: 14px system-ui, sans-serif; margin: 1.5em; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; } summary { cursor: pointer; font-family: ui-monospace, monospace; }
details { margin: 1em 0; } pre { overflow-x: auto; }
.source b { display: inline-block; min-width: 100%; font-weight: inherit; background: rgba(217, 69, 61, .2); }
.source i { font-style: normal; opacity: .5; user-select: none; }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #1b1b1b; } }
";

/// The whole page.
pub fn page(verdict: &Verdict, texts: &Texts, title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{PAGE}</style></head>\
         <body><h1>{0}</h1>{1}{2}</body></html>\n",
        escape(title),
        fragment(verdict, texts),
        sources(verdict, texts)
    )
}

/// The sources that the verdict is about, those first that its findings point at; these lines are
/// marked.
fn sources(verdict: &Verdict, texts: &Texts) -> String {
    let of_parts = |finding: &'_ Finding| -> Vec<Line> {
        let stacks = finding
            .parts
            .iter()
            .flat_map(|p| p.line.iter().chain(&p.stack));
        stacks.cloned().collect()
    };
    let of_causes = verdict.speed.iter().flat_map(|s| &s.causes);
    let lines = verdict.findings.iter().flat_map(of_parts);
    let lines: Vec<Line> = lines
        .chain(of_causes.flat_map(|c| c.lines.clone()))
        .collect();
    let marked = |file: &str, number: usize| {
        lines
            .iter()
            .any(|l| l.file == file && l.line as usize == number)
    };
    let check = |file: &str| file.ends_with("/check.rs");
    let mut files: Vec<&String> = texts.keys().collect();
    files.sort_by_key(|file| (check(file), (*file).clone()));
    let mut html = String::new();
    for file in files {
        let open = if check(file) { "" } else { " open" };
        let _ = write!(
            html,
            "<details{open}><summary>{}</summary><pre class=\"source\">",
            escape(file)
        );
        for (number, line) in (1..).zip(texts[file].lines()) {
            let line = escape(&crate::show::clean(line));
            let _ = match marked(file, number) {
                true => writeln!(html, "<b><i>{number:4}</i>  {line}</b>"),
                false => writeln!(html, "<i>{number:4}</i>  {line}"),
            };
        }
        html += "</pre></details>";
    }
    html
}

/// A page with a speedup.
pub fn speedup_page(speedup: &Speedup) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Speedup</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{PAGE}{STYLE}</style></head>\
         <body><div class=\"tandem\">{}</div></body></html>\n",
        self::speedup(speedup)
    )
}

/// A speedup, as a part of a page.
pub fn speedup(speedup: &Speedup) -> String {
    let class = match speedup.judgement {
        Judgement::Pass => "pass",
        Judgement::Undecided => "",
        _ => "fail",
    };
    let mut html = format!(
        "<section><h2>Speed: <span class=\"{class}\">{}</span></h2>",
        escape(&speedup.message)
    );
    if speedup.curve.is_empty() {
        return html + "</section>";
    }
    if !speedup.causes.is_empty() {
        html += "<ul>";
        for cause in &speedup.causes {
            let lines: Vec<String> = cause
                .lines
                .iter()
                .map(|l| format!(" <code>{}</code>", escape(&l.to_string())))
                .collect();
            let _ = write!(
                html,
                "<li><b>{}</b>: {}{}</li>",
                cause.kind,
                escape(&cause.message),
                lines.join(",")
            );
        }
        html += "</ul>";
    }
    let _ = write!(
        html,
        "<figure>{}<figcaption>Speedup over cores; dashed: as many times as fast as there are cores.</figcaption></figure>\
         <figure>{}<figcaption>What each thread did, on {} simulated cores.</figcaption></figure><p>{}</p></section>",
        picture::curve(speedup),
        picture::threads(speedup),
        speedup.cores,
        escape(&crate::speedup::show::footnote(speedup))
    );
    html
}

/// A part of a page, with its style.
pub fn fragment(verdict: &Verdict, texts: &Texts) -> String {
    let mut html = format!("<style>{STYLE}</style><div class=\"tandem\">");
    for finding in &verdict.findings {
        html += &self::finding(finding, texts);
    }
    let _ = match verdict.verdict {
        Outcome::Pass => write!(
            html,
            "<p><b class=\"pass\">nothing found</b>: {}</p>",
            escape(&verdict.explored())
        ),
        Outcome::Fail if verdict.findings.iter().all(|f| f.real_threads) => {
            write!(html, "<p>{}</p>", escape(&verdict.explored()))
        }
        Outcome::Fail => write!(html, "<p>found {}</p>", verdict.after()),
        Outcome::Refused => write!(
            html,
            "<h2 class=\"fail\">not explored</h2><pre>{}</pre>",
            escape(&plain(&verdict.message))
        ),
        Outcome::Error => write!(
            html,
            "<h2 class=\"fail\">the exploration failed</h2><pre>{}</pre>",
            escape(&plain(&verdict.message))
        ),
    };
    for note in &verdict.notes {
        let _ = write!(html, "<p><b>note</b>: {}</p>", escape(note));
    }
    if let Some(threads) = &verdict.threads {
        let _ = write!(html, "<p>{}</p>", escape(&threads.message));
    }
    if let Some(speed) = &verdict.speed {
        html += &self::speedup(speed);
    }
    for advice in &verdict.advice {
        let _ = write!(html, "<p><b>advice</b>: {}</p>", escape(advice));
    }
    html + "</div>"
}

fn finding(finding: &Finding, texts: &Texts) -> String {
    let mut html = format!(
        "<section><h2><span class=\"fail\">{}</span>: {}</h2><ul>",
        finding.kind.words(),
        escape(&finding.message)
    );
    for part in &finding.parts {
        let object = part
            .object
            .as_ref()
            .map_or(String::new(), |o| format!(" <code>{}</code>", escape(o)));
        let line = part.line.as_ref().map_or(String::new(), |l| {
            format!(" at <code>{}</code>", escape(&l.to_string()))
        });
        let held = part
            .held_by
            .as_ref()
            .map_or(String::new(), |(thread, since)| {
                let since = since.as_ref().map_or(String::new(), |l| {
                    format!(" since <code>{}</code>", escape(&l.to_string()))
                });
                format!(", which T{thread} {}{since}", part.holds())
            });
        let code = part.line.as_ref().and_then(|l| {
            texts
                .get(&l.file)?
                .lines()
                .nth(l.line.checked_sub(1)? as usize)
        });
        let code = code.map_or(String::new(), |c| {
            format!("<br><code>{}</code>", escape(c.trim()))
        });
        let _ = write!(
            html,
            "<li>T{} {}{object}{line}{held}{code}</li>",
            part.thread,
            escape(&part.what)
        );
    }
    html += "</ul>";
    if let Some(why) = explanation(finding) {
        let _ = write!(html, "<p>{}</p>", escape(&why));
    }
    let mut threads: Vec<usize> = finding.events.iter().map(|s| s.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    if !threads.is_empty() {
        html += "<div class=\"scroll\"><table class=\"steps\"><caption>The steps of the failing execution, one column a thread</caption><tr><th>step</th>";
        for &thread in &threads {
            let name = finding
                .threads
                .get(thread)
                .cloned()
                .unwrap_or_else(|| format!("T{thread}"));
            let _ = write!(html, "<th scope=\"col\">{}</th>", escape(&name));
        }
        html += "<th>line</th></tr>";
        let steps = crate::show::shown(&finding.events);
        for (step, place) in steps.iter().zip(crate::show::places(steps)) {
            let _ = write!(html, "<tr><td class=\"n\">{}</td>", step.step);
            for &thread in &threads {
                if thread == step.thread {
                    let class = if step.stale { " class=\"stale\"" } else { "" };
                    // The rest of a long message stands above.
                    let text = step.text.lines().next().unwrap_or_default();
                    let _ = write!(html, "<td{class}>{}</td>", escape(text));
                } else {
                    html += "<td></td>";
                }
            }
            let _ = write!(html, "<td class=\"at\">{}</td></tr>", escape(&place));
        }
        html += "</table></div>";
    }
    html + "</section>"
}

/// Text without the compiler's colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
