//! Input and output: what is written goes to the report, and there is nothing to read.

pub use ::std::io::*;

macro_rules! stream {
    ($function:ident $name:ident $lock:ident) => {
        /// A stream that goes to the report.
        #[derive(Debug)]
        pub struct $name(());
        /// The same, locked.
        #[derive(Debug)]
        pub struct $lock(());
        /// The stream.
        pub fn $function() -> $name {
            $name(())
        }
        impl $name {
            /// No terminal.
            pub fn is_terminal(&self) -> bool {
                false
            }
            /// The same: only one thread writes at a time.
            pub fn lock(&self) -> $lock {
                $lock(())
            }
        }
        stream!(@write $name);
        stream!(@write &$name);
        stream!(@write $lock);
    };
    (@write $type:ty) => {
        impl Write for $type {
            fn write(&mut self, bytes: &[u8]) -> Result<usize> {
                crate::__engine::print_text(&String::from_utf8_lossy(bytes));
                Ok(bytes.len())
            }
            fn flush(&mut self) -> Result<()> {
                Ok(())
            }
        }
    };
}

stream!(stdout Stdout StdoutLock);
stream!(stderr Stderr StderrLock);
