//! Who reads a wrapped key?

use crate::seal::{Key, KeyRing};

fn key(byte: u8, len: usize) -> Key {
    Key::new(&[byte; 32][..len]).expect("a key has such a length")
}

#[test]
fn a_wrapped_key_comes_out_where_the_wrapping_one_is_and_nowhere_else() {
    let (ring, stranger) = (KeyRing::new(key(1, 16)), KeyRing::new(key(2, 16)));
    for len in [16, 24, 32] {
        let wrapped = ring.wrap(&key(7, len), &[3; 16]).expect("it has a used key");
        assert!(!wrapped.windows(8).any(|window| window == [7; 8]), "nothing of it shows");
        assert_eq!(ring.unwrap(&wrapped).expect("it is whole").secret(), &[7; 32][..len]);
        assert!(stranger.unwrap(&wrapped).is_none());
        for place in 0..wrapped.len() {
            let mut flipped = wrapped.clone();
            flipped[place] ^= 1;
            assert!(ring.unwrap(&flipped).is_none(), "byte {place}");
            assert!(ring.unwrap(&wrapped[..place]).is_none(), "{place} bytes");
        }
    }
    assert!(KeyRing::empty().wrap(&key(7, 16), &[3; 16]).is_none());
}
