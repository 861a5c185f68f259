//! Which notebooks are trusted. JupyterLab shows no saved picture of a notebook that it does not
//! trust. Those of the course came with this program, as they are; all others are the reader's to
//! decide on.

use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// SHA-256 of the notebooks of the course, in hexadecimal.
const COURSE: &str = env!("TANDEM_COURSE");

/// Tells Jupyter to trust the notebooks of the course below `directory`. What cannot be signed is
/// shown without its saved pictures, and no more is lost.
pub fn course(directory: &Path, python: &Path, data: &Path) {
    let stamp = data.join("trusted");
    let known = std::fs::read_to_string(&stamp).unwrap_or_default();
    let mut signed: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    let new: Vec<(PathBuf, String)> = notebooks(directory)
        .into_iter()
        .filter_map(|path| Some((hash(&path)?, path)))
        .filter(|(hash, _)| COURSE.split(' ').any(|course| course == hash))
        .filter(|(hash, _)| !signed.contains(hash))
        .map(|(hash, path)| (path, hash))
        .collect();
    if new.is_empty() {
        return;
    }
    let done = Command::new(python)
        .args(["-m", "nbformat.sign"])
        .args(new.iter().map(|(path, _)| path))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if done.is_ok_and(|status| status.success()) {
        signed.extend(new.into_iter().map(|(_, hash)| hash));
        let lines: Vec<String> = signed.into_iter().collect();
        let _ = crate::files::write(&stamp, lines.join("\n").as_bytes());
    }
}

fn notebooks(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|e| e == "ipynb"))
        .collect()
}

fn hash(path: &Path) -> Option<String> {
    let digest = Sha256::digest(std::fs::read(path).ok()?);
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notebooks_of_the_course_are_known() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notebooks");
        let course: Vec<&str> = COURSE.split(' ').collect();
        let found = notebooks(&folder);
        assert!(found.len() >= 7);
        for path in found {
            let hash = hash(&path).expect("readable");
            assert!(course.contains(&hash.as_str()), "{}", path.display());
        }
    }
}
