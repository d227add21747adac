//! Does a node do again what it did?

use quidnunc_core::{Event, Instant, Node, Transmit};

use crate::calls::{Answer, Call, Step};
use crate::frozen::{ThawError, freeze, thaw};
use crate::play::PlayError;
use crate::tape::Opening;

/// A node that does again what another one did.
#[derive(Debug)]
pub(crate) struct Replay {
    node: Node,
    at: Instant,
    step: u64,
    buffer: Vec<u8>,
    sent: Option<Transmit>,
}

/// The node has done something else than the one that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "call {step} ({call}) gave {} bytes with the hash {:08x}, and {} bytes with {:08x} when it was recorded",
    replayed.len, replayed.hash, recorded.len, recorded.hash
)]
pub struct Differs {
    /// Which call, counted from 1.
    pub step: u64,
    /// When.
    pub at: Instant,
    /// What was called.
    pub call: &'static str,
    /// What came of it at that time.
    pub recorded: Answer,
    /// What comes of it now.
    pub replayed: Answer,
}

/// What a call gave that is of interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Nothing, or nothing but bytes.
    Nothing,
    /// Something to be reported.
    Event(Event),
}

/// What came of a call, and what came of it when it was recorded.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) call: &'static str,
    pub(crate) recorded: Answer,
    pub(crate) replayed: Answer,
    pub(crate) given: Given,
}

impl Replay {
    /// Goes on from a node.
    pub(crate) fn new(opening: &Opening<'_>) -> Result<Self, ThawError> {
        let at = Instant::from_nanos(opening.at);
        Ok(Self { node: thaw(opening.node)?, at, step: 0, buffer: Vec::new(), sent: None })
    }

    /// Goes on with a later part: with just the node that was played, where that part follows.
    pub(crate) fn reopen(self, opening: &Opening<'_>) -> Result<Self, PlayError> {
        let at = Instant::from_nanos(opening.at);
        if !opening.follows {
            return Ok(Self { step: self.step, ..Self::new(opening)? });
        }
        let (recorded, replayed) = (Answer::stream(opening.node), Answer::stream(&freeze(&self.node)));
        self.compare("freeze", recorded, replayed)?;
        Ok(Self { at, ..self })
    }

    /// Makes a call.
    pub(crate) fn step(&mut self, step: &Step<'_>) -> Result<Given, Differs> {
        let Outcome { call, recorded, replayed, given } = self.make(step);
        self.compare(call, recorded, replayed)?;
        Ok(given)
    }

    /// Makes a call, whatever comes of it.
    pub(crate) fn make(&mut self, step: &Step<'_>) -> Outcome {
        let nanos = i128::from(self.at.as_nanos()) + i128::from(step.after);
        self.at = Instant::from_nanos(u64::try_from(nanos).unwrap_or(0));
        self.step += 1;
        self.call(step)
    }

    fn compare(&self, call: &'static str, recorded: Answer, replayed: Answer) -> Result<(), Differs> {
        let differs = Differs { step: self.step, at: self.at, call, recorded, replayed };
        if recorded == replayed { Ok(()) } else { Err(differs) }
    }

    fn call(&mut self, step: &Step<'_>) -> Outcome {
        let (call, recorded, replayed, given) = match step.call {
            Call::Datagram { .. }
            | Call::Timeout
            | Call::Command(_)
            | Call::Order(_)
            | Call::StreamOpened(_)
            | Call::StreamBytes(..)
            | Call::StreamClosed(_) => {
                let input = step.call.as_input();
                let refused = input.is_some_and(|input| self.node.handle(self.at, input).is_err());
                ("handle", Answer::refusal(step.refused), Answer::refusal(refused), Given::Nothing)
            }
            Call::Transmit(size, recorded) => {
                self.make_room(size);
                let transmit = self.node.poll_transmit(self.at, &mut self.buffer);
                let replayed = Answer::transmit(transmit.as_ref(), &self.buffer);
                self.sent = transmit;
                ("poll_transmit", recorded, replayed, Given::Nothing)
            }
            Call::Stream(id, size, recorded) => {
                self.make_room(size);
                let len = self.node.poll_stream(self.at, id, &mut self.buffer);
                let replayed = Answer::stream(self.buffer.get(..len).unwrap_or_default());
                ("poll_stream", recorded, replayed, Given::Nothing)
            }
            Call::StreamRequest(recorded) => {
                let replayed = Answer::request(self.node.poll_stream_request().as_ref());
                ("poll_stream_request", recorded, replayed, Given::Nothing)
            }
            Call::Event(recorded) => {
                let event = self.node.poll_event();
                let replayed = Answer::event(event.as_ref());
                ("poll_event", recorded, replayed, event.map_or(Given::Nothing, Given::Event))
            }
            Call::Retain(ref kept) => {
                let (mut kept, mut more) = (kept.iter(), 0);
                self.node.retain_events(|_| {
                    kept.next().copied().unwrap_or_else(|| {
                        more += 1;
                        true
                    })
                });
                let replayed = Answer { len: more, hash: u32::try_from(kept.len()).unwrap_or(u32::MAX) };
                ("retain_events", Answer::default(), replayed, Given::Nothing)
            }
        };
        Outcome { call, recorded, replayed, given }
    }

    /// A buffer of just the size that the driver's had. A size that no driver has is a smaller one.
    fn make_room(&mut self, size: u32) {
        self.buffer.resize(usize::try_from(size).unwrap_or(usize::MAX).min(BUFFER_MAX), 0);
    }

    /// The node as it is now.
    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    /// The same, to be changed.
    pub(crate) const fn node_mut(&mut self) -> &mut Node {
        &mut self.node
    }

    /// The last packet, and where it went; only after a call that asked for one.
    pub(crate) fn sent(&self) -> Option<(&Transmit, &[u8])> {
        let transmit = self.sent.as_ref()?;
        Some((transmit, self.buffer.get(..transmit.len)?))
    }

    /// When the last call was made.
    pub(crate) const fn at(&self) -> Instant {
        self.at
    }

    /// How many calls were made.
    pub(crate) const fn steps(&self) -> u64 {
        self.step
    }
}

/// More than any driver takes out at once.
const BUFFER_MAX: usize = 1 << 20;
