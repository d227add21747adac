//! How many bytes and packets does a node send per second, and for what? One sample per node and full window
//! after the warm-up, in which the node ran from beginning to end.

use quidnunc_core::Purpose;

use crate::stats::Samples;

/// What bytes are spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    Probe,
    Gossip,
    Join,
    Repair,
    State,
    Info,
}

impl Spent {
    const COUNT: usize = 6;

    const fn on(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Probe | Purpose::Ack | Purpose::Relay | Purpose::Heartbeat => Self::Probe,
            Purpose::Gossip => Self::Gossip,
            Purpose::Join => Self::Join,
            Purpose::Repair => Self::Repair,
            Purpose::State => Self::State,
            Purpose::Info | Purpose::Note => Self::Info,
        }
    }
}

/// What one node sent in the present window.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    bytes: [u32; Spent::COUNT],
    packets: u32,
    /// Started or stopped within the window.
    partial: bool,
}

impl Sent {
    fn spend(&mut self, on: Spent, bytes: usize) {
        let spent = &mut self.bytes[on as usize];
        *spent = spent.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }
}

/// The rates of all nodes.
#[derive(Debug)]
pub(super) struct Rates {
    first_window_end_ns: u64,
    window: Vec<Sent>,
    pub(super) bytes: Samples,
    bytes_on: [Samples; Spent::COUNT],
    pub(super) packets: Samples,
}

impl Rates {
    /// Rates of so many nodes in a run of `duration_ns`, whose first `warmup_ns` are not counted.
    pub(super) fn new(nodes: u32, warmup_ns: u64, duration_ns: u64) -> Self {
        let windows = duration_ns.saturating_sub(warmup_ns) / 1_000_000_000;
        let samples = || Samples::with_capacity(windows.saturating_mul(u64::from(nodes)));
        Self {
            first_window_end_ns: warmup_ns.saturating_add(1_000_000_000),
            window: vec![Sent::default(); nodes as usize],
            bytes: samples(),
            bytes_on: core::array::from_fn(|_| samples()),
            packets: samples(),
        }
    }

    pub(super) fn on_sent(&mut self, node: u32, bytes: usize, purpose: Purpose) {
        self.window[node as usize].spend(Spent::on(purpose), bytes);
        self.window[node as usize].packets += 1;
    }

    /// Bytes of a stream count as bytes of probes, and as no packet.
    pub(super) fn on_stream_bytes(&mut self, node: u32, bytes: usize) {
        self.window[node as usize].spend(Spent::Probe, bytes);
    }

    pub(super) fn on_start(&mut self, node: u32) {
        self.window[node as usize].partial = true;
    }

    pub(super) fn on_stop(&mut self, node: u32) {
        self.window[node as usize].partial = true;
    }

    /// A window ends at `now`.
    pub(super) fn on_window(&mut self, now: u64, is_running: impl Fn(u32) -> bool) {
        for (node, sent) in (0..).zip(&mut self.window) {
            let sent = core::mem::take(sent);
            if now >= self.first_window_end_ns && is_running(node) && !sent.partial {
                let bytes = sent.bytes.map(u64::from);
                self.bytes.record(bytes.iter().sum());
                self.bytes_on.iter_mut().zip(bytes).for_each(|(samples, bytes)| samples.record(bytes));
                self.packets.record(u64::from(sent.packets));
            }
        }
    }

    /// The bytes that were spent on one thing.
    pub(super) const fn bytes_on(&self, spent: Spent) -> &Samples {
        &self.bytes_on[spent as usize]
    }
}
