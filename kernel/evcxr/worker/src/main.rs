//! A small program with three roles, chosen by the name or the words it is called with:
//!
//! - `cargo` or `rustup` (a link of that name): the stand-in that evcxr and rust-analyzer call;
//!   it asks the kernel what to answer ([`standin`]).
//! - `relay SOCKET`: what evcxr takes for its own child process ([`relay`]).
//! - `run`: loads compiled cells and runs them ([`run`]), with what they write, read and start
//!   going through [`hooks`].
//!
//! It is a program of its own, without evcxr, so that starting it and forking it cost little.

mod hooks;
mod relay;
mod run;
mod standin;

fn main() {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    match program.rsplit('/').next() {
        Some(tool @ ("cargo" | "rustup")) => standin::main(tool),
        _ => match (arguments.next().as_deref(), arguments.next()) {
            (Some("relay"), Some(socket)) => relay::main(&socket),
            (Some("run"), None) => run::main(),
            _ => {
                eprintln!("this program is a part of tandem and is started by it");
                std::process::exit(2);
            }
        },
    }
}
