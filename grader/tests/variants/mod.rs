//! Wrong variants of a correct program, written at its end: `//# bug NAME: KINDS`, then lines to take
//! out (`//-`) and to put in (`//+`).

/// A wrong variant.
pub struct Bug {
    /// Its name.
    pub name: String,
    /// The findings that it may get.
    #[allow(dead_code)]
    pub kinds: Vec<String>,
    /// Its text.
    pub text: String,
}

/// The wrong variants of a program.
pub fn bugs(name: &str, text: &str) -> Vec<Bug> {
    let correct = text.split("\n//# bug").next().expect("a text").to_owned() + "\n";
    let mut bugs = Vec::new();
    for block in text.split("\n//# bug ").skip(1) {
        let mut lines = block.lines();
        let (title, kinds) = lines
            .next()
            .and_then(|l| l.split_once(": "))
            .expect("//# bug NAME: KINDS");
        let mut edits: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for line in lines {
            if let Some(out) = line.strip_prefix("//- ") {
                if edits.last().is_none_or(|(_, new)| !new.is_empty()) {
                    edits.push(Default::default());
                }
                edits.last_mut().expect("one").0.push(out);
            } else if let Some(new) = line.strip_prefix("//+") {
                edits
                    .last_mut()
                    .expect("//- before //+")
                    .1
                    .push(new.strip_prefix(' ').unwrap_or(new));
            }
        }
        let mut text = correct.clone();
        for (old, new) in edits {
            let (old, new) = (old.join("\n"), new.join("\n"));
            assert!(
                text.contains(&old),
                "{name}, {title}: not in the text:\n{old}"
            );
            text = text.replacen(&old, &new, 1);
        }
        let kinds = kinds.split(", ").map(str::to_owned).collect();
        bugs.push(Bug {
            name: title.to_owned(),
            kinds,
            text,
        });
    }
    bugs
}
