//! Which value has a copy come to the middle of?
//!
//! Versions of one value follow each other without a gap, so there is one such value at most: the last thing that the
//! copy has come to. It is invisible until it is whole, and given up when the copy comes further without it, because
//! then the key stands for something else by now.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::judge::Refusal;
use crate::vocab::{Content, GRAIN_BYTES, Item, Lend, grains, lend_entry};

/// The beginning of a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tip {
    key: Box<[u8]>,
    /// The version of its first grain.
    first: u64,
    /// Whole grains.
    bytes: Vec<u8>,
}

/// How much of a value is there, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach<'a> {
    key: &'a [u8],
    first: u64,
    len: usize,
}

impl<'a> Reach<'a> {
    /// What is there once an item has followed.
    ///
    /// # Errors
    /// [`Refusal::Gap`] if it goes on with a value of which the beginning is not there.
    pub(super) fn follow(before: Option<Self>, item: &Item<'a>) -> Result<Option<Self>, Refusal> {
        let (offset, bytes) = item.bytes();
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        // What has no beginning of its own begins so many versions before.
        let first = item.start().checked_sub((offset / GRAIN_BYTES) as u64).ok_or(Refusal::Gap)?;
        let goes_on = |before: &Self| before.key == item.key && before.first == first && before.len >= offset;
        if offset > 0 && !before.as_ref().is_some_and(goes_on) {
            return Err(Refusal::Gap);
        }
        let is_part = matches!(item.content, Content::Part { .. });
        Ok(is_part.then(|| Self { key: item.key, first, len: offset.saturating_add(bytes.len()) }))
    }
}

impl Tip {
    pub(super) fn reach(&self) -> Reach<'_> {
        Reach { key: &self.key, first: self.first, len: self.bytes.len() }
    }

    /// The version of its last grain.
    pub(super) fn end(&self) -> u64 {
        self.first + grains(self.bytes.len()) - 1
    }

    pub(super) fn lend(&mut self, lend: &mut Lend<'_>) {
        lend_entry(&mut self.key, &mut self.bytes, lend);
    }

    pub(super) const fn weight(&self) -> usize {
        self.key.len() + self.bytes.len()
    }

    /// What is there, as it is told on.
    pub(super) fn item(&self) -> Item<'_> {
        Item { key: &self.key, version: self.end(), content: Content::Part { offset: 0, bytes: &self.bytes } }
    }

    /// Takes one more part of a value in, which follows what is there.
    pub(super) fn extend(tip: &mut Option<Box<Self>>, item: &Item<'_>) {
        let (offset, bytes) = item.bytes();
        match tip.as_mut().filter(|_| offset > 0) {
            Some(tip) => tip.append(offset, bytes),
            None => *tip = Some(Box::new(Self { key: item.key.into(), first: item.start(), bytes: bytes.to_vec() })),
        }
    }

    /// The whole value, when its rest has come.
    pub(super) fn finish(mut self, item: &Item<'_>) -> Vec<u8> {
        let (offset, bytes) = item.bytes();
        self.append(offset, bytes);
        self.bytes
    }

    /// Spans overlap: some of it may be there.
    fn append(&mut self, offset: u32, bytes: &[u8]) {
        self.bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        self.bytes.extend_from_slice(bytes);
    }
}
