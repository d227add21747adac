//! Published vectors through the functions that seal and derive.
//!
//! AES-GCM: McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, the cases with nonces of 96 bits.
//! HKDF: RFC 5869, appendix A, the cases with SHA-256.

use super::super::cipher::Cipher;
use super::super::key::hkdf;
use super::{frame, hex, seal};
use crate::vocab::Instant;
use alloc::vec;

const KEY: &str = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const HEAD: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const TEXT: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
    1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const BLOCK: &str = "00000000000000000000000000000000";

struct Case {
    bits: usize,
    key: &'static str,
    nonce: &'static str,
    head: &'static str,
    text: &'static str,
    sealed: &'static str,
    tag: &'static str,
}

const fn zero(bits: usize, text: &'static str, sealed: &'static str, tag: &'static str) -> Case {
    Case { bits, key: ZERO, nonce: "000000000000000000000000", head: "", text, sealed, tag }
}

const fn full(bits: usize, sealed: &'static str, tag: &'static str) -> Case {
    Case { bits, key: KEY, nonce: "cafebabefacedbaddecaf888", head: HEAD, text: TEXT, sealed, tag }
}

/// Test cases 1, 2, 4; 7, 8, 10; 13, 14, 16.
const GCM: [Case; 9] = [
    zero(128, "", "", "58e2fccefa7e3061367f1d57a4e7455a"),
    zero(128, BLOCK, "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"),
    full(
        128,
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
         21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        "5bc94fbc3221a5db94fae95ae7121a47",
    ),
    zero(192, "", "", "cd33b28ac773f74ba00ed1f312572435"),
    zero(192, BLOCK, "98e7247c07f0fe411c267e4384b0f600", "2ff58d80033927ab8ef4d4587514f0fb"),
    full(
        192,
        "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c\
         7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
        "2519498e80f1478f37ba55bd6d27618c",
    ),
    zero(256, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    zero(256, BLOCK, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
    full(
        256,
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
];

#[test]
fn aes_gcm_gives_the_published_answers() {
    for Case { bits, key, nonce, head, text, sealed, tag } in GCM {
        let cipher = Cipher::new(&hex(key)[..bits / 8]);
        let nonce = hex(nonce).try_into().expect("12 bytes");
        let (head, mut bytes) = (hex(head), hex(text));
        let made = cipher.seal(nonce, &head, &mut bytes);
        assert_eq!((bytes.clone(), made.to_vec()), (hex(sealed), hex(tag)), "AES-{bits}");
        assert!(cipher.open(nonce, &head, &mut bytes, made));
        assert_eq!(bytes, hex(text), "AES-{bits}");
        let mut other = made;
        other[15] ^= 1;
        assert!(!cipher.open(nonce, &head, &mut hex(sealed), other), "AES-{bits}: another tag");
        assert!(!cipher.open(nonce, b"another head", &mut hex(sealed), made), "AES-{bits}: another head");
    }
}

#[test]
fn hkdf_gives_the_published_answers() {
    let bytes = |from: u8, to: u8| (from..=to).collect::<vec::Vec<u8>>();
    let cases = [
        (
            vec![0x0b; 22],
            bytes(0, 0x0c),
            bytes(0xf0, 0xf9),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(0, 0x4f),
            bytes(0x60, 0xaf),
            bytes(0xb0, 0xff),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
             59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
             cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            vec![],
            vec![],
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];
    for (secret, salt, info, okm) in cases {
        let mut out = vec![0; okm.len() / 2];
        let (front, back) = info.split_at(info.len() / 2);
        hkdf(&secret, &salt, &[front, back], &mut out);
        assert_eq!(out, hex(okm));
    }
}

/// The format of a sealed datagram, pinned for ever, as another implementation of AES-GCM and HKDF makes it.
#[test]
fn a_sealed_datagram_is_pinned_for_ever() {
    let (mut seal, mut out) = (seal(0x0102, 9), [0; 200]);
    let plain = frame(b"what now?");
    let len = seal.seal(Instant::from_nanos(5), &plain, &mut out).expect("there is room");
    assert_eq!(out[..len], hex(PINNED), "{:02x?}", &out[..len]);
}

const PINNED: &str = "716e01010700000069fce946000000000000000000000000000001023310453635d2885b98b4a5c03af40e19\
    000000000000000089710e662ba1a4c6c8eff530ae205d20d2d1285057dc73496b6cc49aaf545f6a9c";
