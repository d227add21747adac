//! Every call of a recording, made again and compared with what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use quidnunc_core::{Instant, Node};

use crate::calls::Call;
use crate::frozen::ThawError;
use crate::replay::{Differs, Given, Replay};
use crate::tape::{Opening, Piece, Steps, Tape};

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
    let (took, began) = (Duration::ZERO, Instant::from_nanos(0));
    let mut player = Watched { watch, calls, parts: 0, took, began };
    let replay = walk(tape, &mut player)?;
    if let Some(replay) = &replay {
        player.took += replay.at().since(player.began);
        player.watch.on_end(replay.node());
    }
    Ok(Played { calls: *player.calls, parts: player.parts, took: player.took })
}

/// Somebody looks on.
struct Watched<'w, W> {
    watch: &'w mut W,
    calls: &'w mut u64,
    parts: u64,
    took: Duration,
    began: Instant,
}

impl<W: Watch> Player for Watched<'_, W> {
    type At = Replay;
    type Error = PlayError;

    fn open(&mut self, before: Option<Replay>, opening: &Opening<'_>) -> Result<Replay, PlayError> {
        let replay = match before {
            Some(before) => {
                self.took += before.at().since(self.began);
                before.reopen(opening)?
            }
            None => Replay::new(opening)?,
        };
        (self.parts, self.began) = (self.parts + 1, Instant::from_nanos(opening.at));
        self.watch.on_opening(opening, replay.node());
        Ok(replay)
    }

    fn steps(&mut self, replay: &mut Replay, steps: Steps<'_>) -> Result<(), PlayError> {
        for step in steps {
            let given = replay.step(&step)?;
            *self.calls = replay.steps();
            self.watch.on_call(replay.at(), &step.call, &given, replay.node());
        }
        Ok(())
    }
}

/// Somebody who plays a recording part by part.
pub(crate) trait Player {
    /// What is played: one node, or several.
    type At;
    /// Why it is not played to its end.
    type Error;

    /// A part begins, after another one if there was one.
    fn open(&mut self, before: Option<Self::At>, opening: &Opening<'_>) -> Result<Self::At, Self::Error>;

    /// Calls are to be made.
    fn steps(&mut self, at: &mut Self::At, steps: Steps<'_>) -> Result<(), Self::Error>;
}

/// Goes through a recording; returns what has become of what was played.
pub(crate) fn walk<P: Player>(tape: &Tape<'_>, player: &mut P) -> Result<Option<P::At>, P::Error> {
    let mut played = None;
    for piece in &tape.pieces {
        match (piece, &mut played) {
            (Piece::Opening(opening), before) => *before = Some(player.open(before.take(), opening)?),
            (Piece::Steps(steps), Some(at)) => player.steps(at, *steps)?,
            // A tape begins with an opening.
            (Piece::Steps(_), None) => {}
        }
    }
    Ok(played)
}
