//! What has happened to a node, so that it happens again elsewhere?
//!
//! A node is a state machine: the same calls at the same instants give the same bytes. So a recording is the node as it was
//! when the recording began ([`freeze`]), and every call since, with its instant; of what the
//! node answered it keeps a short hash. [`play`] makes the calls again and compares every answer.
//!
//! * [`Recorded`] — a node whose calls are recorded while somebody wants it;
//! * [`Recorder`] — where recordings go, piece by piece, so that a process that is killed leaves all but what came since the last;
//! * [`create`], [`write`](write()) — a file for it; [`Tape`] — a recording that is read; [`play`] — and played, for whoever [looks on](Watch).
//!
//! What is recorded lies above the seal: packets as the node sees them, and no key of the seal. Keys and values of maps, infos and
//! letters are in it as they are; [`redact`] makes another one of it that has none of them, and is played all the same.

#![forbid(unsafe_code)]

mod calls;
mod file;
mod frozen;
mod play;
mod recorded;
mod recorder;
mod redact;
mod replay;
mod tape;
#[cfg(test)]
mod tests;

pub use calls::{Answer, Call, Order, Step};
pub use file::{WriteError, create, recorded_len, write};
pub use frozen::{ThawError, freeze, thaw};
pub use play::{PlayError, Played, Watch, play};
pub use recorded::Recorded;
pub use recorder::{About, Recorder, Sink, Taken};
pub use redact::{RedactError, redact};
pub use replay::{Differs, Given};
pub use tape::{Opening, Piece, Steps, Tape, TapeError, is_recording};
