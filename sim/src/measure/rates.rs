//! How many bytes and packets does a node send per second? One sample per node and full window after the
//! warm-up, in which the node ran from beginning to end.

use crate::stats::Samples;

/// What one node sent in the present window.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    bytes: u32,
    packets: u32,
    /// Started or stopped within the window.
    partial: bool,
}

/// The rates of all nodes.
#[derive(Debug)]
pub(super) struct Rates {
    first_window_end_ns: u64,
    window: Vec<Sent>,
    pub(super) bytes: Samples,
    pub(super) packets: Samples,
}

impl Rates {
    pub(super) fn new(nodes: u32, warmup_ns: u64) -> Self {
        let first_window_end_ns = warmup_ns.saturating_add(1_000_000_000);
        let window = vec![Sent::default(); nodes as usize];
        Self { first_window_end_ns, window, bytes: Samples::default(), packets: Samples::default() }
    }

    pub(super) fn on_sent(&mut self, node: u32, bytes: usize) {
        let sent = &mut self.window[node as usize];
        sent.bytes = sent.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        sent.packets += 1;
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
                self.bytes.record(u64::from(sent.bytes));
                self.packets.record(u64::from(sent.packets));
            }
        }
    }
}
