//! How is a run made, and who looks on?

use quidnunc_core::{Event as NodeEvent, Purpose};
use quidnunc_record::Recorder;

/// How a run is made; nothing here but [`damaged`](Self::damaged) may change its result.
#[derive(Clone, Copy, Default)]
pub struct RunOptions<'a> {
    /// Seed of the hash maps inside the protocol.
    pub map_hash_seed: u64,
    /// Lets a node go on from its frozen bytes at every so manyeth input; 0: never.
    pub thaws_every: u32,
    /// Records what happens to one node, each of its lives anew.
    pub recorded: Option<Recording<'a>>,
    /// Told the simulated nanoseconds once per simulated second.
    pub progress: Option<&'a (dyn Fn(u64) + Sync)>,
    /// Told the end of each simulated second, and of the run, with the fingerprint of the run up to then.
    pub fingerprints: Option<&'a (dyn Fn(u64, u64) + Sync)>,
    /// What becomes of the packets that a fault damages.
    pub damaged: Damaged,
}

/// Which node is recorded, and what makes its recorders: one for each of its lives.
#[derive(Clone, Copy)]
pub struct Recording<'a> {
    /// The node's number.
    pub node: u32,
    /// Asked when the node starts.
    pub recorder: &'a (dyn Fn() -> Recorder + Sync),
}

/// What becomes of a copy of a packet that a fault damages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Damaged {
    /// It arrives, and its receiver has to find out.
    #[default]
    Arrives,
    /// It is lost. By this everybody must do what they do when it arrives, because they refuse it.
    Vanishes,
}

/// Sees everything that nodes say, as it happens: for traces and for tests against theory.
pub trait Witness {
    /// A node handed a datagram of these bytes to the network.
    fn on_sent(&mut self, _sent: Sent, _bytes: &[u8]) {}

    /// A node reported something.
    fn on_event(&mut self, _at_ns: u64, _node: u32, _event: &NodeEvent) {}
}

/// Nobody looks.
impl Witness for () {}

/// A datagram that a node handed to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// When, in nanoseconds from the start.
    pub at_ns: u64,
    /// Who sent it.
    pub from: u32,
    /// To whom.
    pub to: u32,
    /// What for.
    pub purpose: Purpose,
    /// How long it is.
    pub bytes: usize,
}
