//! What came out of a world, as lines that can be compared and read.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{Event, Evidence, Instant, MemberChange, NodeId, Purpose};

use super::{addr_of, id_of};

/// Something that a peer put out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Out {
    Packet { to: SocketAddr, purpose: Purpose, bytes: Vec<u8> },
    Event(Event),
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: Duration,
    pub(crate) peer: usize,
    pub(crate) out: Out,
}

/// The number by which a peer is called, found by what `of` gives for it.
fn number<T: PartialEq>(of: impl Fn(usize) -> T, wanted: &T) -> String {
    (0..100).find(|&peer| of(peer) == *wanted).map_or_else(|| "?".into(), |peer| (peer + 1).to_string())
}

fn name(id: NodeId) -> String {
    number(id_of, &id)
}

impl Line {
    /// The same with the instants in it counted from another one: where they began says nothing.
    pub(crate) fn since(mut self, epoch: Instant) -> Self {
        if let Out::Event(Event::Member(MemberChange { evidence: Some(evidence), .. })) = &mut self.out {
            let Evidence { probe, last_chance, heard, .. } = &mut **evidence;
            let questions = probe.iter_mut().chain(last_chance);
            let asked = questions.flat_map(|question| question.sent.iter_mut().chain([&mut question.until]));
            asked.chain(heard).for_each(|at| *at = Instant::from_nanos(at.as_nanos() - epoch.as_nanos()));
        }
        self
    }

    /// Bytes of a packet that is about maps; 0 of anything else.
    pub(crate) fn state_bytes(&self) -> usize {
        match &self.out {
            Out::Packet { purpose: Purpose::State, bytes, .. } => bytes.len(),
            Out::Packet { .. } | Out::Event(_) => 0,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t={:.3}s {}", self.at.as_secs_f64(), self.peer + 1)?;
        match &self.out {
            Out::Packet { to, purpose, bytes } => {
                write!(f, "→{} {purpose:?} {}B", number(addr_of, to), bytes.len())
            }
            Out::Event(Event::Member(MemberChange { id, incarnation, health, was, reason, hops, .. })) => {
                let was = was.map_or_else(|| "nothing".into(), |was| format!("{was:?}"));
                let who = name(*id);
                write!(f, " * {who} is {health:?} at {incarnation}, was {was}: {reason:?}, {hops} hops")
            }
            Out::Event(event) => write!(f, " * {event:?}"),
        }
    }
}

/// Asserts that two logs are equal, and shows where they part.
#[track_caller]
pub(crate) fn assert_same<'a>(
    what: &str,
    one: impl IntoIterator<Item = &'a Line>,
    other: impl IntoIterator<Item = &'a Line>,
) {
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut before = String::new();
    loop {
        match (one.next(), other.next()) {
            (None, None) => return,
            (Some(a), Some(b)) if a == b => before = a.to_string(),
            (a, b) => {
                let show =
                    |line: Option<&Line>| line.map_or_else(|| "nothing".into(), |l| format!("{l}   {:?}", l.out));
                panic!("{what}\n  after {before}\n  one:   {}\n  other: {}", show(a), show(b));
            }
        }
    }
}
