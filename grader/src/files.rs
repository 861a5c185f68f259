//! Files that are there whole, or not at all.

use anyhow::{Context, Result};
use std::io::Write;
use std::path::Path;

/// Writes a file: whoever reads it finds the old contents or the new ones, never a part.
///
/// # Errors
///
/// Its folder cannot be written to.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A pipe or a terminal has no contents to be replaced.
    if path.exists() && !path.is_file() {
        return std::fs::write(path, contents).with_context(cannot);
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    let mut file = tempfile::Builder::new()
        .permissions(mode)
        .tempfile_in(folder)
        .with_context(cannot)?;
    file.write_all(contents).with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    Ok(())
}
