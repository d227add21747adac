//! Which keys does a sealed node begin with, and which has it removed?
//!
//! Two may know: whoever starts the node, and its file of state. What the file says comes from the node's last life, and what
//! is given may be as old as the day on which somebody wrote it down. So:
//!
//! * the file's ring stands, with the key that it seals with;
//! * a given key that is in there changes nothing;
//! * a given key that was removed from there stays away, and is named as [`withheld`](super::ClusterKeys::withheld);
//! * any other given key is installed. If it is the one that the given ring seals with, the node seals with it: so a node that
//!   has slept through a rotation is brought back by the new key;
//! * of the two modes the stricter one holds.
//!
//! With [`SealOptions::overrides`](super::SealOptions) what is given stands, whatever the file says.

use quidnunc_core::seal::{Key, KeyId, KeyRing, Mode, Seal, SealError};

use crate::durable::{Kept, KeptRing, Secret};
use crate::sealed::SealOptions;

/// So many fingerprints of removed keys are remembered.
const REMOVED_MAX: usize = 256;

/// Modes as they are kept and published, by their places.
const MODES: [Mode; 3] = [Mode::Off, Mode::Accept, Mode::Require];

/// The number of a mode, wherever it is written down.
pub(crate) const fn number_of(mode: Mode) -> u8 {
    match mode {
        Mode::Off => 0,
        Mode::Accept => 1,
        Mode::Require => 2,
    }
}

/// The mode with a number.
pub(crate) fn mode_of(number: u8) -> Option<Mode> {
    MODES.get(usize::from(number)).copied()
}

/// What a sealed node begins with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) ring: KeyRing,
    pub(crate) mode: Mode,
    pub(crate) history: History,
    /// Keys that were given and had been removed.
    pub(crate) withheld: Vec<KeyId>,
}

/// Brings together what is given and what is kept.
pub(crate) fn start(given: &SealOptions, kept: &Kept) -> Result<Start, SealError> {
    let history = History::of(kept);
    if given.overrides || kept.keys.is_empty() {
        return Ok(Start { ring: given.ring.clone(), mode: given.mode, history, withheld: Vec::new() });
    }
    let (mut ring, mut withheld) = (KeyRing::empty(), Vec::new());
    for secret in &kept.keys {
        // The first one seals.
        ring.install(Key::new(secret.bytes())?)?;
    }
    for key in given.ring.keys() {
        let id = key.id();
        if ring.fingerprints().any(|known| known == id) {
            continue;
        }
        if history.removed.contains(&id) {
            withheld.push(id);
            continue;
        }
        ring.install(key.clone())?;
        if given.ring.used() == Some(id) {
            ring.use_key(id)?;
        }
    }
    let mode = kept.seal_mode.and_then(mode_of).map_or(given.mode, |mode| mode.max(given.mode));
    Ok(Start { ring, mode, history, withheld })
}

/// What was done to a ring.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The newest last.
    removed: Vec<KeyId>,
    /// How it was when it was looked at last.
    noted: Option<(Mode, Vec<KeyId>)>,
}

impl History {
    /// That of the ring in a file.
    fn of(kept: &Kept) -> Self {
        let removed = kept.removed_keys.iter().copied().map(KeyId::from_bytes).collect();
        let ids = kept.keys.iter().filter_map(|secret| Some(Key::new(secret.bytes()).ok()?.id())).collect();
        Self { removed, noted: kept.seal_mode.and_then(mode_of).map(|mode| (mode, ids)) }
    }

    /// What is to be kept of a seal, if something of that has changed since this was asked last.
    pub(crate) fn follow(&mut self, seal: &Seal) -> Option<KeptRing> {
        let is_noted = |(mode, keys): &(Mode, Vec<KeyId>)| {
            *mode == seal.mode() && keys.len() == seal.fingerprints().len() && ids(seal).eq(keys.iter().copied())
        };
        if self.noted.as_ref().is_some_and(is_noted) {
            return None;
        }
        let present: Vec<KeyId> = ids(seal).collect();
        if let Some((_, before)) = self.noted.take() {
            self.removed.extend(before.into_iter().filter(|id| !present.contains(id)));
        }
        self.removed.retain(|id| !present.contains(id));
        let surplus = self.removed.len().saturating_sub(REMOVED_MAX);
        self.removed.drain(..surplus);
        let secret = |id: &KeyId| seal.ring().keys().find(|key| key.id() == *id).map(|key| Secret::from(key.secret()));
        let keys = present.iter().filter_map(secret).collect();
        let mode = seal.mode();
        self.noted = Some((mode, present));
        let removed = self.removed.iter().map(|id| id.to_bytes()).collect();
        Some(KeptRing { keys, removed, mode: Some(number_of(mode)) })
    }
}

