//! Sealed streams under any bytes, cut anywhere: what was said comes out, or an error, and never anything else.

use proptest::prelude::*;
use quidnunc_core::seal::{KeyRing, Mode};

use super::ends::{End, connected, seal, seal_with};
use super::fuzz;
use super::party::key;

/// Cuts bytes at these places.
fn pieces<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = bytes.split_at(cut % (bytes.len() + 1));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

proptest! {
    #[test]
    fn any_cut_of_the_bytes_gives_the_same(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40_000), 0..4),
        cuts in prop::collection::vec(0..50_000_usize, 0..12),
        small in prop::collection::vec(0..9_usize, 0..60),
    ) {
        let (mut a, mut b) = (End::opener(seal(1)), End::accepter(seal(2)));
        let hello = a.hello();
        for piece in pieces(&hello, &small) {
            prop_assert_eq!(b.hear(piece), Ok(vec![]));
        }
        let hello = b.hello();
        for piece in pieces(&hello, &small) {
            prop_assert_eq!(a.hear(piece), Ok(vec![]));
        }
        let said: Vec<u8> = texts.iter().flat_map(|text| a.say(text)).collect();
        let mut heard = Vec::new();
        for piece in pieces(&said, &[&small[..], &cuts].concat()) {
            heard.extend(b.hear(piece).unwrap());
        }
        prop_assert_eq!(heard, texts.concat());
    }

    #[test]
    fn a_plain_stream_comes_through_however_it_is_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        begins_alike in 0..4_usize,
        cuts in prop::collection::vec(0..9_usize, 0..20),
    ) {
        let bytes = [&b"qns"[..begins_alike], &[0], &bytes].concat();
        let mut b = End::accepter(seal_with(2, Mode::Accept, KeyRing::new(key(1))));
        let mut heard = Vec::new();
        for piece in pieces(&bytes, &cuts) {
            heard.extend(b.hear(piece).unwrap());
        }
        prop_assert_eq!(heard, bytes);
    }

    #[test]
    fn whatever_is_changed_nothing_comes_out_but_the_beginning_of_what_was_said(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..100), 1..5),
        place in any::<prop::sample::Index>(),
        change in 1..=255_u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut a, mut b, _) = connected();
        let plain = texts.concat();
        let mut said: Vec<u8> = texts.iter().flat_map(|text| a.say(text)).collect();
        let place = place.index(said.len());
        said[place] ^= change;
        let (first, second) = said.split_at(cut.index(said.len()));
        let mut heard = b.hear_until_refused(first);
        heard.extend(b.hear_until_refused(second));
        prop_assert!(plain.starts_with(&heard));
        // The record that was changed did not come out.
        let untouched: usize = texts.iter().scan(0, |end, text| {
            *end += text.len() + quidnunc_core::seal::RECORD_SEAL_BYTES;
            Some((*end, text.len()))
        }).take_while(|&(end, _)| end <= place).map(|(_, len)| len).sum();
        prop_assert_eq!(heard.len(), untouched);
    }

    #[test]
    fn any_bytes_at_any_time_give_an_error_or_nothing(
        phase in 0..4_u8,
        keep in 0..70_usize,
        noise in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(0..90_usize, 0..4),
    ) {
        let (mut a, mut b, [there, back]) = connected();
        let said = a.say(b"some words, to have a record");
        let (mut victim, genuine) = match phase {
            0 => (End::accepter(seal(2)), there),
            1 => (End::opener(seal(1)), back),
            2 => (b, said),
            _ => {
                b.hear(&said).unwrap();
                let answer = b.say(b"an answer");
                (a, answer)
            }
        };
        let kept = &genuine[..keep.min(genuine.len() - 1)];
        let bytes = [kept, &noise].concat();
        prop_assume!(!bytes.starts_with(&genuine));
        for piece in pieces(&bytes, &cuts) {
            prop_assert!(victim.hear_until_refused(piece).is_empty());
        }
    }

    #[test]
    fn the_body_of_the_fuzz_target_holds(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        claim in 0..14_usize,
    ) {
        let hello = b"qns\x01\x01\x07\0\0\0key!";
        fuzz::stream(&[&hello[..claim.min(hello.len())], &bytes].concat());
    }
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/seal");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.iter().any(|file| file.ends_with("stream")), "a stream is among them");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        (0..=bytes.len()).for_each(|len| fuzz::stream(&bytes[..len]));
    }
}
