//! The course: exercises, a student's working copy of them, and whether they keep their promises.

pub mod class;
pub mod crowd;
pub mod exercise;
pub mod full_size;
pub mod marks;
pub mod progress;
pub mod verify;
pub mod watch;
