//! What does a standing promise? Tried out on rooms that hear what a test tells them.

mod ages;
mod broken;
mod defects;
mod limits;
mod losses;
mod native;
mod properties;
mod safety;
mod settings;
mod store;
mod tables;

use alloc::vec::Vec;
use core::time::Duration;

use super::*;

const LEASE: Duration = Duration::from_secs(5);

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

const fn at(secs: u64) -> Instant {
    Instant::from_nanos(secs * 1_000_000_000)
}

const fn id(number: u32) -> NodeId {
    NodeId::from_u128(number as u128)
}

const fn zone(number: u64) -> Domain {
    Domain::from_number(number)
}

const fn voter(number: u32, votes: u32, domain: u64) -> Voter {
    Voter { id: id(number), votes, domain: zone(domain) }
}

/// Voters 0, 1, … with one vote each, in these domains.
fn voters(domains: &[u64]) -> Vec<Voter> {
    (0..).zip(domains).map(|(number, &domain)| voter(number, 1, domain)).collect()
}

fn word(number: u32, boot: u64, health: Health) -> Word {
    let incarnation = Incarnation::first(boot);
    Word { id: id(number), incarnation, health, domain: Domain::NONE }
}

/// One node's quorum, its time, and what it has told.
struct Room {
    quorum: Quorum,
    rng: Rng,
    now: Instant,
    epoch: u64,
    /// By member: in which of its lives it is.
    lives: Vec<u64>,
    changes: Vec<(Standing, Why)>,
    asked: Vec<NodeId>,
    lost: Vec<(NodeId, Loss)>,
}

impl Room {
    fn new(own: u32, settings: Settings) -> Self {
        let quorum = Quorum::new(id(own), Domain::NONE, settings).expect("the settings work");
        let (now, rng) = (at(100), Rng::new(1, id(own), 1));
        let lives = alloc::vec![1; 64];
        Self { quorum, rng, now, epoch: 0, lives, changes: Vec::new(), asked: Vec::new(), lost: Vec::new() }
    }

    /// A node that has joined a cluster of these voters, of whom nobody else lives yet.
    fn joined(own: u32, settings: Settings, voters: &[Voter], domains: &[(u64, bool)]) -> Self {
        let mut room = Self::new(own, settings);
        room.set_domains(domains).expect("nobody votes yet");
        room.set_voters(voters).expect("it can be");
        let change = room.quorum.on_self_alive(room.now);
        room.note(change);
        room
    }

    fn note(&mut self, change: Option<Change>) {
        if let Some(change) = change {
            assert_ne!(change.from, change.to, "a change changes something");
            assert_eq!(change.to, self.quorum.standing());
            self.changes.push((change.to, change.why));
        }
        self.quorum.check();
    }

    fn standing(&self) -> Standing {
        self.quorum.standing()
    }

    fn configure(&mut self, voters: Voters<'_>, domains: Option<&[(Domain, bool)]>) -> Result<(), QuorumError> {
        let change = self.quorum.configure(&Proposal { epoch: self.epoch + 1, voters, domains }, self.now)?;
        self.epoch += 1;
        self.note(change);
        Ok(())
    }

    fn set_voters(&mut self, voters: &[Voter]) -> Result<(), QuorumError> {
        self.configure(Voters::All(voters), None)
    }

    fn set_domains(&mut self, domains: &[(u64, bool)]) -> Result<(), QuorumError> {
        let domains: Vec<_> = domains.iter().map(|&(domain, is_active)| (zone(domain), is_active)).collect();
        self.configure(Voters::Same, Some(&domains))
    }

    fn tell(&mut self, word: &Word) {
        let change = self.quorum.on_member(word, self.now, &mut self.rng).expect("there is room");
        self.note(change);
    }

    /// A member begins a life, and is heard.
    fn come(&mut self, number: u32) {
        let life = &mut self.lives[number as usize];
        *life += 1;
        let word = word(number, *life, Health::Alive);
        self.tell(&word);
        self.hear(number);
    }

    fn die(&mut self, number: u32) {
        self.tell(&word(number, self.lives[number as usize], Health::Dead));
    }

    fn leave(&mut self, number: u32) {
        self.tell(&word(number, self.lives[number as usize], Health::Left));
    }

    /// A member is heard now.
    fn hear(&mut self, number: u32) {
        self.hear_at(number, self.now);
    }

    fn hear_at(&mut self, number: u32, at: Instant) {
        let evidence = Evidence { id: id(number), boot: self.lives[number as usize], at };
        let change = self.quorum.on_heard(evidence, self.now);
        self.note(change);
    }

    /// Time passes; everything that is due is done in time.
    fn wait(&mut self, time: Duration) {
        let until = self.now.after(time);
        while self.quorum.next_deadline() <= until {
            self.now = self.now.max(self.quorum.next_deadline());
            self.wake();
        }
        self.now = until;
    }

    /// Everything is done that is due by now.
    fn wake(&mut self) {
        for _ in 0..100_000 {
            if self.quorum.next_deadline() > self.now {
                return;
            }
            match self.quorum.on_deadline(self.now, &mut self.rng) {
                Some(Verdict::Standing(change)) => self.note(Some(change)),
                Some(Verdict::Ask(mate)) => self.asked.push(mate),
                Some(Verdict::Lost(id, loss)) => self.lost.push((id, loss)),
                None => self.note(None),
            }
        }
        panic!("the deadline stays in the past");
    }

    /// Time passes, and these members are heard every second.
    fn wait_hearing(&mut self, time: Duration, heard: &[u32]) {
        for _ in 0..time.as_secs() {
            self.wait(secs(1));
            heard.iter().for_each(|&number| self.hear(number));
        }
    }
}
