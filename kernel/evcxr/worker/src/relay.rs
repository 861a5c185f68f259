//! What evcxr takes for the process that runs cells: it passes evcxr's lines to the kernel and
//! the kernel's answers back, so that evcxr never waits for user code.

use std::io;
use std::os::unix::net::UnixStream;

/// Copies both ways until either end closes.
pub fn main(socket: &str) -> ! {
    let status = match UnixStream::connect(socket).and_then(copy_both_ways) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("cannot reach the kernel: {error}");
            1
        }
    };
    std::process::exit(status)
}

fn copy_both_ways(stream: UnixStream) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    std::thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut io::stdout());
        std::process::exit(0);
    });
    let mut requests = stream;
    io::copy(&mut io::stdin(), &mut requests)?;
    Ok(())
}
