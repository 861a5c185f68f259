//! Files that are either whole or not there.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file by way of another one beside it, so that nobody ever sees half of it.
///
/// # Errors
/// What the system says; the old file is untouched then.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    // Temporary files are private; a notebook or a kernelspec is for everybody.
    std::fs::set_permissions(
        file.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Tandem's data folder: `TANDEM_DATA_DIR`, or `tandem` in the user's data folder.
pub fn data() -> PathBuf {
    if let Some(folder) = std::env::var_os("TANDEM_DATA_DIR") {
        return folder.into();
    }
    dirs::data_dir()
        .unwrap_or_else(std::env::temp_dir)
        .join("tandem")
}
