//! An instructor grades a folder of submissions: each gets its report, whatever the others do.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;

fn grader() -> Command {
    let mut command = Command::cargo_bin("tandem-grader").expect("built with the tests");
    command.env(
        "TANDEM_CACHE_DIR",
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
    );
    command
}

fn exercise(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises/2_threading/lost_update");
    std::fs::read_to_string(folder.join(file)).expect("there")
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn each_submission_of_a_class_gets_a_report() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let class = folder.path().join("class");
    let write = |path: &str, text: &str| {
        let path = class.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    };
    write("anna.rs", &exercise("solution.rs"));
    write("bert/src/main.rs", &exercise("starter.rs"));
    write("<b>cleo.rs", "fn does_not_compile( {");
    let nested = "(".repeat(100_000) + &")".repeat(100_000);
    write("dora.rs", &format!("fn f() {{ {nested} }}"));
    let paints = "fn hostile() { panic!(\"\\x1b[2J\\x1b[Hdora pass\") }";
    write(
        "emil.rs",
        &(exercise("solution.rs").replace("fetch_add(", "fetch_add({ hostile(); 0 } + ") + paints),
    );
    write("=fritz/empty.txt", "");
    std::os::unix::fs::symlink("/etc/passwd", class.join("gina.rs")).expect("a link");
    std::fs::write(class.join("hans.rs"), [0xff, 0xfe]).expect("writable");
    let output = folder.path().join("reports");
    let run = grader()
        .args(["class", "lost_update"])
        .arg(&class)
        .arg("--output")
        .arg(&output)
        .output()
        .expect("it runs");
    let table = String::from_utf8_lossy(&run.stdout).into_owned();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{table}{errors}");
    assert!(!table.contains('\x1b'), "{table:?}");
    assert!(table.contains("8 submissions: 1 pass, "), "{table}");
    let results = json(&output.join("results.json"));
    let rows = results["rows"].as_array().expect("rows");
    let verdicts: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            (
                row["name"].as_str().unwrap_or_default(),
                row["verdict"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("<b>cleo", "refused"),
            ("=fritz", "refused"),
            ("anna", "pass"),
            ("bert", "fail"),
            ("dora", "refused"),
            ("emil", "fail"),
            ("gina", "refused"),
            ("hans", "refused"),
        ],
        "{table}"
    );
    for row in rows {
        let page = std::fs::read_to_string(output.join(row["page"].as_str().expect("a name")));
        assert!(page.is_ok_and(|p| p.ends_with("</html>\n")), "{row}");
        let verdict = json(&output.join(row["json"].as_str().expect("a name")));
        assert_eq!(verdict["verdict"], row["verdict"], "{row}");
        assert_eq!(
            row["marks"],
            if row["verdict"] == "pass" { 100.0 } else { 0.0 },
            "{row}"
        );
    }
    let index = std::fs::read_to_string(output.join("index.html")).expect("there");
    assert!(
        index.contains("&lt;b&gt;cleo") && !index.contains("<b>cleo"),
        "{index}"
    );
    let csv = std::fs::read_to_string(output.join("results.csv")).expect("there");
    assert!(
        csv.lines().any(|l| l.starts_with("'=fritz,refused,0,")),
        "{csv}"
    );
    assert!(
        csv.lines().any(|l| l.starts_with("anna,pass,100,")),
        "{csv}"
    );
    // Two files for each, and three for all: nothing half-written is left.
    let files = std::fs::read_dir(&output).expect("there").count();
    assert_eq!(files, 2 * rows.len() + 3);
    // Whoever wants the same inputs again gets them.
    let seed = results["seed"].to_string();
    let again = grader()
        .args(["class", "lost_update", "--json", "--seed", &seed])
        .arg(&class)
        .arg("--output")
        .arg(&output)
        .output()
        .expect("it runs");
    let again: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    let messages = |results: &Value| -> Vec<String> {
        let rows = results["rows"].as_array().into_iter().flatten();
        rows.map(|row| format!("{} {}", row["name"], row["finding"]))
            .collect()
    };
    assert_eq!(messages(&again), messages(&results));
}

#[test]
fn a_folder_without_submissions_is_no_class() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("notes.txt"), "").expect("writable");
    let output = folder.path().join("reports");
    let run = grader()
        .args(["class", "lost_update"])
        .arg(folder.path())
        .arg("--output")
        .arg(&output)
        .output()
        .expect("it runs");
    assert_eq!(run.status.code(), Some(3));
    assert!(!output.exists());
}
