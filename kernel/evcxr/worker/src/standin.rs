//! The stand-in for cargo and rustup.
//!
//! Beside the link that it is started by lies a file `service`: the kernel's process id, the
//! socket of its build service, and the real tools. Anybody else than the kernel (a child of a
//! cell that finds this folder on its PATH, say) gets the real tool.

use serde_json::{Value, json};
use std::ffi::{CStr, OsStr, c_char};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Asks the service, prints what it answers, and ends with the status it names.
pub fn main(tool: &str) -> ! {
    // The path that was executed; the first argument may be a bare name.
    // SAFETY: the kernel hands every process a valid string here.
    let program = unsafe { CStr::from_ptr(libc::getauxval(libc::AT_EXECFN) as *const c_char) };
    let program = Path::new(OsStr::from_bytes(program.to_bytes()));
    let folder = program.parent().unwrap_or(Path::new("."));
    let service = std::fs::read_to_string(folder.join("service"))
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .unwrap_or_default();
    // SAFETY: no arguments, cannot fail.
    let parent = unsafe { libc::getppid() };
    if service["pid"] == parent
        && let Some(socket) = service["socket"].as_str()
        && let Ok(status) = ask(tool, socket)
    {
        std::process::exit(status);
    }
    let real = service[tool].as_str().unwrap_or(tool);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).filter(|other| other != folder);
    let error = Command::new(real)
        .args(std::env::args_os().skip(1))
        .env("PATH", std::env::join_paths(others).unwrap_or_default())
        .exec();
    eprintln!("cannot run {real}: {error}");
    std::process::exit(127)
}

fn ask(tool: &str, socket: &str) -> std::io::Result<i32> {
    let mut stream = UnixStream::connect(socket)?;
    let request = json!({
        "tool": tool,
        "arguments": std::env::args().skip(1).collect::<Vec<_>>(),
        "directory": std::env::current_dir()?,
    });
    writeln!(stream, "{request}")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    let answer: Value = serde_json::from_str(&answer)?;
    if let Some(text) = answer["stderr"].as_str() {
        std::io::stderr().write_all(text.as_bytes())?;
    }
    if let Some(text) = answer["stdout"].as_str() {
        std::io::stdout().write_all(text.as_bytes())?;
    }
    Ok(answer["status"].as_i64().unwrap_or(1) as i32)
}
