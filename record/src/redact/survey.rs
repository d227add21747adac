//! What was handed in, all over a recording?

use quidnunc_core::Node;
use quidnunc_core::redaction::Originals;

use super::RedactError;
use super::renames::{Renames, Seen};
use super::streams::{Came, Comes};
use crate::calls::{Call, Step};
use crate::play::{Player, walk};
use crate::replay::Replay;
use crate::tape::{Opening, Steps, Tape};

/// Everything that has to be known before a recording is made of another one.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) renames: Renames,
    pub(super) originals: Originals,
    pub(super) comes: Comes,
}

/// Plays a recording and notes what was handed in.
pub(super) fn survey(tape: &Tape<'_>, calls: &mut u64) -> Result<Survey, RedactError> {
    let mut surveyor = Surveyor { calls, seen: Seen::default(), came: Came::default(), nodes: Vec::new() };
    let replay = walk(tape, &mut surveyor)?;
    surveyor.nodes.extend(replay.map(|replay| replay.node().clone()));
    Ok(surveyor.end())
}

/// What is noted meanwhile.
struct Surveyor<'c> {
    calls: &'c mut u64,
    seen: Seen,
    came: Came,
    /// The nodes of all parts that none follows.
    nodes: Vec<Node>,
}

impl Player for Surveyor<'_> {
    type At = Replay;
    type Error = RedactError;

    fn open(&mut self, before: Option<Replay>, opening: &Opening<'_>) -> Result<Replay, RedactError> {
        if let Some(before) = before {
            if opening.follows {
                return Ok(before.reopen(opening)?);
            }
            self.nodes.push(before.node().clone());
            return Ok(self.begin(before.reopen(opening)?));
        }
        Ok(self.begin(Replay::new(opening)?))
    }

    fn steps(&mut self, replay: &mut Replay, steps: Steps<'_>) -> Result<(), RedactError> {
        for step in steps {
            self.step(replay, &step)?;
            *self.calls = replay.steps();
        }
        Ok(())
    }
}

impl Surveyor<'_> {
    /// A part begins with a node of which nothing is known.
    fn begin(&mut self, mut replay: Replay) -> Replay {
        self.look_into(replay.node().clone());
        replay.node_mut().note_contents();
        replay
    }

    /// Notes what is in a node.
    fn look_into(&mut self, mut node: Node) {
        self.came.cut_all();
        self.came.of_node(self.nodes.len());
        for (id, held) in node.beginnings() {
            self.came.take(id, held, |_| {});
        }
        node.redact(&Originals::default(), &mut |lent| self.seen.note(lent));
    }

    /// Makes a call and notes what is in it.
    fn step(&mut self, replay: &mut Replay, step: &Step<'_>) -> Result<(), RedactError> {
        let Self { seen, came, .. } = &mut *self;
        let mut look_into =
            |node: &Node, bytes: &[u8]| node.redact_datagram(&mut bytes.to_vec(), &mut |lent| seen.note(lent));
        match step.call {
            Call::Datagram { bytes, .. } => look_into(replay.node(), bytes),
            Call::StreamBytes(id, bytes) => came.take(id, bytes, |message| look_into(replay.node(), message)),
            Call::StreamOpened(id) | Call::StreamClosed(id) => came.cut(id),
            Call::Command(ref command) => {
                let _ = command.redacted(&mut Default::default(), &mut |lent| seen.note(lent));
            }
            Call::Timeout
            | Call::Order(_)
            | Call::Transmit(..)
            | Call::StreamRequest(_)
            | Call::Stream(..)
            | Call::Event(_)
            | Call::Retain(_) => {}
        }
        replay.step(step)?;
        // What is refused ends its stream.
        if let (Call::StreamBytes(id, _), true) = (&step.call, step.refused) {
            self.came.cut(*id);
        }
        Ok(())
    }

    fn end(mut self) -> Survey {
        let (mut renames, mut originals) = (Renames::new(self.seen), Originals::default());
        let comes = self.came.redacted(|of_node, message| {
            // Each was open for the node to whose life it came.
            let node = self.nodes.get(of_node);
            node.into_iter().for_each(|node| node.redact_datagram(message, &mut |lent| renames.apply(lent)));
        });
        self.nodes.iter_mut().for_each(|node| originals.extend(node.originals(&mut |lent| renames.apply(lent))));
        Survey { renames, originals, comes }
    }
}
