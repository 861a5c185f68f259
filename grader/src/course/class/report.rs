//! The results of a class as a page and as a table for other programs.

use super::{Results, Row};
use crate::html::{PAGE, escape};
use crate::verdict::Outcome;
use std::fmt::Write;

const STYLE: &str = "
table { border-collapse: collapse; } th, td { text-align: left; padding: .25em .9em .25em .3em; }
td.n, th.n { text-align: right; } tr:nth-child(even) td { background: rgba(127, 127, 127, .13); }
.pass { color: #2a9d5c; } .fail, .refused, .error { color: #d9453d; } .bar { height: .5em; display: flex; max-width: 40em; }
.scroll { overflow-x: auto; } .bar span { min-width: 1px; } a { color: inherit; }
";

/// A verdict in a word.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::Refused => "refused",
        Outcome::Error => "error",
    }
}

/// How many have each verdict, in the order of their severity.
pub fn counts(rows: &[Row]) -> [(Outcome, usize); 4] {
    [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::Refused,
        Outcome::Error,
    ]
    .map(|outcome| {
        let of = rows.iter().filter(|row| row.verdict == outcome);
        (outcome, of.count())
    })
}

/// In a sentence.
pub fn summary(results: &Results) -> String {
    let counted = counts(&results.rows);
    let parts = counted.iter().filter(|(_, n)| *n > 0);
    let parts: Vec<String> = parts.map(|(o, n)| format!("{n} {}", word(*o))).collect();
    let waiting = results.submissions - results.rows.len();
    let mut text = format!("{} submissions: {}", results.submissions, parts.join(", "));
    if waiting > 0 {
        let _ = write!(text, ", {waiting} not graded yet");
    }
    text
}

/// A page with a table; each name leads to its report.
pub fn index(results: &Results) -> String {
    let mut rows = String::new();
    for row in &results.rows {
        let verdict = word(row.verdict);
        let speedup = row.speedup.map_or(String::new(), |s| format!("{s:.1}"));
        let _ = write!(
            rows,
            "<tr><td><a href=\"{}\">{}</a></td><td class=\"{verdict}\">{verdict}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{speedup}</td><td>{}</td><td>{}</td></tr>",
            link(&row.page),
            escape(&row.name),
            row.marks,
            escape(&row.finding),
            escape(&row.message)
        );
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{PAGE}{STYLE}</style></head><body>\
         <h1>{title}</h1><p>{}</p><div class=\"scroll\"><table><thead><tr><th>Submission</th><th>Verdict</th><th class=\"n\">Marks</th>\
         <th class=\"n\">Speedup</th><th>Finding</th><th>What</th></tr></thead><tbody>{rows}</tbody></table></div>\
         <p>Seed {}. The same as a table: <a href=\"results.csv\">results.csv</a>, <a href=\"results.json\">results.json</a>.</p>\
         </body></html>\n",
        escape(&summary(results)),
        results.seed,
        title = escape(&format!("{} · {}", results.exercise, results.title)),
    )
}

/// As part of an address.
fn link(name: &str) -> String {
    let mut link = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => link.push(byte.into()),
            _ => {
                let _ = write!(link, "%{byte:02x}");
            }
        }
    }
    link
}

/// The table, by RFC 4180.
pub fn csv(results: &Results) -> String {
    let mut text =
        String::from("name,verdict,marks,finding,message,speedup,seconds,file,report\r\n");
    for row in &results.rows {
        let fields = [
            row.name.clone(),
            word(row.verdict).to_owned(),
            row.marks.to_string(),
            row.finding.clone(),
            row.message.clone(),
            row.speedup.map_or(String::new(), |s| format!("{s:.2}")),
            format!("{:.1}", row.seconds),
            row.file.clone(),
            row.page.clone(),
        ];
        let fields: Vec<String> = fields.iter().map(|f| field(f)).collect();
        text += &fields.join(",");
        text += "\r\n";
    }
    text
}

/// Spreadsheets take texts that begin like this for formulas, and what a student wrote is in them.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn field(text: &str) -> String {
    let text = match text.starts_with(FORMULAS) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn what_a_student_wrote_is_no_formula_and_no_other_field() {
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("plain"), "plain");
    }
}
