//! What was written to a key, and which of the writes does somebody show?
//!
//! Versions start again when an owner loses its map, so that a write is known by version and content.

use quidnunc_core::stable_hash;

/// What somebody shows of a key: the number of a write, counted from 1, [`NOTHING`] or [`FOREIGN`]. A value that
/// has ended counts as shown by whoever showed it.
pub(super) type Shown = u32;

/// No value.
pub(super) const NOTHING: Shown = 0;

/// A value that nobody wrote.
pub(super) const FOREIGN: Shown = u32::MAX;

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
#[derive(Debug, Default)]
pub(super) struct Written {
    writes: Vec<Write>,
    /// The first one of the owner's present life.
    life: usize,
    /// The first one behind the last that left nothing.
    run: usize,
    /// What the owner shows.
    truth: Shown,
    /// Whether the owner's value has come to its end, so that it is as right to show nothing.
    ended: bool,
}

/// What an observer's report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// What it shows now.
    pub(super) shown: Shown,
    /// The place of the write that it is as new as, if it is one of its owner's present life or a value.
    pub(super) up_to: Option<usize>,
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
        if self.truth != NOTHING {
            self.push(Write { at: now, version: 0, kind: Kind::Lost });
        }
        self.life = self.writes.len();
    }

    fn push(&mut self, write: Write) {
        self.writes.push(write);
        self.ended = false;
        if let Kind::Put(_) = write.kind {
            self.truth = number_of(self.writes.len() - 1);
        } else {
            (self.truth, self.run) = (NOTHING, self.writes.len());
        }
    }

    /// The owner's value comes to its end.
    pub(super) fn end(&mut self) {
        self.ended = self.truth != NOTHING;
    }

    /// What an observer shows who reports this.
    pub(super) fn told(&self, version: u64, value: Option<&[u8]>) -> Told {
        let Some(value) = value else { return self.told_nothing(version) };
        let is_it = |write: &Write| (write.version, write.kind) == (version, Kind::Put(hash_of(value)));
        let place = self.writes.iter().rposition(is_it);
        Told { shown: place.map_or(FOREIGN, number_of), up_to: place }
    }

    /// A key vanishes because it was deleted, because its time is over, or with the whole map.
    fn told_nothing(&self, version: u64) -> Told {
        let last = self.writes[self.life..].iter().rposition(|write| write.version <= version);
        let Some(place) = last.map(|place| self.life + place) else { return Told { shown: NOTHING, up_to: None } };
        let write = self.writes[place];
        match write.kind {
            Kind::Put(_) if write.version == version => Told { shown: number_of(place), up_to: Some(place) },
            Kind::Put(_) => Told { shown: NOTHING, up_to: None },
            Kind::Deleted | Kind::Lost => Told { shown: NOTHING, up_to: Some(place) },
        }
    }

    /// Whether to show this is to show what the owner shows.
    pub(super) const fn is_right(&self, shown: Shown) -> bool {
        shown == self.truth || (self.ended && shown == NOTHING)
    }

    /// When the first thing happened that whoever shows this has not seen; `None` if it is right.
    pub(super) fn lacks_since(&self, shown: Shown) -> Option<u64> {
        if self.is_right(shown) {
            return None;
        }
        let next = match shown {
            NOTHING => self.run,
            FOREIGN => 0,
            number => number as usize,
        };
        let write = self.writes.get(next).or(self.writes.last());
        Some(write.map_or(0, |write| write.at))
    }
}

fn number_of(place: usize) -> Shown {
    u32::try_from(place + 1).expect("a key is written fewer than 2^32 times")
}

fn hash_of(value: &[u8]) -> u64 {
    stable_hash(0, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(shown: Shown, place: usize) -> Told {
        Told { shown, up_to: Some(place) }
    }

    #[test]
    fn who_lacks_writes_lacks_them_since_the_first() {
        let mut key = Written::default();
        assert_eq!(key.lacks_since(NOTHING), None);
        key.write(4, Some(b"a"), 10);
        key.write(6, Some(b"b"), 20);
        key.write(7, Some(b"c"), 30);
        assert_eq!([NOTHING, 1, 2, 3].map(|shown| key.lacks_since(shown)), [Some(10), Some(20), Some(30), None]);
        key.write(9, None, 40);
        assert_eq!([NOTHING, 1, 3].map(|shown| key.lacks_since(shown)), [None, Some(20), Some(40)]);
        key.write(10, Some(b"d"), 50);
        assert_eq!([NOTHING, 3, 5].map(|shown| key.lacks_since(shown)), [Some(50), Some(40), None]);
        assert_eq!(key.lacks_since(FOREIGN), Some(10));
    }

    #[test]
    fn a_report_is_a_write_or_the_end_of_one_or_of_nobody() {
        let mut key = Written::default();
        key.write(4, Some(b"a"), 10);
        key.write(6, None, 20);
        key.write(8, Some(b"c"), 30);
        assert_eq!(key.told(4, Some(b"a")), value(1, 0));
        assert_eq!(key.told(4, Some(b"c")), Told { shown: FOREIGN, up_to: None }, "nobody wrote that");
        assert_eq!(
            [4, 6, 7, 8].map(|version| key.told(version, None)),
            [value(1, 0), value(NOTHING, 1), value(NOTHING, 1), value(3, 2),]
        );
        assert_eq!(key.told(9, None), Told { shown: NOTHING, up_to: None }, "the whole map went");
    }

    #[test]
    fn a_value_that_has_ended_may_be_shown_as_nothing() {
        let mut key = Written::default();
        key.write(1, Some(b"a"), 10);
        assert!(!key.is_right(NOTHING));
        key.end();
        assert!(key.is_right(NOTHING) && key.is_right(1));
        key.write(2, Some(b"b"), 20);
        assert_eq!([NOTHING, 1].map(|shown| key.lacks_since(shown)), [Some(10), Some(20)]);
    }

    #[test]
    fn a_lost_map_begins_again_with_low_versions() {
        let mut key = Written::default();
        key.write(1, Some(b"a"), 10);
        key.lose(20);
        assert_eq!((key.lacks_since(1), key.lacks_since(NOTHING)), (Some(20), None));
        key.write(1, Some(b"b"), 30);
        assert_eq!((key.told(1, Some(b"a")), key.told(1, Some(b"b"))), (value(1, 0), value(3, 2)));
        assert_eq!([1, NOTHING].map(|shown| key.lacks_since(shown)), [Some(20), Some(30)]);
        assert_eq!(key.told(0, None), Told { shown: NOTHING, up_to: None });
    }
}
