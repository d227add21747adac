//! Who votes, and who of them is seen?
//!
//! Three sources, kept apart. The *configuration* says who has how many votes and where; nobody else changes that. The
//! *roster* says who lives. *Evidence* says when somebody was heard. A voter is seen while it lives, nothing that it says
//! of its domain contradicts the configuration, and, where there is a lease, it was heard within it.
//!
//! Invariant: whoever is counted as seen has a seat, and a lapse that is due no later than its lease ends.

use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap};
use core::cmp::Reverse;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::wards::{Seat, Wards};
use crate::vocab::{Domain, Health, Incarnation, Instant, NodeId};

/// So many lapses that mean nothing any more may wait in any case.
const LAPSES_SPARE: usize = 16;

/// What the roster says of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Word {
    pub(crate) id: NodeId,
    /// In which life, and by which of its statements.
    pub(crate) incarnation: Incarnation,
    pub(crate) health: Health,
    /// Where it says that it stands; [`Domain::NONE`] contradicts nothing.
    pub(crate) domain: Domain,
}

/// Evidence that a member lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) id: NodeId,
    /// In which life.
    pub(crate) boot: u64,
    /// When: of what somebody else has heard, as much earlier than now as it says.
    pub(crate) at: Instant,
}

/// What became of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is known, or older than what is known.
    Old,
    /// The member lives, and did not before.
    Came,
    /// The member lives no more.
    Went,
    /// It lives as before, but says something else.
    Stayed,
}

/// Everything that is kept of one member.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Row {
    seat: Option<Seat>,
    said: Option<Word>,
    /// When it was heard last in its present life.
    heard: Option<Instant>,
    /// When somebody looks whether its lease has ended.
    lapse: Option<Instant>,
    /// In which round it was counted as seen last.
    seen: Option<u64>,
    is_mate: bool,
}

impl Row {
    fn lives(&self) -> bool {
        self.said.is_some_and(|said| said.health.is_live())
    }

    /// Whether it says that it stands elsewhere than the configuration says.
    fn is_misplaced(&self, domain: Domain) -> bool {
        self.lives() && self.said.is_some_and(|said| said.domain != Domain::NONE && said.domain != domain)
    }
}

/// All members of whom something is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Roll {
    own: NodeId,
    lease: Option<Duration>,
    /// What was heard until then counts for nothing.
    void: Option<Instant>,
    /// Rises when nobody is seen any more, so that no row needs to be touched.
    round: u64,
    rows: BTreeMap<NodeId, Row>,
    pub(super) wards: Wards,
    /// When somebody is to be looked at: the lapse of each row, and some that mean nothing any more. A heap, because each voter is put
    /// again once per lease, and that must not allocate.
    lapses: BinaryHeap<Reverse<(Instant, NodeId)>>,
}