/// The names of all keys, that of the one that seals first.
pub(crate) fn ids(seal: &Seal) -> impl Iterator<Item = KeyId> {
    let used = seal.used_key();
    used.into_iter().chain(seal.fingerprints().filter(move |&id| used != Some(id)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

    use quidnunc_core::seal::SealConfig;
    use quidnunc_core::{Instant, NodeId};

    use super::*;

    fn key(secret: u8) -> Key {
        Key::new(&[secret; 32]).unwrap()
    }

    fn ring(keys: &[u8]) -> KeyRing {
        let mut ring = KeyRing::empty();
        keys.iter().for_each(|&secret| ring.install(key(secret)).unwrap());
        ring
    }

    /// A file whose ring has these keys, the first of which seals, and had those.
    fn kept(keys: &[u8], removed: &[u8], mode: Mode) -> Kept {
        let secret = |&secret: &u8| Secret::from(key(secret).secret());
        Kept {
            keys: keys.iter().map(secret).collect(),
            removed_keys: removed.iter().map(|&secret| key(secret).id().to_bytes()).collect(),
            seal_mode: Some(number_of(mode)),
            ..Kept::default()
        }
    }

    /// What seals, what is in the ring, and what is withheld.
    fn begun(given: &SealOptions, kept: &Kept) -> (Option<KeyId>, Vec<KeyId>, Vec<KeyId>) {
        let start = start(given, kept).unwrap();
        (start.ring.used(), start.ring.fingerprints().collect(), start.withheld)
    }

    fn names(keys: &[u8]) -> Vec<KeyId> {
        ring(keys).fingerprints().collect()
    }

    #[test]
    fn the_file_s_ring_stands_and_what_was_removed_stays_away() {
        let given = SealOptions::new(ring(&[1]));
        let (used, kept_ring) = (Some(key(2).id()), kept(&[2, 3], &[1], Mode::Require));
        assert_eq!(begun(&given, &kept_ring), (used, names(&[2, 3]), names(&[1])), "it was rotated out");
        let unknown = kept(&[2, 1], &[], Mode::Require);
        assert_eq!(begun(&given, &unknown), (used, names(&[1, 2]), vec![]), "the file knows better which one seals");
        assert_eq!(begun(&SealOptions::new(KeyRing::empty()), &kept_ring), (used, names(&[2, 3]), vec![]));
        assert_eq!(begun(&given, &Kept::default()), (Some(key(1).id()), names(&[1]), vec![]), "a first start");
    }

    #[test]
    fn a_node_that_slept_through_a_rotation_is_brought_back_by_the_new_key() {
        let given = SealOptions::new(ring(&[2]));
        let slept = kept(&[1], &[], Mode::Require);
        assert_eq!(begun(&given, &slept), (Some(key(2).id()), names(&[1, 2]), vec![]));
        let mut second = ring(&[1, 2]);
        second.use_key(key(1).id()).unwrap();
        assert_eq!(begun(&SealOptions::new(second), &slept).0, Some(key(1).id()), "a second one only opens");
    }

    #[test]
    fn what_is_given_stands_where_it_shall() {
        let given = SealOptions { overrides: true, mode: Mode::Accept, ..SealOptions::new(ring(&[1])) };
        let file = kept(&[2, 3], &[1], Mode::Require);
        assert_eq!(begun(&given, &file), (Some(key(1).id()), names(&[1]), vec![]));
        assert_eq!(start(&given, &file).unwrap().mode, Mode::Accept);
    }

    #[test]
    fn the_stricter_mode_holds() {
        for (one, other) in [(Mode::Off, Mode::Require), (Mode::Require, Mode::Off), (Mode::Require, Mode::Accept)] {
            let given = SealOptions { mode: one, ..SealOptions::new(ring(&[1])) };
            assert_eq!(start(&given, &kept(&[1], &[], other)).unwrap().mode, Mode::Require);
        }
    }

    #[test]
    fn a_ring_that_cannot_be_is_no_ring() {
        let odd = Kept { keys: vec![[1; 5].as_slice().into()], ..Kept::default() };
        assert_eq!(start(&SealOptions::new(ring(&[1])), &odd).unwrap_err(), SealError::KeyLength { len: 5 });
        let full = kept(&[1, 2, 3, 4, 5, 6, 7, 8], &[], Mode::Off);
        assert_eq!(start(&SealOptions::new(ring(&[9])), &full).unwrap_err(), SealError::TooManyKeys);
    }

    #[test]
    fn every_change_is_noted_once_and_removed_keys_are_remembered() {
        let config = SealConfig::new(7, NodeId::from_u128(1));
        let mut seal = Seal::new(config, ring(&[1]), &[1; 32], Instant::from_nanos(1)).unwrap();
        let mut history = History::default();
        let secrets = |secrets: &[u8]| secrets.iter().map(|&it| Secret::from(&[it; 32][..])).collect::<Vec<_>>();
        let mut step = |seal: &Seal, keys: &[u8], removed: &[u8], mode: u8| {
            let removed = removed.iter().map(|&it| key(it).id().to_bytes()).collect();
            let kept = KeptRing { keys: secrets(keys), removed, mode: Some(mode) };
            assert_eq!(history.follow(seal), Some(kept));
            assert_eq!(history.follow(seal), None);
        };
        step(&seal, &[1], &[], 2);
        seal.install(key(2)).unwrap();
        step(&seal, &[1, 2], &[], 2);
        seal.use_key(key(2).id()).unwrap();
        step(&seal, &[2, 1], &[], 2);
        seal.remove(key(1).id()).unwrap();
        step(&seal, &[2], &[1], 2);
        seal.set_mode(Mode::Accept).unwrap();
        step(&seal, &[2], &[1], 1);
        seal.install(key(1)).unwrap();
        step(&seal, &[2, 1], &[], 1);
    }
}
