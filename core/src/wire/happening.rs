//! What does an event say? The value of the info that carries it.

use serde::{Deserialize, Serialize};

use super::body::decode;
use crate::vocab::Nonce;

/// Something that is said to everybody once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Happening<'a> {
    /// What an answer repeats, if answers are wanted, and for how many milliseconds they are.
    pub(crate) query: Option<(Nonce, u32)>,
    #[serde(borrow)]
    pub(crate) name: &'a [u8],
    #[serde(borrow)]
    pub(crate) payload: &'a [u8],
}

impl<'a> Happening<'a> {
    /// Writes it; `None` when it does not fit.
    pub(crate) fn encode<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        postcard::to_slice(self, buffer).ok().map(|written| &*written)
    }

    /// Reads it; what a later release writes behind it is skipped.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_comes_as_it_went_and_half_of_it_is_none(
            query in prop::option::of((any::<[u8; 8]>(), any::<u32>())),
            name in prop::collection::vec(any::<u8>(), 0..40),
            payload in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let query = query.map(|(nonce, window)| (Nonce(nonce), window));
            let happening = Happening { query, name: &name, payload: &payload };
            let mut buffer = [0; 128];
            let written = happening.encode(&mut buffer).expect("there is room").to_vec();
            prop_assert_eq!(Happening::decode(&written), Some(happening));
            for short in 0..written.len() {
                prop_assert_eq!(written.get(..short).and_then(Happening::decode), None);
                prop_assert!(buffer.get_mut(..short).is_some_and(|buffer| happening.encode(buffer).is_none()));
            }
        }
    }
}
