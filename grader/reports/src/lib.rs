//! What the grader asks of programs on its engines, and what they answer: plain data, the same on
//! both sides of the pipe.

pub mod exploration;
pub mod measurement;
