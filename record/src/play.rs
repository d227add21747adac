//! Every call of a recording, made again and compared with what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use quidnunc_core::{Instant, Node};

use crate::calls::Call;
use crate::frozen::ThawError;
use crate::replay::{Differs, Given, Replay};
use crate::tape::{Opening, Piece, Tape};

/// Looks on while a node does again what it did.
pub trait Watch {
    /// A part begins, with a node of which nothing is known; `follows` if it is the one before.
    fn on_opening(&mut self, _opening: &Opening<'_>, _node: &Node) {}

    /// Everything was played.
    fn on_end(&mut self, _node: &Node) {}

    /// A call was made.
    fn on_call(&mut self, _at: Instant, _call: &Call<'_>, _given: &Given, _node: &Node) {}
}

/// Nobody looks.
impl Watch for () {}

/// What was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// How many calls.
    pub calls: u64,
    /// In how many parts.
    pub parts: u64,
    /// How long all of them lasted.
    pub took: Duration,
}

/// Why a recording is not played to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// The node has done something else.
    #[error("{0}")]
    Differs(#[from] Differs),
    /// Its node cannot be read.
    #[error("the recording holds {0}")]
    Thaw(#[from] ThawError),
    /// The node panicked.
    #[error("the node panicked in call {call}: somebody has changed the recording, or this version is wrong there")]
    Panicked {
        /// In which call, counted from 1.
        call: u64,
    },
}

/// Plays a recording from its first part on.
///
/// # Errors
/// [`PlayError`] at the first call that gives something else than it did.
pub fn play(tape: &Tape<'_>, watch: &mut impl Watch) -> Result<Played, PlayError> {
    let mut calls = 0;
    // A node that somebody made up may panic; nothing of it is used after that.
    let played = catch_unwind(AssertUnwindSafe(|| play_all(tape, watch, &mut calls)));
    played.unwrap_or(Err(PlayError::Panicked { call: calls + 1 }))
}

fn play_all(tape: &Tape<'_>, watch: &mut impl Watch, calls: &mut u64) -> Result<Played, PlayError> {
    let (mut replay, mut parts) = (None::<Replay>, 0);
    let (mut took, mut began) = (Duration::ZERO, Instant::from_nanos(0));
    for piece in &tape.pieces {
        match (piece, &mut replay) {
            (Piece::Opening(opening), before) => {
                if let Some(replay) = before.take() {
                    took += replay.at().since(began);
                    *before = Some(replay.reopen(opening)?);
                } else {
                    *before = Some(Replay::new(opening)?);
                }
                (parts, began) = (parts + 1, Instant::from_nanos(opening.at));
                before.iter().for_each(|replay| watch.on_opening(opening, replay.node()));
            }
            (Piece::Steps(steps), Some(replay)) => {
                for step in *steps {
                    let given = replay.step(&step)?;
                    *calls = replay.steps();
                    watch.on_call(replay.at(), &step.call, &given, replay.node());
                }
            }
            // A tape begins with an opening.
            (Piece::Steps(_), None) => {}
        }
    }
    if let Some(replay) = &replay {
        took += replay.at().since(began);
        watch.on_end(replay.node());
    }
    Ok(Played { calls: *calls, parts, took })
}
