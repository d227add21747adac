//! What holds between rooms at every moment?

use crate::vocab::{Health, Slot};

use super::Node;

impl Node {
    /// Asserts every invariant that spans rooms. Walks over all members: for tests and simulators.
    ///
    /// # Panics
    /// When one does not hold, which is a mistake in this crate.
    pub fn check(&self) {
        self.membership.check();
        self.suspicions.check();
        self.cold.state.check();
        self.cold.waits.check();
        self.check_beating();
        self.check_cases();
        self.check_contacts();
        self.check_streams();
        self.check_mail();
        self.check_pings();
        self.check_notes();
        self.check_addresses();
        self.check_links();
        self.check_standing();
        self.deadlines.check();
        assert_eq!(self.state_sum, self.cold.state.fingerprint(), "the sum is that of the copies");
        for slot in self.membership.slots() {
            let suspect = self.membership.health(slot) == Health::Suspect;
            assert_eq!(suspect, self.suspicions.is_open(slot), "a suspect has an open suspicion, and nobody else");
            assert!(self.allows(self.membership.addr(slot)), "nobody is a member whose address is not allowed");
        }
        let own = self.membership.record(Slot::SELF);
        assert_eq!((own.id, own.incarnation), (self.id, self.incarnation), "the first row is the node itself");
        assert!(matches!(own.health, Health::Alive | Health::Left), "nobody suspects itself");
    }
}
