//! The bytes with which two nodes of one identity meet.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use alloc::vec::Vec;

use expect_test::expect;

use super::golden::{CLUSTER, hex_of, sender};
use super::*;
use crate::vocab::Cookie;

fn written(step: Step) -> Vec<u8> {
    let claim = Claim { born: 1 << 40, instance: 0x0102_0304_0506_0708, doubted: true, step };
    let mut buffer = [0xee; 512];
    let mut writer = Writer::begin(&mut buffer, CLUSTER, &sender()).expect("frame and sender fit");
    assert!(writer.body(&Body::Claim(claim)), "it fits");
    let len = writer.finish();
    assert_eq!(Datagram::decode(&buffer[..len], CLUSTER).expect("valid").body, Body::Claim(claim));
    buffer[..len].to_vec()
}

#[test]
fn the_bytes_are_pinned() {
    let (echo, cookie) = (Cookie([0xaa; 8]), Cookie([0xbb; 8]));
    let verdict = Step::Verdict { echo, you_stop: true, by_birth: false };
    let ask = written(Step::Ask { cookie });
    let all = [("ask", ask.clone()), ("answer", written(Step::Answer { echo, cookie })), ("verdict", written(verdict))];
    assert!(all.iter().all(|(_, bytes)| bytes.len() <= 3 * ask.len()), "nobody is answered with more than thrice");
    expect![[r#"
        ask
        716e01000102030420bbfe4c011b0102030405060708090a0b0c0d0e0f10ac02
        0211223344556677882319808080808020888e98a8c0e08081010100bbbbbbbb
        bbbbbbbb
        answer
        716e010001020304a7e7edb5011b0102030405060708090a0b0c0d0e0f10ac02
        0211223344556677882321808080808020888e98a8c0e08081010101aaaaaaaa
        aaaaaaaabbbbbbbbbbbbbbbb
        verdict
        716e01000102030492b1c5bc011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788231b808080808020888e98a8c0e08081010102aaaaaaaa
        aaaaaaaa0100
    "#]]
    .assert_eq(&hex_of(&all));
}
