//! The bridge, the module `tandem` that serves Python cells: where it lies, and how one is built
//! for an interpreter that cannot load the common one.
//!
//! The common one keeps to the stable ABI, which every ordinary CPython from 3.9 on can load.
//! Free-threaded interpreters and PyPy cannot: for them it is compiled from the same sources,
//! which the program carries, when they are first used.

use crate::interpreter::PythonError;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The common bridge.
const COMMON: &[u8] = include_bytes!(env!("TANDEM_BRIDGE"));
include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// Told what is being done, each time something else.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

/// Puts the common bridge where hosts find it. The name of its folder holds its size and the
/// version, so that a newer one does not disturb a running session.
///
/// # Errors
/// Where the data folder cannot be written.
pub fn place(data: &Path) -> io::Result<PathBuf> {
    let name = format!("python-{}-{}", env!("CARGO_PKG_VERSION"), COMMON.len());
    let folder = data.join(name);
    let module = folder.join("tandem.abi3.so");
    if std::fs::metadata(&module).map(|found| found.len()).ok() != Some(COMMON.len() as u64) {
        std::fs::create_dir_all(&folder)?;
        let new = folder.join(format!("new-{}", std::process::id()));
        std::fs::write(&new, COMMON)?;
        std::fs::rename(&new, &module)?;
    }
    Ok(folder)
}

/// The bridge of one interpreter, built or not.
pub struct Bridge {
    folder: PathBuf,
    sources: PathBuf,
}

impl Bridge {
    /// Where the bridge for an interpreter lies. Another interpreter at the same path is another one.
    pub fn of(interpreter: &Path, data: &Path) -> Bridge {
        let real = std::fs::canonicalize(interpreter).unwrap_or_else(|_| interpreter.to_owned());
        let mut hasher = DefaultHasher::new();
        SOURCES.hash(&mut hasher);
        let sources = data.join(format!("bridge-{:016x}", hasher.finish()));
        let changed = std::fs::metadata(&real)
            .and_then(|found| found.modified())
            .ok();
        (real, changed).hash(&mut hasher);
        Bridge {
            folder: data.join(format!("python-own-{:016x}", hasher.finish())),
            sources,
        }
    }

    /// Its folder, if it has been built.
    pub fn built(&self) -> Option<PathBuf> {
        self.folder
            .join("tandem.so")
            .exists()
            .then(|| self.folder.clone())
    }

    /// Builds it, and answers its folder.
    ///
    /// # Errors
    /// What cargo says.
    pub fn build(
        &self,
        interpreter: &Path,
        progress: Progress<'_>,
    ) -> Result<PathBuf, PythonError> {
        let failed = |error: String| PythonError::Bridge {
            path: interpreter.to_owned(),
            error,
        };
        let text = |error: io::Error| failed(error.to_string());
        progress(&format!(
            "building the module that serves Python cells for {} (once, about a minute) …",
            interpreter.display()
        ));
        std::fs::create_dir_all(&self.sources).map_err(text)?;
        let lock = std::fs::File::create(self.sources.join("lock")).map_err(text)?;
        lock.lock().map_err(text)?;
        if let Some(folder) = self.built() {
            return Ok(folder);
        }
        for (name, content) in SOURCES {
            let file = self.sources.join(name);
            std::fs::create_dir_all(file.parent().unwrap_or(&self.sources)).map_err(text)?;
            std::fs::write(file, content).map_err(text)?;
        }
        // What was downloaded when Tandem was built is enough, where it is still there.
        self.cargo(interpreter, true, progress)
            .or_else(|_| self.cargo(interpreter, false, progress))
            .map_err(failed)?;
        std::fs::create_dir_all(&self.folder).map_err(text)?;
        let new = self.folder.join("new");
        std::fs::copy(self.target().join("release/libtandem.so"), &new).map_err(text)?;
        std::fs::rename(new, self.folder.join("tandem.so")).map_err(text)?;
        progress(&format!("built the module for {}", interpreter.display()));
        Ok(self.folder.clone())
    }

    fn target(&self) -> PathBuf {
        self.sources.join("target")
    }

    fn cargo(
        &self,
        interpreter: &Path,
        offline: bool,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), String> {
        let mut command = Command::new("cargo");
        command.args(["build", "--release", "--locked", "--no-default-features"]);
        command.args(offline.then_some("--offline"));
        command
            .arg("--manifest-path")
            .arg(self.sources.join("kernel/pyhost/bridge/Cargo.toml"))
            .arg("--target-dir")
            .arg(self.target())
            .env("PYO3_PYTHON", interpreter)
            .env("PYO3_BUILD_EXTENSION_MODULE", "1")
            .env_remove("PYO3_NO_PYTHON")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("cargo cannot be started: {error}"))?;
        let mut said: Vec<String> = Vec::new();
        let lines = child.stderr.take().map(BufReader::new);
        for line in lines
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(Result::ok)
        {
            if let Some(name) = line.trim_start().strip_prefix("Compiling ") {
                let name = name.split(' ').next().unwrap_or_default();
                progress(&format!(
                    "building the module that serves Python cells for {}: {name} …",
                    interpreter.display()
                ));
            }
            said.push(line);
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(said[said.len().saturating_sub(12)..].join("\n")),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_sources_are_whole() {
        let has = |name: &str| SOURCES.iter().any(|(file, _)| *file == name);
        for name in [
            "Cargo.toml",
            "kernel/cell/src/frame.rs",
            "kernel/pyhost/bridge/Cargo.lock",
        ] {
            assert!(has(name), "{name}");
        }
        assert!(has("kernel/pyhost/bridge/src/host.rs"));
    }

    #[test]
    fn an_interpreter_that_needs_its_own_bridge_gets_one() {
        use tandem_cell::{Cell, CellId, EventKind, Language, Outcome, Output, Unwatched};
        // Kept between runs of the tests: it takes a minute to build.
        let data = Path::new(env!("OUT_DIR")).join("own-bridge");
        let path = crate::interpreter::find(None).unwrap();
        let own = Bridge::of(&path, &data);
        let mut told = Vec::new();
        let folder = own
            .build(&path, &mut |text| told.push(text.to_owned()))
            .unwrap();
        assert!(!told.is_empty() && own.built() == Some(folder.clone()));
        let mut python = crate::Python::start(crate::PythonConfig {
            interpreter: Some(path),
            directory: std::env::temp_dir(),
            data,
        });
        let (output, events) = Output::channel();
        let cell = Cell::new(CellId(1), "import tandem; tandem.__file__");
        assert_eq!(python.execute(&cell, &output, &mut Unwatched), Outcome::Ok);
        let shown = events.try_iter().find_map(|event| match event.kind {
            EventKind::Result(bundle) => Some(bundle.data["text/plain"].to_string()),
            _ => None,
        });
        let folder = folder.display().to_string();
        assert!(shown.is_some_and(|text| text.contains(&folder)), "{folder}");
    }

    #[test]
    fn what_cannot_be_built_says_what_works() {
        let data = tempfile::tempdir().unwrap();
        let no_python = Path::new("/bin/true");
        let built = Bridge::of(no_python, data.path()).build(no_python, &mut |_| {});
        let message = built.unwrap_err().to_string();
        assert!(message.contains("CPython 3.9 to 3.14"), "{message}");
    }
}
