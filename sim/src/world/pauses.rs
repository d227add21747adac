//! Who stands still, since when by which fault, and what waits for them meanwhile?
//!
//! A paused process is a process: it runs, it has its memory and its socket, and it gets nothing to do. What
//! arrives lies in its socket's buffer until it goes on; what does not fit is lost, but for what belongs to a stream.
//! Where only its network stands still, its timers run, and what it has to say waits inside it.

use std::collections::{BTreeMap, VecDeque};

use crate::scenario::{FaultKind, Stops};

use super::streams::STREAM;
use super::{Witness, World};

/// How many packets a socket's buffer holds.
const QUEUE_MAX: usize = 4096;

impl<W: Witness> World<'_, W> {
    /// A node that does not run cannot stand still.
    pub(super) fn pause(&mut self, fault: usize, node: u32) {
        if !self.cast.is_running(node) {
            return;
        }
        if self.pauses.hold(node, fault) {
            self.measure.on_pause(node, self.now);
        }
        self.measure.on_stands_still(node, self.stands_still(node), self.now);
    }

    /// The process goes on: it reads what lies in its socket, then looks at its clock. The overdue timeout is
    /// an event of this instant, which comes behind every packet of the instant.
    pub(super) fn resume(&mut self, fault: usize, node: u32) {
        let queue = self.pauses.let_go(node, fault);
        self.measure.on_stands_still(node, self.stands_still(node), self.now);
        if let Some(queue) = queue {
            self.measure.on_resume(node, self.now);
            for slot in queue {
                self.deliver(node, slot);
            }
            if self.stops_network_only(fault) {
                // Now it can say what has waited.
                self.after(node);
            } else {
                self.renew_deadline(node);
            }
        }
        self.tell_configuration(node);
    }

    /// Whether a node's timers have to wait.
    pub(super) fn stands_still(&self, node: u32) -> bool {
        self.pauses.holders(node).iter().any(|&fault| !self.stops_network_only(fault))
    }

    fn stops_network_only(&self, fault: usize) -> bool {
        matches!(self.scenario.faults[fault].kind, FaultKind::Pause { stops: Stops::Network, .. })
    }

    /// A packet arrives at a node that stands still.
    pub(super) fn keep_waiting(&mut self, node: u32, slot: u32) {
        if self.pauses.keep(node, slot) {
            self.defer(node);
        } else {
            self.drop_packet(slot);
        }
    }

    /// An input has to wait for the end of a pause.
    pub(super) fn defer(&mut self, node: u32) {
        self.pauses.holders(node).iter().for_each(|&fault| self.network.bite(fault));
    }

    /// A node has stopped. Its streams end, and if it was paused, packets that waited for it are lost.
    pub(super) fn drop_waiting(&mut self, node: u32) {
        let queue = self.pauses.forget(node);
        self.hang_up_all(node);
        for slot in queue {
            if slot & STREAM == 0 {
                self.drop_packet(slot);
            } else {
                // Whoever wanted to connect is refused, and what was said before the end still goes out.
                self.deliver(node, slot);
            }
        }
    }
}

/// One node that stands still.
#[derive(Debug, Default)]
struct Pause {
    /// The faults that hold it; random picks of two faults may meet.
    held_by: Vec<usize>,
    /// Slots of packets and jobs of streams, in order of arrival.
    queue: VecDeque<u32>,
    /// How many of them are packets.
    packets: usize,
}

/// All nodes that stand still.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    paused: BTreeMap<u32, Pause>,
}

impl Pauses {
    pub(super) fn is_paused(&self, node: u32) -> bool {
        !self.paused.is_empty() && self.paused.contains_key(&node)
    }

    /// A fault takes hold of a node. Returns whether it ran freely until now.
    pub(super) fn hold(&mut self, node: u32, fault: usize) -> bool {
        let pause = self.paused.entry(node).or_default();
        pause.held_by.push(fault);
        pause.held_by.len() == 1
    }

    /// A fault lets go of a node. Returns what waits for it if nothing holds it any longer; nothing when
    /// the fault did not hold it, because it did not run or crashed meanwhile.
    pub(super) fn let_go(&mut self, node: u32, fault: usize) -> Option<VecDeque<u32>> {
        let pause = self.paused.get_mut(&node)?;
        pause.held_by.retain(|&holder| holder != fault);
        if pause.held_by.is_empty() { self.paused.remove(&node).map(|pause| pause.queue) } else { None }
    }

    /// A node crashes: its socket is gone, and its next life is not paused. Returns what waited for it.
    pub(super) fn forget(&mut self, node: u32) -> VecDeque<u32> {
        self.paused.remove(&node).map(|pause| pause.queue).unwrap_or_default()
    }

    /// Keeps a packet for a node that stands still. Returns whether it fits. What belongs to a stream always does: nodes
    /// bound their streams.
    pub(super) fn keep(&mut self, node: u32, slot: u32) -> bool {
        let pause = self.paused.get_mut(&node).expect("only a paused node keeps its packets waiting");
        let is_packet = slot & STREAM == 0;
        let fits = !is_packet || pause.packets < QUEUE_MAX;
        if fits {
            pause.queue.push_back(slot);
            pause.packets += usize::from(is_packet);
        }
        fits
    }

    /// The faults that hold a node.
    pub(super) fn holders(&self, node: u32) -> &[usize] {
        self.paused.get(&node).map_or(&[], |pause| &pause.held_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_goes_on_when_the_last_fault_lets_go() {
        let mut pauses = Pauses::default();
        assert!(pauses.hold(3, 0) && !pauses.hold(3, 1));
        assert!(pauses.keep(3, 7) && pauses.keep(3, 5));
        assert_eq!(pauses.holders(3), [0, 1]);
        assert_eq!(pauses.let_go(3, 0), None);
        assert!(pauses.is_paused(3) && !pauses.is_paused(4));
        assert_eq!(pauses.let_go(3, 1), Some([7, 5].into()), "in order of arrival");
        assert_eq!((pauses.is_paused(3), pauses.let_go(3, 1)), (false, None));
    }

    #[test]
    fn a_crash_ends_every_hold_and_a_full_buffer_takes_nothing() {
        let mut pauses = Pauses::default();
        pauses.hold(0, 2);
        assert!((0..4096).all(|slot| pauses.keep(0, slot)));
        assert!(!pauses.keep(0, 4096) && pauses.keep(0, 7 | STREAM), "a stream has a buffer of its own");
        assert_eq!((pauses.forget(0).len(), pauses.let_go(0, 2)), (4097, None));
        assert_eq!(pauses.forget(0).len(), 0);
    }
}
