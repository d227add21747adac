//! Does any damage whatever come to light, and does any file whatever leave the process whole?

use std::fs;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use quidnunc_core::{MapSnapshot, MapVersion, ValueView};

use super::super::format::{decode, encode};
use super::super::kept::{Kept, State};
use super::super::{Durable, FILE_BYTES_MAX};
use super::{Damage, Folder, NOW, file_of, id, kept, sample};

/// The same cases in every run. `PROPTEST_RNG_SEED` and `PROPTEST_CASES` find others.
fn cases() -> ProptestConfig {
    let default = ProptestConfig::default();
    let rng_seed = if default.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { default.rng_seed };
    ProptestConfig { rng_seed, failure_persistence: None, ..default }
}

/// What becomes of a file with these bytes.
fn opened(folder: &Folder, bytes: &[u8]) -> Kept {
    fs::write(folder.path(), bytes).unwrap();
    let (_, kept) = Durable::open(&folder.path(), id()).unwrap();
    kept
}

/// Asserts that a file is not believed in part, is told of, and lies aside byte for byte.
#[track_caller]
fn is_set_aside(folder: &Folder, bytes: &[u8]) -> Damage {
    let kept = opened(folder, bytes);
    let trouble = kept.trouble.clone().expect("damage is told");
    assert_eq!(kept, Kept { trouble: Some(trouble.clone()), ..Kept::default() });
    assert_eq!(fs::read(&trouble.aside).unwrap(), bytes);
    fs::remove_file(&trouble.aside).unwrap();
    trouble.damage
}

#[test]
fn a_file_cut_short_anywhere_is_set_aside() {
    let (folder, bytes) = (Folder::new("cut"), sample());
    assert_eq!(is_set_aside(&folder, b""), Damage::Short { bytes: 0 });
    for len in 0..bytes.len() {
        let (is, told) = (len as u64, bytes.len() as u64);
        let expected = if len < 49 { Damage::Short { bytes: len } } else { Damage::Length { bytes: is, told } };
        assert_eq!(is_set_aside(&folder, &bytes[..len]), expected);
    }
    let longer = [&bytes, b"\0".as_slice()].concat();
    let (is, told) = (longer.len() as u64, bytes.len() as u64);
    assert_eq!(is_set_aside(&folder, &longer), Damage::Length { bytes: is, told });
    assert_eq!(opened(&folder, &bytes).trouble, None);
}

#[test]
fn a_file_with_any_bit_flipped_is_set_aside() {
    let (folder, bytes) = (Folder::new("flip"), sample());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let damage = is_set_aside(&folder, &flipped);
        match bit / 8 {
            0..8 => assert_eq!(damage, Damage::Foreign),
            8 => assert!(matches!(damage, Damage::LaterVersion { .. } | Damage::Foreign), "{damage}"),
            41..49 => assert!(matches!(damage, Damage::Length { .. }), "{damage}"),
            _ => assert_eq!(damage, Damage::Checksum),
        }
    }
}

#[test]
fn blocks_that_never_reached_the_disk_are_found() {
    let folder = Folder::new("blocks");
    let big = [7_u8; 3 * 4096];
    let values = [ValueView { key: b"big", value: &big, version: 1, left: None }];
    let map = MapSnapshot { version: MapVersion { epoch: 1, version: 1, watermark: 0 }, values: &values };
    let bytes = encode(id(), 1, NOW, &State { map: Some(map), ..State::default() });
    for start in (0..bytes.len()).step_by(512) {
        let mut torn = bytes.clone();
        let end = torn.len().min(start + 512);
        torn[start..end].fill(0);
        is_set_aside(&folder, &torn);
    }
}

#[test]
fn a_length_that_is_claimed_reserves_nothing() {
    let folder = Folder::new("claims");
    for claim in [1 << 30, u64::from(u32::MAX), u64::MAX] {
        let mut bytes = sample();
        bytes[41..49].copy_from_slice(&claim.to_le_bytes());
        let (is, told) = (bytes.len() as u64, claim.saturating_add(57));
        assert_eq!(is_set_aside(&folder, &bytes), Damage::Length { bytes: is, told });
    }
}

#[test]
fn a_file_longer_than_any_is_set_aside_unread() {
    let folder = Folder::new("long");
    let mut bytes = sample();
    bytes[41..49].copy_from_slice(&FILE_BYTES_MAX.to_le_bytes());
    fs::write(folder.path(), &bytes).unwrap();
    // A hole: it takes no space.
    let len = FILE_BYTES_MAX + 57;
    fs::File::options().write(true).open(folder.path()).unwrap().set_len(len).unwrap();
    let (_, kept) = Durable::open(&folder.path(), id()).unwrap();
    assert_eq!(kept.trouble.unwrap().damage, Damage::Long { bytes: len });
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes_whatever_are_set_aside(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        is_set_aside(&Folder::new("any"), &bytes);
    }

    #[test]
    fn any_body_that_passes_the_check_gives_a_state_or_a_damage(
        kind in 0_u8..5,
        body in proptest::collection::vec(prop_oneof![3 => 0_u8..4, 1 => any::<u8>()], 0..200),
        short in -3_i32..3,
    ) {
        let claimed = u32::try_from(i32::try_from(body.len()).unwrap().saturating_add(short).max(0)).unwrap();
        let bytes = file_of(1, &[&[kind], claimed.to_le_bytes().as_slice(), &body].concat());
        match decode(&bytes, id(), NOW) {
            Ok(kept) => {
                let items = kept.peers.len() + kept.keys.len() + kept.values().len();
                prop_assert!(items <= body.len(), "{items} items of {} bytes", body.len());
                prop_assert_eq!(kept.boot, Some(1));
            }
            Err(damage) => prop_assert!(matches!(damage, Damage::Section { .. }), "{}", damage),
        }
    }

    #[test]
    fn any_state_comes_back(
        boot in any::<u64>(),
        keys in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5),
        peers in proptest::collection::vec(any::<([u8; 4], u16)>(), 0..20),
        removed in proptest::collection::vec(any::<[u8; 4]>(), 0..300),
        mode in any::<Option<u8>>(),
        values in proptest::collection::vec((any::<[u8; 3]>(), any::<Vec<u8>>(), any::<u64>()), 0..20),
    ) {
        let peers: Vec<_> = peers.into_iter().map(Into::into).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let views = values.iter().map(|(key, value, version)| ValueView { key, value, version: *version, left: None });
        let views: Vec<_> = views.collect();
        let map = MapSnapshot { version: MapVersion { epoch: 1, version: 2, watermark: 3 }, values: &views };
        let state = State { boot, peers: &peers, keys: &keys, map: Some(map), removed_keys: &removed, seal_mode: mode };
        prop_assert_eq!(decode(&encode(id(), boot, NOW, &state), id(), NOW + 1), Ok(kept(boot, &state)));
    }
}
