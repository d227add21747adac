//! What does the simulator itself look at? The end of every second, and of the run.

use crate::engine::wheel::{Class, Event, order_key};
use crate::result::{Packets as PacketCounts, RunResult};

use super::{CHECKED_NODES_MAX, WINDOW_NS, Witness, World};

impl<W: Witness> World<'_, W> {
    pub(super) fn on_window(&mut self) {
        self.streams.check();
        self.measure.on_window(self.now, |node| self.cast.is_running(node));
        if let Some(progress) = self.options.progress {
            progress(self.now);
        }
        self.tell_fingerprint(self.now);
        let next = self.now + WINDOW_NS;
        self.wheel.push(Event { at: next, order: order_key(Class::Probe, 0, 0), dst: 0, what: 0 });
    }

    pub(super) fn tell_fingerprint(&self, end: u64) {
        if let Some(told) = self.options.fingerprints {
            told(end, self.cast.fingerprint());
        }
    }

    pub(super) fn finish(mut self) -> RunResult {
        self.streams.check();
        if self.scenario.has_links() {
            self.count_left_over();
        }
        let mut measure = self.measure;
        for node in self.cast.running() {
            if self.scenario.nodes.count <= CHECKED_NODES_MAX {
                node.check();
            }
            measure.add_stats(node.view().stats());
        }
        let counts = PacketCounts { in_flight: self.packets.in_use(), ..self.network.counts };
        let mut result = measure.finish(self.scenario, self.now, &self.network.bitten());
        (result.seed, result.fingerprint) = (self.seed, self.cast.fingerprint());
        (result.events, result.packets, result.bytes_sent) = (self.events, counts, self.network.bytes_sent);
        result
    }
}
