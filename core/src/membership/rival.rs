//! Does somebody else use this node's identity?
//!
//! Others may hold to a life of this identity at another address. It is an earlier one of this node, which is over,
//! or another node that runs. Only that address knows, so it is asked a few times; silence means the former.
//! When another instance answers, one of the two stops: the one that others do not hold to, then the one that was
//! born later, then the one with the larger number. Both compute that from the same three words.

use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, Record};

/// How often an address is asked: only a record named it, and so many questions are less than three times its datagram.
const TRIES: u8 = 2;

/// For so many pauses after a silence an older life at another address is no reason to ask again.
const QUIET_PAUSES: u32 = 40;

/// Who goes on: the smaller one. Doubts first, then births, then numbers that differ.
pub(crate) type Precedence = (bool, u64, u64);

/// An address that is being asked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Asking {
    addr: SocketAddr,
    /// What others say of this identity; nothing when a node with it asked to join here.
    heard: Option<Record>,
    tries_left: u8,
    next: Instant,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Ask whoever is at this address.
    Ask(SocketAddr),
    /// Nobody there is this node: what others hold to is over, or was never.
    Silent(Option<Record>),
}

/// What a node knows of others that use its identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rival {
    /// The boot with which this node began, and the number of this instance.
    born: u64,
    instance: u64,
    asking: Option<Asking>,
    /// Until then this node does not ask: another one that does was told that this one is not in doubt.
    sure_until: Instant,
    /// Until then older lives are not asked after.
    quiet_until: Instant,
    /// The other instance that was reported last.
    reported: Option<u64>,
}

impl Rival {
    pub(crate) const fn new(born: u64, instance: u64, now: Instant) -> Self {
        Self { born, instance, asking: None, sure_until: now, quiet_until: now, reported: None }
    }

    pub(crate) const fn instance(&self) -> u64 {
        self.instance
    }

    /// Where this node stands, when others know it or not.
    pub(crate) fn precedence(&self, known: bool) -> Precedence {
        (self.is_doubted() || !known, self.born, self.instance)
    }

    fn is_doubted(&self) -> bool {
        self.asking.is_some_and(|asking| asking.heard.is_some())
    }

    /// Others hold to another life of this identity; `older` says that it is older than this one.
    pub(crate) fn on_doubt(&mut self, heard: &Record, older: bool, now: Instant) {
        if now < self.sure_until || (older && now < self.quiet_until) {
            return;
        }
        match &mut self.asking {
            Some(asking) if asking.addr == heard.addr => {
                let newer = asking.heard.is_none_or(|known| known.incarnation < heard.incarnation);
                if newer {
                    asking.heard = Some(*heard);
                }
            }
            Some(_) => {}
            None => self.ask(heard.addr, Some(*heard), now),
        }
    }

    /// Somebody at this address uses this identity, and nobody said so.
    pub(crate) fn on_stranger(&mut self, addr: SocketAddr, now: Instant) {
        if self.asking.is_none() {
            self.ask(addr, None, now);
        }
    }

    const fn ask(&mut self, addr: SocketAddr, heard: Option<Record>, now: Instant) {
        self.asking = Some(Asking { addr, heard, tries_left: TRIES, next: now });
    }

    /// Another instance asks, and was told where this one stands: for a while that stays so.
    pub(crate) fn on_asked(&mut self, pause: Duration, now: Instant) {
        if !self.is_doubted() {
            self.sure_until = now.after(pause * u32::from(TRIES));
        }
    }

    /// An answer from this address. Returns what others hold to, if the answer was awaited.
    pub(crate) fn take_answer(&mut self, addr: SocketAddr) -> Option<Option<Record>> {
        self.asking.take_if(|asking| asking.addr == addr).map(|asking| asking.heard)
    }

    /// Whether this other instance was not reported yet.
    pub(crate) fn is_news(&mut self, instance: u64) -> bool {
        self.reported.replace(instance) != Some(instance)
    }

    pub(crate) fn take_due(&mut self, pause: Duration, now: Instant) -> Option<Due> {
        let asking = self.asking.as_mut().filter(|asking| asking.next <= now)?;
        if let Some(left) = asking.tries_left.checked_sub(1) {
            (asking.tries_left, asking.next) = (left, now.after(pause));
            return Some(Due::Ask(asking.addr));
        }
        self.quiet_until = now.after(pause * QUIET_PAUSES);
        self.asking.take().map(|asking| Due::Silent(asking.heard))
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        self.asking.map_or(Instant::NEVER, |asking| asking.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::NodeId;

    const PAUSE: Duration = Duration::from_millis(250);

    fn at(pauses: u32) -> Instant {
        Instant::from_nanos(0).after(PAUSE * pauses)
    }

    fn heard(boot: u64, port: u16) -> Record {
        Record::of_new_life(NodeId::from_u128(1), boot, SocketAddr::from(([10, 0, 0, 1], port)))
    }

    #[test]
    fn a_silent_address_is_asked_so_often_and_an_older_life_there_not_again() {
        let mut rival = Rival::new(5, 1, at(0));
        rival.on_doubt(&heard(3, 1), true, at(0));
        rival.on_doubt(&heard(4, 1), true, at(0));
        for try_made in 0..u32::from(TRIES) {
            assert_eq!(rival.take_due(PAUSE, at(try_made)), Some(Due::Ask(heard(3, 1).addr)));
            assert_eq!(rival.take_due(PAUSE, at(try_made)), None);
        }
        assert_eq!(rival.take_due(PAUSE, at(TRIES.into())), Some(Due::Silent(Some(heard(4, 1)))));
        rival.on_doubt(&heard(4, 1), true, at(4));
        assert_eq!(rival.next_deadline(), Instant::NEVER, "it has just been silent");
        rival.on_doubt(&heard(6, 2), false, at(5));
        assert_eq!(rival.next_deadline(), at(5), "a newer one is another matter");
    }

    #[test]
    fn whoever_answered_that_it_is_not_in_doubt_stands_by_that() {
        let mut rival = Rival::new(5, 1, at(0));
        assert!(!rival.precedence(true).0);
        rival.on_asked(PAUSE, at(0));
        rival.on_doubt(&heard(6, 2), false, at(1));
        assert!(!rival.precedence(true).0 && rival.precedence(false).0);
        rival.on_doubt(&heard(6, 2), false, at(3));
        assert!(rival.precedence(true).0);
        assert_eq!(rival.take_answer(heard(6, 3).addr), None);
        assert_eq!(rival.take_answer(heard(6, 2).addr), Some(Some(heard(6, 2))));
        assert_eq!(rival.take_answer(heard(6, 2).addr), None, "once");
    }
}
