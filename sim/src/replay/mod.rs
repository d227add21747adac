//! Does a recorded node do again what it did, and what can be learned by watching it?
//!
//! * [`play`] — every call of a recording, made again and compared;
//! * [`explain`] — what the node came to believe of a member, when, and on whose word.

mod explain;
mod play;
#[cfg(test)]
mod tests;

pub use explain::{Explained, Kind, Line, Unknown, explain};
pub use play::{PlayError, Played, Watch, play};
