//! The kernelspec.

use crate::cli::Place;
use crate::files;
use anyhow::{Context, bail};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder's name, and the kernel's in a notebook's metadata.
pub const NAME: &str = "tandem";
/// The logo, in the forms that front ends look for.
const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-svg.svg", include_bytes!("lab/logo-svg.svg")),
    ("logo-32x32.png", include_bytes!("lab/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("lab/logo-64x64.png")),
];

/// Writes the kernelspec below `kernels`, a folder of kernelspecs.
pub fn write_spec(kernels: &Path) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = kernels.join(NAME);
    let writes = || format!("cannot write {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(writes)?;
    let spec = json!({
        "argv": [program, "serve", "{connection_file}"],
        "display_name": "Tandem (Rust + Python)",
        "language": "rust",
        "interrupt_mode": "message",
        "metadata": {"debugger": false},
    });
    for (name, logo) in LOGOS {
        files::write(&folder.join(name), logo).with_context(writes)?;
    }
    let text = serde_json::to_string_pretty(&spec)?;
    files::write(&folder.join("kernel.json"), text.as_bytes()).with_context(writes)?;
    Ok(folder)
}

fn kernels(place: &Place) -> anyhow::Result<PathBuf> {
    if let Some(prefix) = &place.prefix {
        return Ok(prefix.join("share/jupyter/kernels"));
    }
    if place.sys_prefix {
        let output = Command::new("python3")
            .args(["-c", "import sys; print(sys.prefix)"])
            .output()
            .context("there is no `python3` on the PATH")?;
        let prefix = String::from_utf8(output.stdout)?;
        return Ok(Path::new(prefix.trim()).join("share/jupyter/kernels"));
    }
    let data = std::env::var_os("JUPYTER_DATA_DIR").map(PathBuf::from);
    data.or_else(|| dirs::data_dir().map(|data| data.join("jupyter")))
        .map(|data| data.join("kernels"))
        .context("this user has no data folder; name one with --prefix")
}

/// `tandem install`
pub fn install(place: &Place) -> anyhow::Result<()> {
    let folder = write_spec(&kernels(place)?)?;
    println!("installed the kernel in {}", folder.display());
    Ok(())
}

/// `tandem uninstall`
pub fn uninstall(place: &Place) -> anyhow::Result<()> {
    let folder = kernels(place)?.join(NAME);
    if !folder.join("kernel.json").exists() {
        bail!("there is no kernel in {}", folder.display());
    }
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("cannot remove {}", folder.display()))?;
    println!("removed the kernel from {}", folder.display());
    Ok(())
}
