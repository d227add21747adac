//! Which members shall it be? Random choices among the rows.

use core::array::IntoIter;
use core::iter::Take;

use super::Membership;
use crate::vocab::{Health, Rng, Slot};

/// The most members that one choice gives.
pub(crate) const CHOICE_MAX: u32 = 16;
pub(super) const CHOICES: usize = CHOICE_MAX as usize;

impl Membership {
    /// A random other member that `wanted` accepts; gives up after a few tries, so that no call walks the roster.
    pub(crate) fn choose(&self, rng: &mut Rng, wanted: impl Fn(Slot, Health) -> bool) -> Option<Slot> {
        self.first_wanted(|| Some(Slot(rng.below(self.rows()))), wanted)
    }

    /// The first of a few draws that is another member whom `wanted` accepts.
    pub(super) fn first_wanted(
        &self,
        mut draw: impl FnMut() -> Option<Slot>,
        wanted: impl Fn(Slot, Health) -> bool,
    ) -> Option<Slot> {
        const TRIES: u32 = 12;
        (0..TRIES).find_map(|_| draw().filter(|&slot| slot != Slot::SELF && wanted(slot, self.health(slot))))
    }

    /// Up to `count` different random other members that `wanted` accepts, at most [`CHOICE_MAX`]. Among no more rows than
    /// that nobody is missed, among more those who are left last may be.
    pub(crate) fn choose_several(
        &self,
        count: u32,
        rng: &mut Rng,
        wanted: impl Fn(Slot, Health) -> bool,
    ) -> Take<IntoIter<Slot, CHOICES>> {
        if self.rows() <= CHOICE_MAX {
            return self.several_of_few(count, rng, wanted);
        }
        several(count, |earlier| self.choose(rng, |slot, health| !earlier.contains(&slot) && wanted(slot, health)))
    }

    /// The first that are wanted in a random order of all other rows.
    fn several_of_few(
        &self,
        count: u32,
        rng: &mut Rng,
        wanted: impl Fn(Slot, Health) -> bool,
    ) -> Take<IntoIter<Slot, CHOICES>> {
        let mut rows = [Slot::SELF; CHOICES];
        for (place, row) in (0..).zip(&mut rows) {
            *row = Slot(place);
        }
        let mut len = 0;
        for place in 1..self.rows() {
            if len == count as usize {
                break;
            }
            rows.swap(place as usize, (place + rng.below(self.rows() - place)) as usize);
            let slot = rows[place as usize];
            if wanted(slot, self.health(slot)) {
                rows[len] = slot;
                len += 1;
            }
        }
        rows.into_iter().take(len)
    }

    /// At most so many other rows, evenly spread from a random one on; all of them, each once, if there are no more.
    pub(crate) fn sample(&self, count: u32, rng: &mut Rng) -> impl Iterator<Item = Slot> + use<> {
        let rows = self.rows();
        let (first, step) = (rng.below(rows), (rows / count.max(1)).max(1));
        let places = (0..count.min(rows)).map(move |place| Slot((first + place * step) % rows));
        places.filter(|&slot| slot != Slot::SELF)
    }

    /// A random dead member, if the one random row that is looked at holds one.
    pub(crate) fn choose_dead(&self, rng: &mut Rng) -> Option<Slot> {
        let slot = Slot(rng.below(self.rows()));
        (self.health(slot) == Health::Dead && !self.roster.get(slot).is_vacant()).then_some(slot)
    }
}

/// Up to `count` choices, of which each is told the earlier ones; it ends with the first that finds nobody.
pub(super) fn several(count: u32, mut choose: impl FnMut(&[Slot]) -> Option<Slot>) -> Take<IntoIter<Slot, CHOICES>> {
    let mut chosen = [Slot::SELF; CHOICES];
    let mut len = 0;
    while len < (count as usize).min(CHOICES) {
        let Some(slot) = choose(&chosen[..len]) else { break };
        chosen[len] = slot;
        len += 1;
    }
    chosen.into_iter().take(len)
}
