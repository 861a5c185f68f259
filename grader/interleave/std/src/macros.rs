//! The macros that print, and thread-locals.

/// Prints to the report.
#[macro_export]
macro_rules! print {
    ($($text:tt)*) => { $crate::__engine::print($crate::format_args!($($text)*), false) };
}

/// Prints a line to the report.
#[macro_export]
macro_rules! println {
    () => { $crate::__engine::print_text("\n") };
    ($($text:tt)*) => { $crate::__engine::print($crate::format_args!($($text)*), true) };
}

/// Prints to the report.
#[macro_export]
macro_rules! eprint {
    ($($text:tt)*) => { $crate::__engine::print($crate::format_args!($($text)*), false) };
}

/// Prints a line to the report.
#[macro_export]
macro_rules! eprintln {
    () => { $crate::__engine::print_text("\n") };
    ($($text:tt)*) => { $crate::__engine::print($crate::format_args!($($text)*), true) };
}

/// Prints a value with its place, and returns it.
#[macro_export]
macro_rules! dbg {
    () => { $crate::eprintln!("[{}:{}:{}]", $crate::file!(), $crate::line!(), $crate::column!()) };
    ($value:expr $(,)?) => {
        match $value {
            value => {
                $crate::eprintln!("[{}:{}:{}] {} = {:#?}",
                    $crate::file!(), $crate::line!(), $crate::column!(), $crate::stringify!($value), &value);
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => { ($($crate::dbg!($value)),+,) };
}

/// Declares variables of which every thread has its own.
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident : $type:ty = const $init:block $(; $($rest:tt)*)?) => {
        $(#[$attribute])* $visibility const $name: $crate::thread::LocalKey<$type> = {
            static KEY: $crate::thread::__Key = $crate::thread::__Key::new();
            fn init() -> $type { $init }
            $crate::thread::LocalKey::__new(&KEY, init)
        };
        $($crate::thread_local! { $($rest)* })?
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident : $type:ty = const $init:expr $(; $($rest:tt)*)?) => {
        $crate::thread_local! { $(#[$attribute])* $visibility static $name: $type = const { $init } $(; $($rest)*)? }
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident : $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attribute])* $visibility const $name: $crate::thread::LocalKey<$type> = {
            static KEY: $crate::thread::__Key = $crate::thread::__Key::new();
            fn init() -> $type { $init }
            $crate::thread::LocalKey::__new(&KEY, init)
        };
        $($crate::thread_local! { $($rest)* })?
    };
}
