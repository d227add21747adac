//! What do people read? Tables, quantities in words, and the command that runs a failure again.
//!
//! Everything here returns text; only [`crate::cli`] prints.

mod many;
mod one;
mod parts;
mod quantity;
mod repro;

pub use many::{many, pooled_headline};
pub use one::{headline, one};
pub use quantity::{counted, quantity};
pub use repro::{Again, Repro};
