//! One kernel for one front end.

use crate::files;
use crate::notebook::{Notebook, Places};
use std::path::Path;
use std::process::ExitCode;
use tandem_cell::Output;
use tandem_protocol::KernelInfo;

/// Serves until the front end says that it is enough.
pub fn serve(connection: &Path) -> anyhow::Result<ExitCode> {
    let data = files::data();
    std::fs::create_dir_all(&data)?;
    let notebook = Notebook::start(Places {
        directory: std::env::current_dir()?,
        data: data.clone(),
        python: std::env::var_os("TANDEM_PYTHON").map(Into::into),
    })?;
    let info = KernelInfo {
        implementation: "tandem".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        banner: format!(
            "Tandem {}: Rust cells, %%python cells, and %%compare for both side by side. %magics lists all magics.",
            env!("CARGO_PKG_VERSION")
        ),
        language_version: "2024".to_owned(),
        help_links: vec![
            (
                "Rust standard library".to_owned(),
                "https://doc.rust-lang.org/std/".to_owned(),
            ),
            (
                "Python threading".to_owned(),
                "https://docs.python.org/3/library/threading.html".to_owned(),
            ),
        ],
        history: Some(data.join("history.sqlite")),
    };
    end_with_parent();
    let (output, events) = Output::channel();
    tandem_protocol::serve(connection, info, Box::new(notebook), output, events)?;
    Ok(ExitCode::SUCCESS)
}

/// A front end that dies without a word takes its kernels with it. Jupyter says by
/// `JPY_PARENT_PID` that it is the parent; a kernel that was started by hand goes on.
fn end_with_parent() {
    if std::env::var_os("JPY_PARENT_PID").is_none() {
        return;
    }
    // SAFETY: no arguments, cannot fail.
    let parent = || unsafe { libc::getppid() };
    let first = parent();
    std::thread::spawn(move || {
        while parent() == first {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        std::process::exit(0);
    });
}
