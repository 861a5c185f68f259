//! The notebooks as they stand in the repository: their outputs belong to their sources, come from
//! one run in order, and say nothing about the machine.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().map(text).collect(),
        _ => String::new(),
    }
}

/// As `tandem run` writes it beside each cell that it has run.
fn fingerprint(source: &str) -> String {
    let hash = source
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

#[test]
fn saved_outputs_belong_to_their_sources_and_name_no_machine() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notebooks");
    let mut pictures = 0;
    for entry in std::fs::read_dir(folder).expect("the notebooks") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|e| e != "ipynb") {
            continue;
        }
        let name = path.display();
        let notebook: Value =
            serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let mut count = 0;
        for cell in notebook["cells"].as_array().expect("cells") {
            let source = text(&cell["source"]);
            if cell["cell_type"] != "code" || source.trim().is_empty() {
                continue;
            }
            count += 1;
            let again = "run it again: tandem run --output-dir notebooks NOTEBOOK";
            assert_eq!(
                cell["execution_count"], count,
                "{name}, cell {count}: {again}"
            );
            let known = cell["metadata"]["tandem"]["source"]
                .as_str()
                .unwrap_or_default();
            assert_eq!(
                known,
                fingerprint(&source),
                "{name}, cell {count} has changed; {again}"
            );
            let outputs = &cell["outputs"];
            let shown = outputs.to_string();
            if source.starts_with("%%submit") {
                assert!(
                    !shown.contains("not explored"),
                    "{name}, cell {count}: the submission does not compile"
                );
            }
            for private in ["/home/", "/root/", "/Users/", "/tmp/"] {
                assert!(
                    !shown.contains(private),
                    "{name}, cell {count} shows {private}"
                );
            }
            let failed = outputs
                .as_array()
                .into_iter()
                .flatten()
                .any(|o| o["output_type"] == "error");
            assert!(!failed, "{name}, cell {count} has failed");
            let long = source.lines().find(|line| line.chars().count() > 95);
            assert_eq!(long, None, "{name}, cell {count}: too long for a page");
            for output in outputs.as_array().into_iter().flatten() {
                let data = &output["data"];
                let html = text(&data["text/html"]);
                // Pages of repositories take inline pictures out.
                assert!(
                    html.contains("<script") || !html.contains("<svg"),
                    "{name}, cell {count}: the picture is no image; {again}"
                );
                if let Some(image) = data.get("image/svg+xml") {
                    let image = text(image);
                    let parsed = roxmltree::Document::parse(&image).expect("well-formed XML");
                    let label = parsed.root_element().attribute("aria-label");
                    assert!(
                        label.is_some_and(|label| label.len() > 10),
                        "{name}, cell {count}: the picture has no words"
                    );
                }
            }
            if source.starts_with("%%compare") || source.starts_with("%%timeline") {
                assert!(
                    shown.contains("<svg"),
                    "{name}, cell {count} has no picture"
                );
                pictures += 1;
            }
        }
    }
    assert!(pictures > 5, "there are only {pictures} pictures");
}

/// What stands in square brackets as a number, and is no link: `[3]`.
fn citations(prose: &str) -> BTreeSet<u32> {
    let number = |(at, _): (usize, &str)| {
        let (inside, after) = prose[at + 1..].split_once(']')?;
        let cited = inside.parse().ok()?;
        (!after.starts_with('(')).then_some(cited)
    };
    prose.match_indices('[').filter_map(number).collect()
}

#[test]
fn every_program_is_drawn_every_question_answered_and_every_reference_cited() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notebooks");
    let mut programs = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).expect("the notebooks") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|e| e != "ipynb") {
            continue;
        }
        let name = path.display();
        let notebook: Value =
            serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let mut prose = String::new();
        for cell in notebook["cells"].as_array().expect("cells") {
            let (id, source) = (
                cell["id"].as_str().unwrap_or_default(),
                text(&cell["source"]),
            );
            if let Some(number) = id.strip_prefix("snippet-")
                && cell["cell_type"] == "code"
            {
                assert!(
                    source.starts_with("%%timeline"),
                    "{name}: {id} is not drawn"
                );
                programs.insert(number.to_owned());
            }
            if cell["cell_type"] == "markdown" {
                let asked = source.matches("**Predict first.**").count();
                let answers = source.matches("<details><summary>Answer").count();
                assert!(
                    asked <= answers || id == "title",
                    "{name}: {id} asks and does not answer"
                );
                prose += &source;
                prose += "\n";
            }
        }
        for link in prose
            .split("](")
            .skip(1)
            .filter_map(|l| l.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            assert!(
                link.starts_with("http") || folder.join(file).exists(),
                "{name}: there is no {link}"
            );
        }
        if let Some((before, references)) = prose.split_once("## References") {
            let listed = references
                .lines()
                .filter_map(|line| line.split_once(". ")?.0.parse().ok())
                .collect();
            assert_eq!(
                citations(before),
                listed,
                "{name}: cited on the left, listed on the right"
            );
        }
    }
    assert_eq!(programs.len(), 22, "{programs:?}");
}

#[test]
fn every_exercise_begins_in_a_notebook() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cells = Vec::new();
    for entry in std::fs::read_dir(root.join("notebooks")).expect("the notebooks") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|e| e == "ipynb") {
            let notebook: Value =
                serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
            let sources = notebook["cells"].as_array().expect("cells").iter();
            cells.extend(sources.map(|cell| text(&cell["source"])));
        }
    }
    let folders = |path: &Path| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(path).expect("a folder");
        let paths = entries.map(|entry| entry.expect("readable").path());
        paths.filter(|path| path.is_dir()).collect()
    };
    for exercise in folders(&root.join("exercises"))
        .iter()
        .flat_map(|topic| folders(topic))
    {
        let name = exercise.file_name().unwrap_or_default().to_string_lossy();
        let starter = std::fs::read_to_string(exercise.join("starter.rs")).expect("a starter");
        let begin = format!("%%submit {name}\n{}", starter.trim_end());
        for cell in [begin, format!("%exercise {name}")] {
            assert!(
                cells.iter().any(|source| source.trim_end() == cell),
                "no notebook has this cell:\n{cell}"
            );
        }
    }
}
