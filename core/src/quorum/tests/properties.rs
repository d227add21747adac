//! Random courses of everything that can happen, against a model that counts by walking over all members.

use super::*;

const MEMBERS: u32 = 6;

/// What a member is, by the book.
#[derive(Debug, Clone, Copy)]
struct Member {
    votes: u32,
    domain: u64,
    named: bool,
    lives: bool,
    boot: u64,
    heard: Option<Instant>,
}

struct Course {
    room: Room,
    rng: Rng,
    members: Vec<Member>,
    active: [bool; 3],
    void: Option<Instant>,
    enough_since: Option<Instant>,
}

impl Course {
    fn new(seed: u64, settings: Settings) -> Self {
        let rng = Rng::new(seed, id(99), 0);
        let member = Member { votes: 0, domain: 1, named: false, lives: false, boot: 1, heard: None };
        let members = alloc::vec![member; MEMBERS as usize];
        Self { room: Room::new(0, settings), rng, members, active: [false; 3], void: None, enough_since: None }
    }

    fn one(&mut self) -> u32 {
        1 + self.rng.below(MEMBERS - 1)
    }

    fn sees(&self, number: usize) -> bool {
        let member = self.members[number];
        let fresh = |lease| {
            let heard = member.heard.filter(|&at| self.void.is_none_or(|void| void < at));
            heard.is_some_and(|at| self.room.now < at.after(lease))
        };
        number == 0 || member.lives && self.room.quorum.settings.lease.is_none_or(fresh)
    }

    /// Whether what is seen is enough, counted anew.
    fn enough(&self) -> bool {
        let provider = self.room.quorum.settings.provider;
        let named = || self.members.iter().enumerate().filter(|(_, member)| member.named);
        let index = |domain: u64| usize::try_from(domain - 1).expect("few");
        let counts = |member: &Member| !provider.is_by_domain() || self.active[index(member.domain)];
        if named().count() == 0 || provider.is_by_domain() && !counts(&self.members[0]) {
            return false;
        }
        let sum = |wanted: &dyn Fn(usize, &Member) -> bool| -> u32 {
            named().filter(|&(number, member)| counts(member) && wanted(number, member)).map(|(_, it)| it.votes).sum()
        };
        if provider != Provider::MajorityOfDomains {
            return sum(&|number, _| self.sees(number)) > sum(&|_, _| true) / 2;
        }
        let votes = |zone, seen: bool| sum(&|number, it| it.domain == zone && (!seen || self.sees(number)));
        let zones: Vec<u64> = (1..4).filter(|&zone| votes(zone, false) > 0).collect();
        let held = zones.iter().filter(|&&zone| votes(zone, true) > votes(zone, false) / 2).count();
        held > zones.len() / 2
    }

    fn step(&mut self) {
        let number = self.one();
        let place = number as usize;
        match self.rng.below(18) {
            0..=2 => {
                let member = &mut self.members[place];
                member.boot = self.room.lives[place] + 1;
                // Nothing of this life was heard yet.
                (member.lives, member.heard) = (true, None);
                self.enough_since = self.enough_since.filter(|_| self.enough());
                self.members[place].heard = Some(self.room.now);
                self.room.come(number);
            }
            3 => {
                (self.members[place].lives, self.members[place].heard) = (false, None);
                self.room.die(number);
            }
            4 => {
                let gone = self.rng.below(2) == 0;
                self.members[place].lives &= !gone;
                if gone {
                    self.members[place].heard = None;
                    let change = self.room.quorum.on_forgotten(id(number), self.room.now);
                    self.room.note(change);
                }
            }
            5..=10 => self.hear(number),
            11 => self.wait(),
            12 => {
                let change = self.room.quorum.on_freeze(self.room.now);
                self.room.note(change);
                self.void = Some(self.room.now);
            }
            13 => self.set_map(),
            14 | 15 => self.set_voters(),
            _ => self.speak_late(number),
        }
        self.room.wake();
    }

    fn hear(&mut self, number: u32) {
        let late = Duration::from_millis(self.rng.below(7000).into());
        let at = if self.rng.below(2) == 0 { self.room.now } else { self.room.now.before(late) };
        let member = &mut self.members[number as usize];
        if member.lives {
            member.heard = member.heard.max(Some(at));
        }
        self.room.hear_at(number, at);
    }

    /// Time passes in short steps, so that nothing is ever late.
    fn wait(&mut self) {
        for _ in 0..self.rng.below(12) {
            self.room.wait(Duration::from_millis(500));
            self.compare();
        }
    }

    /// Somebody speaks after leases may have ended, before anybody has looked, but not so late that it is a freeze.
    fn speak_late(&mut self, number: u32) {
        self.room.now = self.room.now.after(Duration::from_millis(self.rng.below(1200).into()));
        self.enough_since = self.enough_since.filter(|_| self.enough());
        match self.rng.below(3) {
            0 => self.hear(number),
            1 => {
                let live = self.members[number as usize].lives;
                let health = if live { Health::Suspect } else { Health::Dead };
                self.room.tell(&word(number, self.room.lives[number as usize], health));
            }
            _ => self.set_voters(),
        }
    }

    fn set_map(&mut self) {
        let drawn = [0, 1, 2].map(|_| self.rng.below(4) > 0);
        let map: Vec<_> = (1..).zip(drawn).collect();
        if self.room.set_domains(&map).is_ok() {
            self.active = drawn;
        }
    }

    fn set_voters(&mut self) {
        let mut drawn = self.members.clone();
        for member in &mut drawn {
            let most = self.room.quorum.settings.provider.votes_max().min(3);
            member.named = self.rng.below(4) > 0;
            (member.votes, member.domain) = (self.rng.below(most + 1), 1 + u64::from(self.rng.below(3)));
        }
        let named = (0..).zip(&drawn).filter(|(_, member)| member.named);
        let all: Vec<_> = named.map(|(number, member)| voter(number, member.votes, member.domain)).collect();
        if self.room.set_voters(&all).is_ok() {
            self.members = drawn;
        }
    }

    fn compare(&mut self) {
        let enough = self.enough();
        let report = self.room.quorum.report();
        assert_eq!(report.margin.is_some(), enough, "{report:?}");
        self.enough_since = enough.then(|| self.enough_since.unwrap_or(self.room.now));
        let settings = self.room.quorum.settings;
        let since = self.enough_since.map(|since| since.after(settings.stable_after));
        if settings.looks == Looks::Always {
            let stands = self.room.standing() == Standing::InQuorum;
            assert!(!stands || enough, "in quorum is who sees enough");
            let is_stable = since.is_some_and(|since| since.after(Duration::from_millis(500)) <= self.room.now);
            assert!(stands || !is_stable, "who has seen enough for long enough is in quorum");
        }
    }
}

#[test]
fn what_is_counted_is_what_there_is() {
    let providers = [Provider::Majority, Provider::FailureDomains, Provider::Weighted, Provider::MajorityOfDomains];
    let mut standings = [0_u32; 4];
    for seed in 0..400 {
        let provider = providers[(seed % 4) as usize];
        let profile = if seed % 8 < 4 { Settings::native() } else { Settings::quorum_store() };
        let mut course = Course::new(seed, Settings { provider, ..profile });
        for _ in 0..120 {
            course.step();
            course.compare();
            standings[course.room.standing() as usize] += 1;
        }
    }
    assert!(standings[..3].iter().all(|&count| count > 100), "the courses go everywhere: {standings:?}");
}
