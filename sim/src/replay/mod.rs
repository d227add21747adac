//! What can be learned by watching a recorded node do again what it did?
//!
//! * [`explain`] — what the node came to believe of a member, when, and on whose word.

mod explain;
#[cfg(test)]
mod redacted;
#[cfg(test)]
mod tests;

pub use explain::{Explained, Kind, Line, Unknown, explain};
