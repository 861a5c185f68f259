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
    let (output, events) = Output::channel();
    tandem_protocol::serve(connection, info, Box::new(notebook), output, events)?;
    Ok(ExitCode::SUCCESS)
}
