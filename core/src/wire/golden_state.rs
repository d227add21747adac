//! The bytes of maps: heads, spans and digests, pinned for ever, and what is wrong with those that are refused.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use alloc::vec::Vec;

use expect_test::expect;

use super::golden::{CLUSTER, COOKIE, NONCE, error, hex_of, sender, with};
use super::*;
use crate::vocab::{Content, Head, Item, Prefix, Rates, Span};

fn head(version: u64) -> HeadOf {
    HeadOf { id_hash: 0x1122_3344_5566_7788, head: Head { epoch: 1 << 40, watermark: 3, version, sum: 0xaabb_ccdd } }
}

fn items() -> [Item<'static>; 3] {
    let value = |bytes, left_ms| Content::Value { bytes, left_ms };
    [
        Item { key: b"role", version: 7, content: value(b"primary", None) },
        Item { key: b"lease", version: 8, content: value(b"", Some(30_000)) },
        Item { key: b"old", version: 300, content: Content::Gone },
    ]
}

fn groups() -> Vec<u8> {
    let mut buffer = [0; 128];
    let mut writer = HeadGroupWriter::new(&mut buffer);
    assert!(writer.try_push(Prefix { level: 3, index: 5 }, [head(9), head(10)].into_iter()), "it fits");
    assert!(writer.try_push(Prefix { level: 16, index: 0xfffe }, core::iter::empty()), "it fits");
    writer.finish().as_bytes().to_vec()
}

/// A datagram as the writer writes it.
pub(super) fn written(state: u64, write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut buffer = [0xee; 512];
    let sender = Sender { state, ..sender() };
    let mut writer = Writer::begin(&mut buffer, CLUSTER, &sender).expect("frame and sender fit");
    write(&mut writer);
    let len = writer.finish();
    let decoded = Datagram::decode(&buffer[..len], CLUSTER).expect("what is written is valid");
    assert_eq!(decoded.sender, sender);
    buffer[..len].to_vec()
}

/// One datagram of every kind that is about maps, by name.
pub(super) fn one_of_each() -> Vec<(&'static str, Vec<u8>)> {
    let groups = groups();
    let groups = heads::HeadGroups::validate(&groups).expect("whole groups");
    let sums = [1_u64, u64::MAX].map(u64::to_le_bytes).concat();
    let summary = Body::StateSummary(Summary { nonce: NONCE, exact: true, level: 7, first: 126, sums: &sums });
    let digest = Body::StateDigest(StateDigest { nonce: NONCE, cookie: COOKIE, groups });
    let ping = Body::Ping { nonce: NONCE };
    [
        ("state_summary", written(0, |writer| assert!(writer.body(&summary)))),
        ("state_digest", written(0, |writer| assert!(writer.body(&digest)))),
        (
            "ping_with_sum_and_heads",
            written(0x0102_0304_0506_0708, |writer| {
                assert!(writer.body(&ping));
                writer.open_heads(COOKIE);
                assert!(writer.head(head(5)) && writer.head(head(300)));
            }),
        ),
        (
            "asks_with_rates",
            written(0, |writer| {
                assert!(writer.rates(Rates { desired: 300, permitted: u64::MAX }));
                writer.open_asks(COOKIE);
                assert!(writer.head(head(5)));
            }),
        ),
        (
            "changes_in_parts",
            written(0, |writer| {
                let value = [b'v'; 300];
                let long =
                    Item { key: b"long", version: 9, content: Content::Value { bytes: &value, left_ms: Some(7) } };
                assert!(writer.share(-70));
                writer.open_changes();
                assert_eq!(writer.span(head(9), 6, core::iter::once(long), 230), Some(7), "a grain of three");
                let rest = long.after(8);
                assert_eq!(writer.span(head(9), 8, core::iter::once(rest), 200), Some(9));
            }),
        ),
        (
            "changes_and_more",
            written(0, |writer| {
                writer.open_changes();
                assert_eq!(writer.span(head(300), 6, items().into_iter(), 200), Some(300));
                assert_eq!(writer.span(head(301), 300, core::iter::empty(), 200), Some(301), "nothing but a version");
                writer.open_more(COOKIE);
                assert!(writer.head(head(301)));
            }),
        ),
    ]
    .into()
}

