//! What does a node report, and whom does that concern?

use quidnunc_core::{Command, Event as NodeEvent, Input, Instant};

use super::{Witness, World};

impl<W: Witness> World<'_, W> {
    /// Takes everything that a node reports. Of one that leaves only its standing matters still. Returns whether it
    /// has said that it has left.
    pub(super) fn take_reports(&mut self, node: u32) -> bool {
        let mut has_left = false;
        while let Some(event) = self.cast.poll_event(node) {
            self.witness.on_event(self.now, node, &event);
            match &event {
                NodeEvent::Standing(change) => self.measure.on_standing(node, change.to, self.now),
                NodeEvent::Left(_) => has_left = true,
                _ if self.cast.is_leaving(node) => {}
                NodeEvent::Member(change) => match self.cast.node_of(change.id, change.addr) {
                    Some(subject) => self.measure.on_change(node, subject, change, self.now),
                    None => self.measure.on_stranger(node, change, self.now),
                },
                NodeEvent::Value(change) => {
                    if let Some(owner) = self.cast.owner_of(change.owner) {
                        self.measure.on_value(node, owner, change, self.now);
                    }
                }
                NodeEvent::Info(change) => self.on_info(node, change),
                NodeEvent::Link(change) => self.on_link(node, change),
                NodeEvent::PartitionHealed(healed) => self.measure.on_healed(healed.returned),
                NodeEvent::Joined { .. }
                | NodeEvent::Refuted { .. }
                | NodeEvent::Moved { .. }
                | NodeEvent::Replicated { .. }
                | NodeEvent::NotReplicated { .. }
                | NodeEvent::Conflict(_)
                | NodeEvent::Leaving(_)
                | NodeEvent::StreamOnly { .. }
                | NodeEvent::GroupConflict(_)
                | NodeEvent::User(_)
                | NodeEvent::Answer(_)
                | NodeEvent::QueryEnded { .. }
                | NodeEvent::LinksStanding { .. }
                | NodeEvent::Lost { .. }
                | NodeEvent::Message { .. }
                | NodeEvent::Note { .. }
                | NodeEvent::Sent { .. }
                | NodeEvent::NotSent { .. }
                | NodeEvent::Pinged { .. }
                | NodeEvent::EventsLost { .. } => {}
            }
        }
        has_left
    }

    /// A fault makes a node say goodbye. It counts as gone from now on, and stops when it says that it has left. Whoever
    /// stands still hears nothing of it.
    pub(super) fn leave(&mut self, fault: usize, node: u32) {
        if self.stands_still(node) || self.cast.is_leaving(node) {
            return;
        }
        let Some(state) = self.cast.input(node, self.now, b"leave") else { return };
        if state.handle(Instant::from_nanos(self.now), Input::Command(Command::Leave)).is_ok() {
            self.cast.set_leaving(node);
            self.network.bite(fault);
            self.measure.on_leave(node, self.now);
        }
        self.after(node);
    }

    /// A node stops, in the middle of a goodbye or without a word. Returns whether it ran.
    pub(super) fn stop(&mut self, node: u32) -> bool {
        let left = self.cast.is_leaving(node);
        let Some(node_stats) = self.cast.stop(node) else { return false };
        self.drop_waiting(node);
        self.measure.add_stats(&node_stats);
        if left {
            self.measure.on_left(node, self.now);
        }
        true
    }
}
