//! How numbers and names are written for a reader.

/// A duration.
pub fn duration(nanoseconds: u64) -> String {
    let ms = nanoseconds as f64 / 1e6;
    match ms {
        0.0 => "0 ms".to_owned(),
        ..0.9995 => format!("{:.0} µs", ms * 1000.0),
        ..9.95 => format!("{ms:.1} ms"),
        ..999.5 => format!("{ms:.0} ms"),
        ..99_950.0 => format!("{:.2} s", ms / 1000.0),
        _ => format!("{:.0} s", ms / 1000.0),
    }
}

/// A share from 0 to 1 in whole per cent; what is more than nothing is never called 0 %, and
/// what is less than all never 100 %.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        ..=0.0 => "0 %".to_owned(),
        ..1.0 => "less than 1 %".to_owned(),
        p @ ..100.0 => format!("{:.0} %", p.min(99.0)),
        _ => "100 %".to_owned(),
    }
}

/// A ratio of durations.
pub fn times(ratio: f64) -> String {
    match ratio {
        ..0.995 => format!("{ratio:.2} ×"),
        ..9.95 => format!("{ratio:.1} ×"),
        _ => format!("{ratio:.0} ×"),
    }
}

/// `text` for use inside of XML and HTML. Control characters, which XML does not allow, are
/// left out.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// `text` with at most `most` characters.
pub fn shortened(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_without_saying_something_else() {
        let durations = [
            0,
            999_400,
            1_500_000,
            99_600_000,
            999_600_000,
            1_234_000_000,
        ];
        let written = durations.map(duration);
        assert_eq!(
            written,
            ["0 ms", "999 µs", "1.5 ms", "100 ms", "1.00 s", "1.23 s"]
        );
        let shares = [0.0, 0.0001, 0.5, 0.999, 1.0].map(percent);
        assert_eq!(shares, ["0 %", "less than 1 %", "50 %", "99 %", "100 %"]);
        assert_eq!([0.5, 2.0, 12.3].map(times), ["0.50 ×", "2.0 ×", "12 ×"]);
    }

    #[test]
    fn text_of_a_user_cannot_break_the_markup() {
        assert_eq!(
            escape("<a b=\"&\">\u{1b}x"),
            "&lt;a b=&quot;&amp;&quot;&gt;x"
        );
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}
