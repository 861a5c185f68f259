//! The command line.

use crate::{doctor, install, lab, run, serve};
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Rust and Python side by side in one notebook.
///
/// Exit status: 0 all went well; 1 something failed, and the last line says what; 2 the command
/// line is wrong; 130 stopped by Ctrl-C.
#[derive(Parser)]
#[command(name = "tandem", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open notebooks in JupyterLab. Everything it needs is prepared at the first start.
    Lab {
        /// Folder to open; by default `notebooks` if there is one here, else this folder.
        directory: Option<PathBuf>,
        /// Print the address and do not open a browser.
        #[arg(long)]
        no_browser: bool,
        /// Port to listen on; by default the first free one from 8888.
        #[arg(long)]
        port: Option<u16>,
        /// Prepare everything, and do not start.
        #[arg(long)]
        prepare: bool,
    },
    /// Run notebooks without a browser, and keep their outputs.
    Run {
        /// The notebooks.
        #[arg(required = true)]
        notebooks: Vec<PathBuf>,
        /// Write the executed notebooks here instead of over the old ones.
        #[arg(long)]
        output_dir: Option<PathBuf>,
        /// Write an HTML page beside each.
        #[arg(long)]
        html: bool,
        /// Seconds that one cell may take.
        #[arg(long, value_name = "S", default_value_t = 600)]
        timeout: u64,
    },
    /// Make the kernel known to an installed Jupyter.
    Install(Place),
    /// Remove the kernel from an installed Jupyter.
    Uninstall(Place),
    /// Show what is there and what is missing on this machine, and what to type.
    Doctor {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Serve one kernel; Jupyter calls this.
    #[command(hide = true)]
    Serve {
        /// The connection file.
        connection: PathBuf,
    },
}

/// Where the kernelspec goes.
#[derive(Args)]
#[group(multiple = false)]
pub struct Place {
    /// For this user (the default).
    #[arg(long)]
    user: bool,
    /// Below a prefix, such as a virtual environment.
    #[arg(long, value_name = "P")]
    pub prefix: Option<PathBuf>,
    /// Below the prefix of the `python3` on the PATH.
    #[arg(long)]
    pub sys_prefix: bool,
}

/// Parses the command line and does what it says.
pub fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Lab {
            directory,
            no_browser,
            port,
            prepare,
        } => lab::lab(directory, no_browser, port, prepare),
        Command::Run {
            notebooks,
            output_dir,
            html,
            timeout,
        } => run::run(&notebooks, output_dir.as_deref(), html, timeout),
        Command::Install(place) => install::install(&place).map(|()| ExitCode::SUCCESS),
        Command::Uninstall(place) => install::uninstall(&place).map(|()| ExitCode::SUCCESS),
        Command::Doctor { json } => Ok(doctor::doctor(json)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "tandem", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve { connection } => serve::serve(&connection),
    }
}
