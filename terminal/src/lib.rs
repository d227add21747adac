//! How do the programs of quidnunc speak to people?
//!
//! * [`Diagnostic`], [`render_at`] — a mistake in a file, with its place under a caret;
//! * [`nearest`], [`plain`] — the name that was meant, and a text that does nothing to a terminal;
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
pub use words::{nearest, plain};
