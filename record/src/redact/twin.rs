//! Does a node with other contents do the same? What it is called, and what it answers, is the recording without contents.

use quidnunc_core::Node;
use quidnunc_core::redaction::Originals;

use super::RedactError;
use super::renames::Renames;
use super::streams::Comes;
use super::survey::Survey;
use crate::calls::{Call, Step};
use crate::frozen::{freeze, thaw};
use crate::play::{Player, walk};
use crate::replay::{Given, Outcome, Replay};
use crate::tape::{MAGIC, Opening, Steps, Tape, begin_steps, finish, write_opening};

/// Plays a recording, and makes one without contents of it.
pub(super) fn write(tape: &Tape<'_>, survey: Survey, calls: &mut u64) -> Result<Vec<u8>, RedactError> {
    let Survey { renames, originals, comes } = survey;
    let mut writer = Writer { calls, renames, originals, comes, written: Vec::new() };
    let twins = walk(tape, &mut writer)?;
    if let Some(twins) = &twins {
        writer.compare(twins)?;
    }
    Ok(writer.written)
}

/// A node, and the same with other contents.
#[derive(Debug)]
struct Twins {
    first: Replay,
    second: Replay,
}

impl Twins {
    const fn differ(&self, what: &'static str) -> RedactError {
        RedactError::Differs { call: self.first.steps(), what }
    }
}

struct Writer<'c> {
    calls: &'c mut u64,
    renames: Renames,
    originals: Originals,
    comes: Comes,
    written: Vec<u8>,
}

impl Player for Writer<'_> {
    type At = Twins;
    type Error = RedactError;

    fn open(&mut self, before: Option<Twins>, opening: &Opening<'_>) -> Result<Twins, RedactError> {
        let call = before.as_ref().map_or(0, |twins| twins.first.steps());
        if let Some(before) = &before {
            self.compare(before)?;
        }
        let node = match &before {
            Some(before) if opening.follows => freeze(before.second.node()),
            _ => {
                let mut node = thaw(opening.node)?;
                // What has come of messages has come once, and goes on from there.
                node.beginnings().for_each(|(id, held)| self.comes.give(id, held));
                self.frozen(node, call)?
            }
        };
        let other = Opening { node: &node, ..opening.clone() };
        self.written.extend(MAGIC);
        self.written.extend(write_opening(&other));
        Ok(match before {
            Some(Twins { first, second }) => Twins { first: first.reopen(opening)?, second: second.reopen(&other)? },
            None => Twins { first: Replay::new(opening)?, second: Replay::new(&other)? },
        })
    }

    fn steps(&mut self, twins: &mut Twins, steps: Steps<'_>) -> Result<(), RedactError> {
        let mut piece = begin_steps();
        for step in steps {
            piece = self.step(twins, &step, piece)?;
            *self.calls = twins.first.steps();
        }
        self.written.extend(finish(piece));
        Ok(())
    }
}

