//! Links a cell's object file by a plain call of the linker. No library is named: the worker has
//! loaded all of them, for every cell to find. That is checked before, symbol by symbol; where one
//! would be missing, rustc links in its own way.

use crate::parts::Parts;
use object::{Object, ObjectSymbol};
use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

/// What may be seen of a cell: its entry, and the memory of its statics.
const VISIBLE: &str = "{ global: tandem_*; local: *; };\n";

/// C libraries that every worker has loaded.
const LOADED: [&CStr; 3] = [c"libc.so.6", c"libgcc_s.so.1", c"ld-linux-x86-64.so.2"];

/// Names that a Rust library exports.
type Exports = Arc<HashSet<Vec<u8>>>;

/// The system's linker.
pub struct Linker {
    program: OnceLock<Option<PathBuf>>,
    visible: PathBuf,
    exports: Mutex<HashMap<PathBuf, Exports>>,
}

impl Linker {
    /// Writes what it needs into `base`.
    ///
    /// # Errors
    /// Where that fails.
    pub fn new(base: &Path) -> std::io::Result<Linker> {
        let visible = base.join("visible");
        std::fs::write(&visible, VISIBLE)?;
        Ok(Linker {
            program: OnceLock::new(),
            visible,
            exports: Mutex::default(),
        })
    }

    /// Whether a source has nothing of which only rustc knows how it is linked.
    pub fn can_link(&self, text: &str) -> bool {
        let own = |word: &str, ours: &str| text.matches(word).count() == text.matches(ours).count();
        own(
            "no_mangle",
            "#[unsafe(no_mangle)] pub extern \"C\" fn tandem_entry_",
        ) && own("export_name", "#[unsafe(export_name = \"tandem_static_")
            && !text.contains("link_name")
            && !text.contains("link(")
            && !text.contains("link_section")
    }

    /// Makes a library of an object file; `None` where rustc has to do it.
    pub fn link(&self, parts: &Parts, object: &Path, library: &Path) -> Option<()> {
        let program = self.program.get_or_init(find).as_ref()?;
        let data = std::fs::read(object).ok()?;
        let file = object::File::parse(data.as_slice()).ok()?;
        let mut missing = file
            .symbols()
            .filter(|symbol| symbol.is_undefined() && !symbol.is_weak())
            .filter_map(|symbol| symbol.name_bytes().ok())
            .filter(|name| !name.is_empty() && !self.is_loaded(parts, name));
        if missing.next().is_some() {
            return None;
        }
        let status = Command::new(program)
            .args(["-shared", "--eh-frame-hdr", "-z", "noexecstack"])
            .arg("--version-script")
            .arg(&self.visible)
            .arg("-o")
            .arg(library)
            .arg(object)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success()).then_some(())
    }

    fn is_loaded(&self, parts: &Parts, name: &[u8]) -> bool {
        self.exports(&parts.library).contains(name)
            || standard_library(&parts.rustc).is_some_and(|std| self.exports(&std).contains(name))
            || CString::new(name).is_ok_and(|name| LOADED.iter().any(|of| defines(of, &name)))
    }

    fn exports(&self, library: &Path) -> Exports {
        let mut known = self.exports.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(exports) = known.get(library) {
            return exports.clone();
        }
        let data = std::fs::read(library).unwrap_or_default();
        let names = match object::File::parse(data.as_slice()) {
            Ok(file) => file
                .dynamic_symbols()
                .filter(|symbol| !symbol.is_undefined())
                .filter_map(|symbol| Some(symbol.name_bytes().ok()?.to_vec()))
                .collect(),
            Err(_) => HashSet::new(),
        };
        let exports = Exports::new(names);
        known.insert(library.to_owned(), exports.clone());
        exports
    }
}

/// The shared library of `std`.
fn standard_library(rustc: &Path) -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let targets = rustc.parent()?.parent()?.join("lib/rustlib");
        let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let files = std::fs::read_dir(targets.join(host).join("lib")).ok()?;
        files.flatten().map(|file| file.path()).find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".so")
        })
    };
    FOUND.get_or_init(find).clone()
}

/// Whether a C library that this process has loaded too defines `name`.
fn defines(library: &CStr, name: &CStr) -> bool {
    // SAFETY: plain calls with C strings; the handle only counts how often it was asked for.
    unsafe {
        let handle = libc::dlopen(library.as_ptr(), libc::RTLD_NOLOAD | libc::RTLD_LAZY);
        if handle.is_null() {
            return false;
        }
        let found = !libc::dlsym(handle, name.as_ptr()).is_null();
        libc::dlclose(handle);
        found
    }
}

/// The linker that the C compiler uses.
fn find() -> Option<PathBuf> {
    let output = Command::new("cc")
        .arg("-print-prog-name=ld")
        .output()
        .ok()?;
    let name = String::from_utf8(output.stdout).ok()?;
    let name = PathBuf::from(name.trim());
    match name.is_absolute() {
        true => Some(name),
        false => {
            let path = std::env::var_os("PATH")?;
            let mut places = std::env::split_paths(&path).map(|folder| folder.join(&name));
            places.find(|file| file.exists())
        }
    }
}
