//! The notebooks as they stand in the repository: their outputs belong to their sources, come from
//! one run in order, and say nothing about the machine.

use serde_json::Value;
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