impl Writer<'_> {
    /// A node with other contents, frozen.
    fn frozen(&mut self, mut node: Node, call: u64) -> Result<Vec<u8>, RedactError> {
        let Self { renames, originals, comes, .. } = self;
        node.redact(originals, &mut |lent| renames.apply(lent));
        for (id, held) in node.beginnings() {
            let beginning = comes.beginning(id);
            if beginning.len() != held.len() {
                return Err(RedactError::Differs { call, what: "another part of a message has come" });
            }
            held.copy_from_slice(beginning);
        }
        self.check(call)?;
        Ok(freeze(&node))
    }

    /// Whether everything that was lent had been seen: what had not stays as it is.
    const fn check(&self, call: u64) -> Result<(), RedactError> {
        if self.renames.has_missed() {
            return Err(RedactError::Differs { call, what: "something would stay as it is" });
        }
        Ok(())
    }

    /// Whether what has become of the second node is the first one with other contents.
    fn compare(&mut self, twins: &Twins) -> Result<(), RedactError> {
        let first = self.frozen(twins.first.node().clone(), twins.first.steps())?;
        if first == freeze(twins.second.node()) { Ok(()) } else { Err(twins.differ("the node becomes another one")) }
    }

    /// Makes a call of both, and appends to a piece how it was made of the second one.
    fn step(&mut self, twins: &mut Twins, step: &Step<'_>, piece: Vec<u8>) -> Result<Vec<u8>, RedactError> {
        let given = twins.first.step(step)?;
        let (mut bytes, mut buffers) = (Vec::new(), [Vec::new(), Vec::new()]);
        let call = self.other(twins, &step.call, &mut bytes, &mut buffers)?;
        let mut other = Step { after: step.after, refused: step.refused, call };
        let outcome = twins.second.make(&other);
        self.compare_answers(twins, given, &outcome)?;
        // Nothing that has contents comes of other calls.
        if let Call::Transmit(_, answer) | Call::Stream(_, _, answer) | Call::Event(answer) = &mut other.call {
            *answer = outcome.replayed;
        }
        // It was read from such bytes.
        postcard::to_extend(&other, piece).map_err(|_| twins.differ("a call cannot be written"))
    }

    /// A call with other contents, which lie in the buffers.
    fn other<'b>(
        &mut self,
        twins: &Twins,
        call: &'b Call<'b>,
        bytes: &'b mut Vec<u8>,
        buffers: &'b mut [Vec<u8>; 2],
    ) -> Result<Call<'b>, RedactError> {
        let Self { renames, comes, .. } = self;
        let other = match call {
            Call::Datagram { from, bytes: datagram } => {
                bytes.extend_from_slice(datagram);
                twins.first.node().redact_datagram(bytes, &mut |lent| renames.apply(lent));
                Call::Datagram { from: *from, bytes }
            }
            Call::StreamBytes(id, came) => {
                bytes.resize(came.len(), 0);
                comes.give(*id, bytes);
                Call::StreamBytes(*id, bytes)
            }
            Call::Command(command) => Call::Command(command.redacted(buffers, &mut |lent| renames.apply(lent))),
            Call::Timeout
            | Call::Order(_)
            | Call::StreamOpened(_)
            | Call::StreamClosed(_)
            | Call::Transmit(..)
            | Call::StreamRequest(_)
            | Call::Stream(..)
            | Call::Event(_)
            | Call::Retain(_) => call.clone(),
        };
        self.check(twins.first.steps())?;
        Ok(other)
    }

    /// Whether both have answered the same, but for the contents.
    fn compare_answers(&mut self, twins: &Twins, given: Given, outcome: &Outcome) -> Result<(), RedactError> {
        let Outcome { call, recorded, replayed, given: other } = outcome;
        let has_contents = matches!(*call, "poll_transmit" | "poll_stream" | "poll_event");
        let same = if has_contents { recorded.len == replayed.len } else { recorded == replayed };
        if !same {
            return Err(twins.differ(call));
        }
        let renames = &mut self.renames;
        match (given, other) {
            (Given::Nothing, Given::Nothing) => {}
            (Given::Event(mut first), Given::Event(second)) => {
                first.redact(&mut |lent| renames.apply(lent));
                if first != *second {
                    return Err(twins.differ("something else is reported"));
                }
            }
            (Given::Nothing | Given::Event(_), _) => return Err(twins.differ("something else is reported")),
        }
        if *call == "poll_transmit" && !self.is_sent_by_both(twins) {
            return Err(twins.differ("something else is sent"));
        }
        self.check(twins.first.steps())
    }

    /// Whether the last packet is the same one with other contents.
    fn is_sent_by_both(&mut self, Twins { first, second }: &Twins) -> bool {
        let (Some((transmit, packet)), Some((other, same))) = (first.sent(), second.sent()) else {
            return first.sent().is_none() && second.sent().is_none();
        };
        let (mut packet, mut same) = (packet.to_vec(), same.to_vec());
        first.node().redact_datagram(&mut packet, &mut |lent| self.renames.apply(lent));
        // What a later release says is blanked in both.
        second.node().redact_datagram(&mut same, &mut |_| {});
        transmit == other && packet == same
    }
}
