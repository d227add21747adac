//! How much goes into one answer?
//!
//! Others decide how much they publish, and the agent answers on the thread on which its node lives. So what is listed is counted,
//! and whoever asks for too much is told how to ask for less.

use super::Problem;

/// About the most bytes of one answer's rows, before they are written as JSON, which may escape each byte.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// What a row takes besides what others have written in it.
const ROW_BYTES: usize = 128;

/// What is left of an answer's room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room(usize);

impl Room {
    pub(super) const fn new() -> Self {
        Self(ANSWER_BYTES_MAX)
    }

    /// Takes a row with so many bytes of others; `None` if it finds no room.
    pub(super) fn take(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.checked_sub(bytes.saturating_add(ROW_BYTES))?;
        Some(())
    }
}

/// There is more than is answered at once.
pub(super) fn too_large(hint: &str) -> Problem {
    Problem::bad("too_large", format!("that is more than {} MiB at once", ANSWER_BYTES_MAX >> 20)).hint(hint)
}