#[test]
fn every_datagram_has_these_bytes() {
    expect![[r#"
        state_summary
        716e0100010203041660a4a9011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788331c6e6f6e636536373801077e100100000000000000ff
        ffffffffffffff
        state_digest
        716e010001020304c7ee29bb011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778834456e6f6e6365363738636f6f6b69653738340305002a
        00148877665544332211ddccbbaa8080808080200309148877665544332211dd
        ccbbaa808080808020030a10feff0000
        ping_with_sum_and_heads
        716e010001020304332986c501230102030405060708090a0b0c0d0e0f10ac02
        021122334455667788080706050403020110086e6f6e636536373842b3800063
        6f6f6b69653738148877665544332211ddccbbaa808080808020030515887766
        5544332211ddccbbaa80808080802003ac02
        asks_with_rates
        716e010001020304ee8f1107011b0102030405060708090a0b0c0d0e0f10ac02
        021122334455667788470cac02ffffffffffffffffff01439d8000636f6f6b69
        653738148877665544332211ddccbbaa8080808080200305
        changes_in_parts
        716e01000102030441618653011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778848028b0144f68100148877665544332211ddccbbaa8080
        80808020030906018c008a010103008001767676767676767676767676767676
        7676767676767676767676767676767676767676767676767676767676767676
        7676767676767676767676767676767676767676767676767676767676767676
        7676767676767676767676767676767676767676767676767676767676767676
        7676767676767676767676767676767676046c6f6e67148877665544332211dd
        ccbbaa8080808080200309080138003701058002072c76767676767676767676
        7676767676767676767676767676767676767676767676767676767676767676
        7676046c6f6e67
        changes_and_more
        716e010001020304fa449d50011b0102030405060708090a0b0c0d0e0f10ac02
        02112233445566778844db8000158877665544332211ddccbbaa808080808020
        03ac0206a60225000f0101077072696d61727904726f6c650c0102b0ea010005
        6c6561736507a40200036f6c64158877665544332211ddccbbaa808080808020
        03ad02ac02010000459e8000636f6f6b69653738158877665544332211ddccbb
        aa80808080802003ad02
    "#]]
    .assert_eq(&hex_of(&one_of_each()));
}

#[test]
fn lists_come_back_as_they_were() {
    let all = one_of_each();
    let of = |name: &str| &all.iter().find(|(known, _)| *known == name).expect("there").1;
    let decoded = Datagram::decode(of("ping_with_sum_and_heads"), CLUSTER).expect("valid");
    let (cookie, heads) = decoded.heads.expect("there");
    assert!(cookie == COOKIE && heads.eq([head(5), head(300)]));
    let (cookie, asks) = Datagram::decode(of("asks_with_rates"), CLUSTER).expect("valid").asks.expect("there");
    assert!(cookie == COOKIE && asks.eq([head(5)]));
    let rates = Datagram::decode(of("asks_with_rates"), CLUSTER).expect("valid").rates;
    assert_eq!(rates, Some(Rates { desired: 300, permitted: u64::MAX }));
    assert_eq!(Datagram::decode(of("changes_in_parts"), CLUSTER).expect("valid").share, Some(-70));
    let mut changes = Datagram::decode(of("changes_and_more"), CLUSTER).expect("valid").changes;
    let (id_hash, span, read) = changes.next().expect("a span");
    assert_eq!((id_hash, span), (head(0).id_hash, Span { head: head(300).head, from: 6, to: 300 }));
    assert!(read.eq(items()));
    assert_eq!(changes.next().map(|(_, span, items)| (span.from, span.to, items.count())), Some((300, 301, 0)));
    assert!(changes.next().is_none());
    let Body::StateDigest(digest) = Datagram::decode(of("state_digest"), CLUSTER).expect("valid").body else {
        panic!("a digest");
    };
    let groups: Vec<_> = digest.groups.groups().map(|(prefix, heads)| (prefix.index, heads.count())).collect();
    assert_eq!(groups, [(5, 2), (0xfffe, 0)]);
}

#[test]
fn a_span_takes_what_fits_and_says_how_far_it_goes() {
    let mut buffer = [0xee; 1024];
    let mut ends = Vec::new();
    for room in 0..200 {
        let mut writer = Writer::begin(&mut buffer, CLUSTER, &sender()).expect("it fits");
        let empty = writer.len();
        writer.open_changes();
        let open = writer.len();
        let to = writer.span(head(400), 6, items().into_iter(), room);
        assert!(writer.len() - open <= room, "within its bytes");
        assert_eq!(to.is_none(), writer.len() == open, "all or nothing");
        ends.push(to);
        let len = writer.finish();
        assert!(to.is_some() || len == empty, "an empty list leaves no trace");
        let items = Datagram::decode(&buffer[..len], CLUSTER).expect("valid").changes.flat_map(|(_, _, items)| items);
        let last = items.last().map(|item| item.version);
        assert_eq!(last, to.map(|to| to.min(300)), "the last item is where the span ends, or the map does");
    }
    ends.dedup();
    assert_eq!(ends, [None, Some(7), Some(8), Some(400)], "an item more with more room");
}

#[test]
fn broken_lists_are_refused() {
    let section = |kind: u8, content: &[u8]| {
        error(&with(&[&[kind, u8::try_from(content.len()).expect("short")][..], content].concat()))
    };
    let malformed = |kind| Some(DecodeError::Malformed { kind });
    let mut good = [0; 64];
    let len = head(5).encode(&mut good).expect("it fits");
    let good = &good[..len];
    assert_eq!(section(kind::HEADS, &[&COOKIE.0, good].concat()), None);
    assert_eq!(section(kind::HEADS, &COOKIE.0[..7]), malformed(kind::HEADS), "half a cookie");
    assert_eq!(section(kind::ASKS, &[&COOKIE.0, &good[..len - 1]].concat()), malformed(kind::ASKS), "a cut head");
    assert_eq!(section(kind::ASKS, &[&COOKIE.0[..], &[3, 1, 2, 3]].concat()), malformed(kind::ASKS), "a short head");
    let span = |from: u8, reach: u8, items: &[u8]| {
        let bounds = [from, reach, u8::try_from(items.len()).expect("short"), 0];
        section(kind::CHANGES, &[good, &bounds, items].concat())
    };
    let gone = |step: u8| [4, step, 0, 1, b'k'];
    let changes = malformed(kind::CHANGES);
    let long = |step: u8, content: &[u8]| {
        let item = [&[step], content, b"\x01k"].concat();
        let len = [u8::try_from(item.len() & 127).expect("short") | 128, u8::try_from(item.len() >> 7).expect("short")];
        let items = [&len[..], &item].concat();
        let items_len = u16::try_from(items.len()).expect("short").to_le_bytes();
        let content = [good, &[2, 3], &items_len, &items].concat();
        let len =
            [u8::try_from(content.len() & 127).expect("short") | 128, u8::try_from(content.len() >> 7).expect("short")];
        error(&with(&[&[kind::CHANGES], &len[..], &content].concat()))
    };
    let value = |head: &[u8], len: u8| [head, &[len | 128, len >> 7], &alloc::vec![0; len.into()]].concat();
    assert_eq!(long(1, &value(&[3, 0], 128)), None, "a part");
    assert_eq!(long(2, &value(&[4, 128, 1], 129)), None, "a rest");
    assert_eq!(long(1, &value(&[4, 128, 1], 129)), changes, "a rest that takes two versions");
    assert_eq!(long(1, &value(&[1], 129)), changes, "a value that takes two versions");
    assert_eq!(long(1, &value(&[3, 0], 127)), changes, "a part of less than a grain");
    assert_eq!(long(1, &value(&[3, 1], 128)), changes, "a part from within a grain");
    assert_eq!(long(1, &value(&[4, 0], 128)), changes, "a rest without a beginning");
    assert_eq!(long(1, &value(&[3, 0], 0)), changes, "an empty part");
    assert_eq!(span(2, 3, &gone(1)), None);
    assert_eq!(span(2, 3, &[gone(1), gone(2)].concat()), None);
    assert_eq!(span(2, 4, &gone(1)), changes, "beyond the map");
    assert_eq!(span(2, 3, &gone(4)), changes, "an item beyond the span");
    assert_eq!(span(2, 3, &gone(0)), changes, "an item at its start");
    assert_eq!(span(2, 3, &[gone(2), gone(0)].concat()), changes, "twice the same version");
    assert_eq!(span(2, 3, &[4, 1, 6, 1, b'k']), changes, "an unknown content");
    assert_eq!(span(2, 3, &[4, 1, 0, 2, b'k']), changes, "a cut key");
    assert_eq!(span(2, 3, &[200, 1, 0, 1, b'k']), changes, "a cut item");
    let endless = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    assert_eq!(section(kind::CHANGES, &[good, &endless[..], &[1, 0, 0]].concat()), changes, "past the last number");
}

#[test]
fn nothing_is_longer_than_the_longest() {
    let longest = Head { epoch: u64::MAX, watermark: u64::MAX, version: u64::MAX, sum: u32::MAX };
    let mut buffer = [0; 2 * HEAD_BYTES_MAX];
    assert_eq!(HeadOf { id_hash: u64::MAX, head: longest }.encode(&mut buffer), Some(HEAD_BYTES_MAX));
    // The room that a call leaves for the longest value holds at the ends of all numbers.
    let mut budget = [0; DATAGRAM_BYTES_MIN];
    let (key, value) = ([1; 128], [2; DATAGRAM_BYTES_MIN - ITEM_ROOM_BYTES - 128]);
    let sender = Sender {
        state: u64::MAX,
        incarnation: crate::vocab::Incarnation { boot: u64::MAX, counter: u32::MAX },
        ..sender()
    };
    let mut writer = Writer::begin(&mut budget, CLUSTER, &sender).expect("it fits");
    writer.open_changes();
    let content = Content::Value { bytes: &value, left_ms: Some(u32::MAX) };
    let item = Item { key: &key, version: u64::MAX, content };
    let of = HeadOf { id_hash: u64::MAX, head: longest };
    assert_eq!(writer.span(of, 0, core::iter::once(item), usize::MAX), Some(u64::MAX));
}
