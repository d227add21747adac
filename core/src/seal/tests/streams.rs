//! The format of a sealed stream, pinned, and the end of its counters.

use super::super::SealError;
use super::super::streams::RECORD_SEAL_BYTES;
use super::{hex, seal};
use alloc::vec::Vec;

/// What another implementation of AES-GCM, HKDF and the format makes of the same keys and entropy.
const OPENER_HELLO: &str = "716e7301010700000069fce94600000000000000000000000000000001\
    a38cc953eb5c68ce7a7c7c2694c5b5c051504d299402eddc488164f6db149eeb";
const ACCEPTER_HELLO: &str = "716e7301020700000069fce94600000000000000000000000000000002\
    98f741999a510d03eb8e997a18763b114e406a47d2bcbf3c77dfbb3acda44949";
const OPENER_RECORDS: &str = "0109009cd8af24a31c872296f56cc429d96dfbd8b273c603441839da6e40e00d\
    0200002ff87ea847a81e3fbaa6ee6705ebe2e232c6fe6c";
const ACCEPTER_RECORDS: &str = "010600ff3c91a486c25293dac90c144da23e1a4b146b6fa85495209099\
    020000800a742f6e0d92dd3b00005770040543bd950692";

#[test]
fn a_sealed_stream_is_pinned_for_ever() {
    let (mut a, mut b) = (seal(1, 1), seal(2, 2));
    let (mut opened, mut accepted) = (a.open_stream(), b.accept_stream());
    let hello = opened.take_hello().expect("it speaks first");
    assert_eq!(hello[..], hex(OPENER_HELLO));
    assert_eq!(accepted.open(&mut b, &mut &hello[..]), Ok(None));
    let hello = accepted.take_hello().expect("it answers");
    assert_eq!(hello[..], hex(ACCEPTER_HELLO));
    assert_eq!(opened.open(&mut a, &mut &hello[..]), Ok(None));

    let (mut there, mut back) = (Vec::new(), Vec::new());
    opened.seal(&mut a, b"what now?", &mut there).expect("it is open");
    opened.end(&a, &mut there).expect("it is open");
    assert_eq!(there, hex(OPENER_RECORDS));
    assert_eq!(accepted.open(&mut b, &mut &there[..]), Ok(Some(&b"what now?"[..])));
    accepted.seal(&mut b, b"gossip", &mut back).expect("it is open");
    accepted.end(&b, &mut back).expect("it is open");
    assert_eq!(back, hex(ACCEPTER_RECORDS));
}

#[test]
fn no_record_number_comes_again() {
    let (mut a, mut b) = (seal(1, 1), seal(2, 2));
    let (mut opened, mut accepted) = (a.open_stream(), b.accept_stream());
    let hello = opened.take_hello().expect("it speaks first");
    assert_eq!(accepted.open(&mut b, &mut &hello[..]), Ok(None));
    let hello = accepted.take_hello().expect("it answers");
    assert_eq!(opened.open(&mut a, &mut &hello[..]), Ok(None));
    opened.skip_to_last();
    let mut out = Vec::new();
    assert_eq!(opened.seal(&mut a, b"last", &mut out), Ok(()));
    assert_eq!(out.len(), 4 + RECORD_SEAL_BYTES);
    assert_eq!(opened.seal(&mut a, b"too much", &mut out), Err(SealError::Exhausted));
    assert_eq!(opened.end(&a, &mut out), Err(SealError::Exhausted));
    assert_eq!(out.len(), 4 + RECORD_SEAL_BYTES, "nothing was put there");
}
