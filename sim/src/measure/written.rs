//! What was written to a key, and which of the writes does somebody show?
//!
//! Versions start again when an owner loses its map, so that a write is known by version and content.

use quidnunc_core::stable_hash;

/// What somebody shows of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// No value.
    Nothing,
    /// No value any more, because the time of the write with this place was over.
    Ended(u32),
    /// The value of the write with this place.
    Value(u32),
    /// A value that nobody wrote.
    Foreign,
}

impl Shown {
    pub(super) const fn is_value(self) -> bool {
        matches!(self, Self::Value(_) | Self::Foreign)
    }
}

/// What happened to a key at its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It got a value, of which this is the hash.
    Put(u64),
    Deleted,
    /// The owner lost its map.
    Lost,
}

/// One thing that happened to a key.
#[derive(Debug, Clone, Copy)]
struct Write {
    at: u64,
    version: u64,
    kind: Kind,
}

/// Everything that happened to one key.
#[derive(Debug)]
pub(super) struct Written {
    writes: Vec<Write>,
    /// The first one of the owner's present life.
    life: usize,
    /// The first one behind the last that left nothing.
    run: usize,
    /// What the owner shows.
    truth: Shown,
}

/// What an observer's report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// What it shows now.
    pub(super) shown: Shown,
    /// The place of the write that it is as new as, if it is one of its owner's present life or a value.
    pub(super) up_to: Option<usize>,
}

impl Default for Written {
    fn default() -> Self {
        Self { writes: Vec::new(), life: 0, run: 0, truth: Shown::Nothing }
    }
}

impl Written {
    pub(super) const fn len(&self) -> usize {
        self.writes.len()
    }

    /// The owner writes; `None` is a deletion.
    pub(super) fn write(&mut self, version: u64, value: Option<&[u8]>, now: u64) {
        let kind = value.map_or(Kind::Deleted, |value| Kind::Put(hash_of(value)));
        self.push(Write { at: now, version, kind });
    }

    /// The owner starts with an empty memory.
    pub(super) fn lose(&mut self, now: u64) {
        if self.truth != Shown::Nothing {
            self.push(Write { at: now, version: 0, kind: Kind::Lost });
        }
        self.life = self.writes.len();
    }

    fn push(&mut self, write: Write) {
        self.writes.push(write);
        if let Kind::Put(_) = write.kind {
            self.truth = Shown::Value(number_of(self.writes.len() - 1));
        } else {
            (self.truth, self.run) = (Shown::Nothing, self.writes.len());
        }
    }

    /// The owner's value comes to its end.
    pub(super) fn end(&mut self) {
        if let Shown::Value(place) = self.truth {
            self.truth = Shown::Ended(place);
        }
    }

    /// What an observer shows who reports this.
    pub(super) fn told(&self, version: u64, value: Option<&[u8]>) -> Told {
        let Some(value) = value else { return self.told_nothing(version) };
        let is_it = |write: &Write| (write.version, write.kind) == (version, Kind::Put(hash_of(value)));
        let place = self.writes.iter().rposition(is_it);
        Told { shown: place.map_or(Shown::Foreign, |place| Shown::Value(number_of(place))), up_to: place }
    }

    /// A key vanishes because it was deleted, because its time is over, or with the whole map.
    fn told_nothing(&self, version: u64) -> Told {
        let last = self.writes[self.life..].iter().rposition(|write| write.version <= version);
        let Some(place) = last.map(|place| self.life + place) else {
            return Told { shown: Shown::Nothing, up_to: None };
        };
        let write = self.writes[place];
        match write.kind {
            Kind::Put(_) if write.version == version => {
                Told { shown: Shown::Ended(number_of(place)), up_to: Some(place) }
            }
            Kind::Put(_) => Told { shown: Shown::Nothing, up_to: None },
            Kind::Deleted | Kind::Lost => Told { shown: Shown::Nothing, up_to: Some(place) },
        }
    }

    /// Whether the owner shows a value.
    pub(super) const fn has_value(&self) -> bool {
        self.truth.is_value()
    }

    /// Whether to show this is to show what the owner shows. Where a value ends a little earlier than at its owner,
    /// or a little later, nothing is wrong.
    fn is_right(&self, shown: Shown) -> bool {
        let about = |shown| match shown {
            Shown::Value(place) | Shown::Ended(place) => Some(place),
            Shown::Nothing | Shown::Foreign => None,
        };
        let none_here = !shown.is_value() && !self.has_value();
        none_here || (about(shown).is_some() && about(shown) == about(self.truth))
    }

