//! Records when the threads of a program were really on a core, and draws it.
//!
//! A [`Recorder`] looks at a process from outside while a cell runs and answers with a
//! [`Recording`] of each run. [`Lane`]s of recordings become one [`report`]: a picture on a
//! shared time axis, a table, one sentence, the same in plain text, and the figures as data.
//! [`trace`] writes them for Perfetto.
//!
//! | to change | look in |
//! |---|---|
//! | how context switches are recorded, or read | [`perf`], [`switches`] |
//! | what happens where they cannot be recorded | [`schedstat`] |
//! | when a run counts as disturbed | [`machine`], [`recording::DISTURBED_SHARE`] |
//! | what is computed of a run | [`figures`] |
//! | what the sentence says | [`conclusion`] |
//! | the picture | [`draw`] (its rows: [`rows`]) |
//! | the table, the plain text, the data | [`table`], [`text`], [`data`] |
//! | how numbers are written | [`words`] |

pub mod conclusion;
pub mod data;
pub mod draw;
pub mod figures;
pub mod machine;
pub mod perf;
pub mod recorder;
pub mod recording;
pub mod report;
pub mod rows;
pub mod schedstat;
pub mod switches;
pub mod table;
pub mod text;
pub mod trace;
pub mod words;

#[cfg(test)]
mod examples;

pub use figures::{Comparison, Figures};
pub use recorder::Recorder;
pub use recording::{GilInterval, Interval, Lane, Left, Recording, Source, Thread};
pub use report::{MIME, bundle};
