//! What has an application handed in, of which a recording without contents keeps nothing but its shape?

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::GRAIN_BYTES;

/// Something that an application handed in, lent so that as many other bytes take its place.
#[derive(Debug, PartialEq)]
pub enum Lent<'a> {
    /// A key, or what keys begin with. The order of keys, and which begin with which, must not change.
    Key(&'a mut [u8]),
    /// A key, or its beginning, that stays as it is.
    Kept(&'a [u8]),
    /// Something of which it only matters whether it is the same.
    Value(&'a mut [u8]),
    /// The value of an info that is text, and must be. The order of texts must not change.
    Text(&'a mut [u8]),
    /// The same of bytes.
    Record(&'a mut [u8]),
    /// A whole number. The order must not change, and neither must the length as a variable-length integer.
    Int(&'a mut i64),
    /// A number with a fraction. Its total order must not change.
    Float(&'a mut f64),
}

/// Who takes what is lent.
pub type Lend<'a> = dyn FnMut(Lent<'_>) + 'a;

/// What keys of maps begin with that are the library's own: they stay as they are, and so do their values.
const OWN_PREFIX: &[u8] = b"sys/";

/// Lends a key of a map, and what is there of its value: whole grains from its beginning or from a later one, as it is told.
pub(crate) fn lend_entry(key: &mut [u8], value: &mut [u8], lend: &mut Lend<'_>) {
    if key.starts_with(OWN_PREFIX) {
        return lend(Lent::Kept(key));
    }
    lend(Lent::Key(key));
    value.chunks_mut(GRAIN_BYTES).for_each(|grain| lend(Lent::Value(grain)));
}

/// The value of an info, to be lent.
#[derive(Debug)]
pub(crate) enum InfoMut<'a> {
    None,
    Int(&'a mut i64),
    Float(&'a mut f64),
    Text(&'a mut [u8]),
    Bytes(&'a mut [u8]),
}

/// Who takes an info that is lent: its key, and its value.
pub(crate) type LendInfo<'a> = dyn FnMut(&mut [u8], InfoMut<'_>) + 'a;

/// Which hashes stand for those of contents that others have taken the place of, so that sums go on as if they had not. Of a
/// node that was not redacted, none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Originals<T> {
    hashes: BTreeMap<u64, u64>,
    /// What has been there, while that is noted.
    #[serde(skip)]
    noted: Option<Vec<T>>,
}

impl<T> Originals<T> {
    pub(crate) const fn new() -> Self {
        Self { hashes: BTreeMap::new(), noted: None }
    }

    /// The hash that counts.
    pub(crate) fn hash(&self, hash: u64) -> u64 {
        if self.hashes.is_empty() { hash } else { self.hashes.get(&hash).copied().unwrap_or(hash) }
    }

    /// Notes from now on what counts, beginning with what is there.
    pub(crate) fn begin(&mut self, there: Vec<T>) {
        self.noted = Some(there);
    }

    /// Notes something, which is made only where that is wanted.
    pub(crate) fn note(&mut self, item: impl FnOnce() -> T) {
        if let Some(noted) = &mut self.noted {
            noted.push(item());
        }
    }

    /// The hashes of what was noted, by those of what takes its place.
    pub(crate) fn end(&mut self, hash: impl Fn(&T) -> u64, mut redact: impl FnMut(&mut T)) -> BTreeMap<u64, u64> {
        let noted = self.noted.take().unwrap_or_default().into_iter().map(|mut item| {
            let before = self.hash(hash(&item));
            redact(&mut item);
            (hash(&item), before)
        });
        noted.filter(|(after, before)| after != before).collect()
    }

    pub(crate) fn set(&mut self, hashes: &BTreeMap<u64, u64>) {
        self.hashes.clone_from(hashes);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn the_hash_of_what_was_there_counts() {
        let mut originals = Originals::new();
        originals.note(|| panic!("nobody notes yet"));
        originals.begin(vec![1_u64, 2]);
        originals.note(|| 3);
        let hashes = originals.end(|&item| item * 10, |item| *item = if *item == 2 { 2 } else { *item + 4 });
        assert_eq!(hashes.into_iter().collect::<Vec<_>>(), [(50, 10), (70, 30)], "what stays needs none");
        originals.set(&BTreeMap::from([(50, 10)]));
        assert_eq!([50, 60].map(|hash| originals.hash(hash)), [10, 60]);
    }

    #[test]
    fn a_value_is_lent_in_grains_and_what_is_the_librarys_own_stays() {
        let mut lent = Vec::new();
        let (mut key, mut value) = (*b"key", [7; 2 * GRAIN_BYTES + 1]);
        lend_entry(&mut key, &mut value, &mut |what| {
            let (Lent::Key(bytes) | Lent::Value(bytes)) = what else { panic!("{what:?}") };
            lent.push(bytes.len());
        });
        assert_eq!(lent, [3, GRAIN_BYTES, GRAIN_BYTES, 1]);
        lend_entry(&mut { *b"sys/x" }, &mut value, &mut |what| assert_eq!(what, Lent::Kept(b"sys/x")));
    }
}