    /// When the first thing happened that whoever shows this has not seen; `None` if it is right.
    pub(super) fn lacks_since(&self, shown: Shown) -> Option<u64> {
        if self.is_right(shown) {
            return None;
        }
        let next = match shown {
            Shown::Nothing => self.run,
            Shown::Ended(place) => self.run.max(place as usize + 1),
            Shown::Value(place) => place as usize + 1,
            Shown::Foreign => 0,
        };
        let write = self.writes.get(next).or(self.writes.last());
        Some(write.map_or(0, |write| write.at))
    }
}

fn number_of(place: usize) -> u32 {
    u32::try_from(place).expect("a key is written fewer than 2^32 times")
}

fn hash_of(value: &[u8]) -> u64 {
    stable_hash(0, value)
}

#[cfg(test)]
mod tests {
    use super::Shown::{Ended, Foreign, Nothing, Value};
    use super::*;

    fn told(shown: Shown, place: usize) -> Told {
        Told { shown, up_to: Some(place) }
    }

    #[test]
    fn who_lacks_writes_lacks_them_since_the_first() {
        let mut key = Written::default();
        let lacks = |key: &Written, shown: [Shown; 3]| shown.map(|shown| key.lacks_since(shown));
        assert_eq!(key.lacks_since(Nothing), None);
        key.write(4, Some(b"a"), 10);
        key.write(6, Some(b"b"), 20);
        key.write(7, Some(b"c"), 30);
        assert_eq!(lacks(&key, [Nothing, Value(0), Value(1)]), [Some(10), Some(20), Some(30)]);
        assert_eq!(key.lacks_since(Value(2)), None);
        key.write(9, None, 40);
        assert_eq!(lacks(&key, [Nothing, Value(0), Value(2)]), [None, Some(20), Some(40)]);
        key.write(10, Some(b"d"), 50);
        assert_eq!(lacks(&key, [Nothing, Value(2), Value(4)]), [Some(50), Some(40), None]);
        assert_eq!(lacks(&key, [Foreign, Ended(2), Ended(4)]), [Some(10), Some(50), None]);
    }

    #[test]
    fn a_report_is_a_write_or_the_end_of_one_or_of_nobody() {
        let mut key = Written::default();
        key.write(4, Some(b"a"), 10);
        key.write(6, None, 20);
        key.write(8, Some(b"c"), 30);
        assert_eq!(key.told(4, Some(b"a")), told(Value(0), 0));
        assert_eq!(key.told(4, Some(b"c")), Told { shown: Foreign, up_to: None }, "nobody wrote that");
        let reports = [told(Ended(0), 0), told(Nothing, 1), told(Nothing, 1), told(Ended(2), 2)];
        assert_eq!([4, 6, 7, 8].map(|version| key.told(version, None)), reports);
        assert_eq!(key.told(9, None), Told { shown: Nothing, up_to: None }, "the whole map went");
    }

    #[test]
    fn a_value_may_end_earlier_or_later_than_at_its_owner() {
        let mut key = Written::default();
        key.write(1, Some(b"a"), 10);
        assert_eq!((key.lacks_since(Nothing), key.lacks_since(Ended(0))), (Some(10), None));
        key.end();
        assert_eq!([Nothing, Ended(0), Value(0)].map(|shown| key.lacks_since(shown)), [None; 3]);
        key.write(2, Some(b"b"), 20);
        assert_eq!([Nothing, Ended(0), Value(0)].map(|shown| key.lacks_since(shown)), [Some(10), Some(20), Some(20)]);
        key.write(3, None, 30);
        assert_eq!([Nothing, Ended(0), Value(0)].map(|shown| key.lacks_since(shown)), [None, None, Some(20)]);
    }

    #[test]
    fn a_lost_map_begins_again_with_low_versions() {
        let mut key = Written::default();
        key.write(1, Some(b"a"), 10);
        key.lose(20);
        assert_eq!((key.lacks_since(Value(0)), key.lacks_since(Nothing)), (Some(20), None));
        key.write(1, Some(b"b"), 30);
        assert_eq!((key.told(1, Some(b"a")), key.told(1, Some(b"b"))), (told(Value(0), 0), told(Value(2), 2)));
        assert_eq!([Value(0), Nothing].map(|shown| key.lacks_since(shown)), [Some(20), Some(30)]);
        assert_eq!(key.told(0, None), Told { shown: Nothing, up_to: None });
    }
}
