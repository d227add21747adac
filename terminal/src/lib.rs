//! How do the programs of quidnunc speak to people?
//!
//! * [`Diagnostic`], [`render_at`] — a mistake in a file, with its place under a caret;
//! * [`nearest`], [`plain`], [`is_hidden`] — the name that was meant, and a text that is what it seems to be;
//! * [`table`] — a list;
//! * [`Pipe`] — a reader that has seen enough.

#![forbid(unsafe_code)]

mod diagnostic;
mod pipe;
mod table;
mod words;

pub use diagnostic::{Diagnostic, render_at};
pub use pipe::Pipe;
pub use table::table;
pub use words::{is_hidden, nearest, plain};
