//! The `tandem` program: a Jupyter kernel in which Rust and Python cells run side by side.

mod c;
mod cell;
mod checker;
mod cli;
mod compare;
mod doctor;
mod files;
mod install;
mod lab;
mod notebook;
mod run;
mod serve;
mod stepper;

use std::process::ExitCode;

fn main() -> ExitCode {
    tandem_grader::sandbox::main_if_asked();
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tandem: {error:#}");
            ExitCode::from(1)
        }
    }
}
