//! How does a recording without contents come of one that has them?
//!
//! First the recording is played, and everything is noted that an application has handed in, to this node or to another one:
//! keys, values, letters, events ([`survey`]). Then it is known what takes the place of each ([`renames`]), and the recording is
//! played once more, and beside it the same calls with other contents are made of the same node with other contents
//! ([`twin`]). The second node must do the same: what it sends and reports must be what the first one does, but for the
//! contents, and so must the node itself at the end of each part. So what was made is known to replay.

mod renames;
mod streams;
mod survey;
#[cfg(test)]
mod tests;
mod twin;
#[cfg(test)]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::frozen::ThawError;
use crate::play::PlayError;
use crate::replay::Differs;
use crate::tape::Tape;

/// A recording without contents cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedactError {
    /// The recording itself cannot be played to its end.
    #[error("the recording does not replay, and so cannot be redacted: {0}")]
    Play(#[from] PlayError),
    /// With other contents the node does something else.
    #[error(
        "call {call}: with other contents {what}: this recording cannot be redacted, which is a mistake in quidnunc that is worth a report"
    )]
    Differs {
        /// In or before which call, counted from 1.
        call: u64,
        /// What is not the same.
        what: &'static str,
    },
}

impl From<ThawError> for RedactError {
    fn from(why: ThawError) -> Self {
        Self::Play(why.into())
    }
}

impl From<Differs> for RedactError {
    fn from(why: Differs) -> Self {
        Self::Play(why.into())
    }
}

/// Makes a recording of one that holds the contents of maps, infos, events, letters and notes: the same one with other contents.
/// Who was there and what was believed of whom stays, and so do keys of maps under `sys/`, with their values, which the core
/// reads. It takes as long as playing the recording three times, and as much memory as the recording has bytes several times.
///
/// # Errors
/// [`RedactError`] when the recording does not replay, or would not with other contents.
pub fn redact(tape: &Tape<'_>) -> Result<Vec<u8>, RedactError> {
    let mut calls = 0;
    // A node that somebody made up may panic; nothing of it is used after that.
    let redacted = catch_unwind(AssertUnwindSafe(|| {
        let survey = survey::survey(tape, &mut calls)?;
        twin::write(tape, survey, &mut calls)
    }));
    redacted.unwrap_or(Err(PlayError::Panicked { call: calls + 1 }.into()))
}
