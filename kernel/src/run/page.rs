//! A notebook as a page.

use crate::{files, lab};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Cells whose code is folded in JupyterLab; a page shows what they show.
const FOLDED: &str = "tandem-folded";
/// On paper nothing can be opened, and there is no other width: answers are open, lines are wrapped.
const PRINT: &str = "<style>@media print { details::details-content { content-visibility: visible; block-size: auto; } \
                     pre { white-space: pre-wrap !important; } }</style></head>";

/// Writes a page beside `target`, of the notebook as JupyterLab shows it. Links to notebooks that become
/// pages, too, lead to their pages.
///
/// # Errors
///
/// nbconvert fails, or the page cannot be written.
pub fn write(notebook: &Value, target: &Path, all: &[PathBuf]) -> anyhow::Result<()> {
    let python = match lab::environment_python() {
        Some(python) => python,
        None => lab::prepare()?,
    };
    let folder = tempfile::tempdir()?;
    let name = target.file_name().unwrap_or_default();
    let shown = folder.path().join(name);
    std::fs::write(&shown, serde_json::to_vec(&marked(notebook))?)?;
    let output = Command::new(python)
        .args(["-m", "nbconvert", "--to", "html", "--log-level", "ERROR"])
        .arg("--TagRemovePreprocessor.enabled=True")
        .arg(format!(
            "--TagRemovePreprocessor.remove_input_tags={FOLDED}"
        ))
        .arg(&shown)
        .output()?;
    if !output.status.success() {
        bail!(
            "nbconvert failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let page = std::fs::read_to_string(shown.with_extension("html"))?;
    let page = linked(&page.replacen("</head>", PRINT, 1), all);
    let target = target.with_extension("html");
    files::write(&target, page.as_bytes())
        .with_context(|| format!("cannot write {}", target.display()))
}

/// The notebook with a tag on its folded cells.
fn marked(notebook: &Value) -> Value {
    let mut notebook = notebook.clone();
    for cell in notebook["cells"].as_array_mut().into_iter().flatten() {
        let metadata = &mut cell["metadata"];
        if metadata["jupyter"]["source_hidden"] == true {
            match metadata["tags"].as_array_mut() {
                Some(tags) => tags.push(json!(FOLDED)),
                None => metadata["tags"] = json!([FOLDED]),
            }
        }
    }
    notebook
}

fn linked(page: &str, all: &[PathBuf]) -> String {
    let names = all.iter().filter_map(|path| path.file_name()?.to_str());
    names.fold(page.to_owned(), |page, name| {
        let html = Path::new(name).with_extension("html");
        // With and without an anchor.
        ["\"", "#"].iter().fold(page, |page, end| {
            let (from, to) = (
                format!("href=\"{name}{end}"),
                format!("href=\"{}{end}", html.display()),
            );
            page.replace(&from, &to)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_pages_where_there_are_some() {
        let all = [PathBuf::from("course/a.ipynb")];
        let page =
            "<a href=\"a.ipynb#x\">a</a> <a href=\"a.ipynb\">a</a> <a href=\"b.ipynb\">b</a>";
        assert_eq!(
            linked(page, &all),
            "<a href=\"a.html#x\">a</a> <a href=\"a.html\">a</a> <a href=\"b.ipynb\">b</a>"
        );
    }

    #[test]
    fn folded_cells_are_marked_and_others_are_not() {
        let notebook = json!({"cells": [
            {"metadata": {"jupyter": {"source_hidden": true}, "tags": ["own"]}},
            {"metadata": {}},
        ]});
        let marked = marked(&notebook);
        assert_eq!(
            marked["cells"][0]["metadata"]["tags"],
            json!(["own", FOLDED])
        );
        assert!(marked["cells"][1]["metadata"].get("tags").is_none());
    }
}
