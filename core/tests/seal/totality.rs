//! Any bytes: never a panic, never let in, never multiplied.

use std::cell::RefCell;

use proptest::prelude::*;
use quidnunc_core::seal::KeyRing;

use super::fuzz;
use super::party::{Party, acquainted, addr, frame, key};

/// Genuine datagrams of every kind, none of which was taken yet, and somebody who knows their sender and somebody who
/// does not.
struct Stage {
    genuine: Vec<Vec<u8>>,
    known: Party,
    stranger: Party,
}

fn stage() -> Stage {
    let (mut a, b) = acquainted();
    let (mut stranger, compress) = (Party::start(3, 1000), cfg!(feature = "lz4"));
    let mut c = Party::with(4, 1000, |config| config.compress = compress, KeyRing::new(key(1)));
    let hello = stranger.send(1001, b"hello");
    let mut genuine = vec![a.send(2000, b""), a.send(2000, &[7; 700]), c.send(2000, &[7; 700]), frame(&[7; 50])];
    genuine.extend(a.take(2000, stranger.addr, &hello).answers);
    assert_eq!(genuine.len(), 5);
    Stage { genuine, known: b, stranger }
}

thread_local! {
    static STAGE: RefCell<Stage> = RefCell::new(stage());
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/seal");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 1, "there is a corpus");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        (0..=bytes.len()).for_each(|len| fuzz::open(&bytes[..len]));
    }
}

proptest! {
    #[test]
    fn the_body_of_the_fuzz_target_holds(bytes in prop::collection::vec(any::<u8>(), 0..300), claim in 0..20_usize) {
        let sealed = b"qn\x01\x01\x07\0\0\0";
        fuzz::open(&[&sealed[..claim.min(sealed.len())], &bytes].concat());
    }

    #[test]
    fn flipped_bits_are_never_let_in(which in 0..5_usize, flips in prop::collection::vec(any::<(u16, u8)>(), 1..4)) {
        STAGE.with_borrow_mut(|stage| {
            let original = &stage.genuine[which];
            let mut bytes = original.clone();
            for (place, bit) in flips {
                let place = usize::from(place) % bytes.len();
                bytes[place] ^= 1 << (bit % 8);
            }
            prop_assume!(bytes != *original);
            for party in [&mut stage.known, &mut stage.stranger] {
                let outcome = party.take(2001, addr(1), &bytes);
                prop_assert!(outcome.refused.is_some() && outcome.frames.is_empty() && outcome.answers.is_empty());
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_bytes_are_never_let_in(
        start in 0..5_usize,
        keep in 0..140_usize,
        noise in prop::collection::vec(any::<u8>(), 0..1500),
    ) {
        STAGE.with_borrow_mut(|stage| {
            let genuine = &stage.genuine[start];
            let bytes = [&genuine[..keep.min(genuine.len())], &noise].concat();
            prop_assume!(!stage.genuine.contains(&bytes));
            for party in [&mut stage.known, &mut stage.stranger] {
                let outcome = party.take(2001, addr(1), &bytes);
                prop_assert!(outcome.refused.is_some() && outcome.frames.is_empty() && outcome.answers.is_empty());
            }
            Ok(())
        })?;
    }
}