impl Roll {
    pub(super) const fn new(own: NodeId, lease: Option<Duration>, wards: Wards) -> Self {
        Self { own, lease, void: None, round: 0, rows: BTreeMap::new(), wards, lapses: BinaryHeap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn knows(&self, id: NodeId) -> bool {
        self.rows.contains_key(&id)
    }

    /// Whether the configuration alone knows a member: its row goes with its seat.
    pub(super) fn is_absent(&self, id: NodeId) -> bool {
        self.rows.get(&id).is_some_and(|row| row.said.is_none())
    }

    /// What the configuration says of a member.
    pub(super) fn seat(&self, id: NodeId) -> Option<Seat> {
        self.rows.get(&id)?.seat
    }

    /// Whoever has a seat. Walks over all members.
    pub(super) fn seats(&self) -> impl Iterator<Item = (NodeId, Seat)> {
        self.rows.iter().filter_map(|(&id, row)| Some((id, row.seat?)))
    }

    /// The domain in which a member that lives says that it stands, if it says so.
    pub(super) fn said_domain(&self, id: NodeId) -> Option<Domain> {
        let row = self.rows.get(&id).filter(|row| row.lives())?;
        row.said.map(|said| said.domain).filter(|&domain| domain != Domain::NONE)
    }

    /// The domain in which a member has its seat, unless it says that it stands elsewhere.
    pub(super) fn domain(&self, id: NodeId) -> Option<Domain> {
        let row = self.rows.get(&id)?;
        row.seat.map(|seat| seat.domain).filter(|&domain| !row.is_misplaced(domain))
    }

    /// Whether a member counts as seen.
    pub(super) fn is_seen(&self, id: NodeId) -> bool {
        self.rows.get(&id).is_some_and(|row| row.seen == Some(self.round))
    }

    /// When a member was heard last, if it counts as seen.
    pub(super) fn heard(&self, id: NodeId) -> Option<Instant> {
        self.rows.get(&id).filter(|row| row.seen == Some(self.round))?.heard
    }

    /// In which life a member lives.
    pub(super) fn boot(&self, id: NodeId) -> Option<u64> {
        self.rows.get(&id)?.said.map(|said| said.incarnation.boot)
    }

    /// Whether less than a lease has passed since what was heard counted for nothing.
    pub(super) fn froze_within_lease(&self, now: Instant) -> bool {
        self.lease.is_some_and(|lease| self.void.is_some_and(|void| now < void.after(lease)))
    }

    /// Whether the roster says that a member lives.
    pub(super) fn lives(&self, id: NodeId) -> bool {
        self.rows.get(&id).is_some_and(Row::lives)
    }

    /// The roster says something of a member. Nothing that was said before it brings it back.
    pub(super) fn hear_word(&mut self, word: &Word) -> Turn {
        let row = self.rows.entry(word.id).or_default();
        let lived = row.lives();
        if let Some(said) = row.said {
            let (known, heard) = (said.incarnation, word.incarnation);
            let returns = !lived && word.health.is_live();
            let is_over = said.health.is_final() && known.boot == heard.boot;
            if heard < known || heard == known && returns || is_over {
                return Turn::Old;
            }
            if known.boot != heard.boot {
                row.heard = None;
            }
        }
        row.said = Some(*word);
        match (lived, row.lives()) {
            (false, true) => Turn::Came,
            (true, false) => Turn::Went,
            (true, true) | (false, false) => Turn::Stayed,
        }
    }

    /// A member was heard. Returns whether that is news.
    pub(super) fn hear(&mut self, Evidence { id, boot, at }: Evidence) -> bool {
        let Some(row) = self.rows.get_mut(&id).filter(|row| row.lives()) else { return false };
        let is_news = row.said.is_some_and(|said| said.incarnation.boot == boot) && row.heard < Some(at);
        if is_news {
            row.heard = Some(at);
        }
        is_news
    }

    /// A member that is seen was heard again within its lease: all there is to do, nearly always. Returns whether that is so.
    pub(super) fn renew(&mut self, Evidence { id, boot, at }: Evidence, now: Instant) -> bool {
        let Some(lease) = self.lease else { return false };
        let Some(row) = self.rows.get_mut(&id).filter(|row| row.seen == Some(self.round)) else { return false };
        let in_this_life = row.said.is_some_and(|said| said.incarnation.boot == boot);
        let Some(heard) = row.heard.filter(|&heard| in_this_life && now < heard.after(lease)) else { return false };
        row.heard = Some(heard.max(at));
        true
    }

    /// The roster has forgotten a member. Returns whether it was seen until now.
    pub(super) fn forget(&mut self, id: NodeId, now: Instant) -> bool {
        let Some(row) = self.rows.get_mut(&id) else { return false };
        (row.said, row.heard) = (None, None);
        let was_seen = self.recount(id, now);
        self.tidy(id);
        was_seen
    }

    /// Until when a member with this seat is seen, if it is now.
    fn seen_until(&self, id: NodeId, row: &Row, seat: Seat, now: Instant) -> Option<Instant> {
        if id == self.own {
            return Some(Instant::NEVER);
        }
        // Whoever has no vote need not be looked at.
        if seat.votes == 0 || !row.lives() || row.is_misplaced(seat.domain) {
            return None;
        }
        let Some(lease) = self.lease else { return Some(Instant::NEVER) };
        let heard = row.heard.filter(|&at| self.void.is_none_or(|void| void < at))?;
        Some(heard.after(lease)).filter(|&until| now < until)
    }

    /// Counts a member anew. Returns whether it is seen now and was not, or the other way round.
    pub(super) fn recount(&mut self, id: NodeId, now: Instant) -> bool {
        let Some(mut row) = self.rows.get(&id).copied() else { return false };
        let Some(seat) = row.seat else { return false };
        let until = self.seen_until(id, &row, seat, now);
        let (was_mate, was_seen) = (row.is_mate, row.seen == Some(self.round));
        row.is_mate = row.lives() && id != self.own;
        row.seen = until.map(|_| self.round);
        // A lapse that comes too early costs a look; one that would come too late is of an earlier life, and is put aside.
        let lapse = until.filter(|&until| until < Instant::NEVER && row.lapse.is_none_or(|at| until < at));
        row.lapse = lapse.or(row.lapse);
        self.rows.insert(id, row);
        if let Some(lapse) = lapse {
            self.lapses.push(Reverse((lapse, id)));
            self.drop_lapses();
        }
        if row.is_mate != was_mate {
            self.wards.set_mate(id, seat.domain, row.is_mate);
        }
        if was_seen != until.is_some() {
            self.wards.see(seat, until.is_some());
        }
        was_seen != until.is_some()
    }

    /// When the first lease may end.
    pub(super) fn next_lapse(&self) -> Instant {
        self.lapses.peek().map_or(Instant::NEVER, |&Reverse((at, _))| at)
    }

    /// Whether every lease that may have ended by now was looked at.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        self.next_lapse() > now
    }

    /// Looks at the first member whose lease may have ended. Returns whether it has.
    pub(super) fn on_lapse(&mut self, now: Instant) -> bool {
        let Some(Reverse((at, id))) = self.lapses.pop() else { return false };
        let Some(row) = self.rows.get_mut(&id).filter(|row| row.lapse == Some(at)) else { return false };
        row.lapse = None;
        self.recount(id, now)
    }

    /// Whether the lease of a member that counts as seen ended before now, and nobody has looked.
    pub(super) fn is_overdue(&self, id: NodeId, now: Instant) -> bool {
        let Some(lease) = self.lease.filter(|_| id != self.own && self.is_seen(id)) else { return false };
        self.rows.get(&id).and_then(|row| row.heard).is_some_and(|at| at.after(lease) <= now)
    }

    /// Whatever was heard is void. The node itself remains.
    pub(super) fn void(&mut self, now: Instant) {
        (self.round, self.void) = (self.round + 1, Some(now));
        self.wards.blind();
        self.recount(self.own, now);
    }

    /// The configuration says this of a member from now on; `is_active` says whether its domain is active.
    pub(super) fn set_seat(&mut self, id: NodeId, seat: Option<Seat>, is_active: bool, now: Instant) {
        let round = self.round;
        let row = self.rows.entry(id).or_default();
        if let Some(before) = row.seat {
            if row.seen == Some(round) {
                self.wards.see(before, false);
            }
            self.wards.set_mate(id, before.domain, false);
            self.wards.take(id, before);
        }
        (row.seat, row.seen, row.is_mate) = (seat, None, false);
        if let Some(seat) = seat {
            self.wards.add(id, seat, is_active);
        }
        self.recount(id, now);
        self.tidy(id);
    }

    /// Drops a row of which nothing is known any more.
    fn tidy(&mut self, id: NodeId) {
        if self.rows.get(&id).is_some_and(|row| row.seat.is_none() && row.said.is_none()) {
            self.rows.remove(&id);
            self.drop_lapses();
        }
    }

    /// Drops the lapses of rows that are gone and of earlier lives, when there are more of them than rows.
    fn drop_lapses(&mut self) {
        if self.lapses.len() > 2 * self.rows.len() + LAPSES_SPARE {
            let rows = &self.rows;
            self.lapses.retain(|&Reverse((at, id))| rows.get(&id).is_some_and(|row| row.lapse == Some(at)));
        }
    }

    /// Asserts that wards and lapses are those of the rows. Walks over all members.
    pub(super) fn check(&self) {
        let seats = self.rows.iter().filter_map(|(&id, row)| Some((id, row.seat?, self.is_seen(id), row.is_mate)));
        self.wards.check(seats);
        let lapses: BTreeSet<_> = self.lapses.iter().map(|&Reverse(lapse)| lapse).collect();
        assert!(self.lapses.len() <= 2 * self.rows.len() + LAPSES_SPARE, "what is gone is dropped");
        for (&id, row) in &self.rows {
            assert!(row.seat.is_some() || row.said.is_some(), "something is known of every member");
            assert!(row.lapse.is_none_or(|at| lapses.contains(&(at, id))), "whoever has a lapse is looked at");
            assert_eq!(row.is_mate, row.seat.is_some() && row.lives() && id != self.own, "mates live");
            if let Some(lease) = self.lease.filter(|_| self.is_seen(id) && id != self.own) {
                let until = row.heard.map(|at| at.after(lease));
                assert!(row.lapse.is_some() && row.lapse <= until, "a lease ends in time");
            }
        }
    }
}
