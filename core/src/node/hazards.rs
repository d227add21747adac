//! What does a whole node do with changes of maps that no honest peer sends, and what can a stranger draw with
//! questions about maps?

use alloc::vec::Vec;
use alloc::{format, vec};
use core::net::SocketAddr;
use core::time::Duration;

use super::Node;
use super::io::{Command, Identity, Input, Rejected, Snapshot};
use crate::config::Config;
use crate::vocab::{Content, Cookie, Domain, Head, Incarnation, Instant, Item, NodeId, Nonce, Record, Slot};
use crate::wire::{Body, DecodeError, HeadOf, RecordKind, Sender, Summary, Writer};

const START: Instant = Instant::from_nanos(0);
/// The member whose map is told.
const OWNER: Slot = Slot(2);

pub(super) fn addr(last: u16) -> SocketAddr {
    SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, last], 7946))
}

pub(super) fn record(id: u16) -> Record {
    Record::of_new_life(NodeId::from_u128(id.into()), 1, addr(id))
}

/// A node that knows eight others and watches every key.
fn node() -> Node {
    let members: Vec<Record> = (2..10).map(record).collect();
    let identity = Identity { id: NodeId::from_u128(1), boot: 1 << 40, addr: addr(1), domain: Domain::NONE };
    let snapshot = Snapshot { members: &members, map: None };
    let mut node = Node::new(Config::lan(), identity, 1, START, Some(snapshot)).expect("valid");
    for command in [Command::Watch { prefix: b"" }, Command::Put { key: b"own", value: b"v" }] {
        node.handle(START, Input::Command(command)).expect("taken");
    }
    node
}

/// A datagram of somebody.
pub(super) fn written(id: u16, write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let id = NodeId::from_u128(id.into());
    let sender = Sender { id, incarnation: Incarnation::first(1), fingerprint: 0, state: 0 };
    let mut bytes = vec![0; 1232];
    let mut writer = Writer::begin(&mut bytes, 0, &sender).expect("it fits");
    write(&mut writer);
    let len = writer.finish();
    bytes.truncate(len);
    bytes
}

/// What is told of one owner: its hashed identity, its epoch, after which version, the versions of the items.
type Told<'a> = (u64, u64, u64, &'a [u64]);

/// A member's datagram with such spans.
fn changes(spans: &[Told<'_>]) -> Vec<u8> {
    written(2, |writer| {
        writer.open_changes();
        for &(id_hash, epoch, from, versions) in spans {
            let keys: Vec<[u8; 1]> =
                versions.iter().map(|&version| version.to_le_bytes()[..1].try_into().expect("one")).collect();
            let items = versions.iter().zip(&keys).map(|(&version, key)| Item {
                key,
                version,
                content: Content::Value { bytes: b"told", left_ms: None },
            });
            let head = Head { epoch, watermark: 0, version: *versions.last().expect("an item"), sum: 0 };
            assert!(writer.span(HeadOf { id_hash, head }, from, items, 1000).is_some(), "it fits");
        }
    })
}

/// All that is held of maps, and what is reported of them.
fn maps(node: &Node) -> alloc::string::String {
    format!("{:?} {:?} {} {:?}", node.cold.state, node.cold.exchanges, node.state_sum, node.cold.events)
}

#[test]
fn changes_that_cannot_be_change_nothing() {
    let mut node = node();
    let own = node.membership.id_hash(Slot::SELF);
    let owner = node.membership.id_hash(OWNER);
    let hear = |node: &mut Node, at: Instant, bytes: &[u8]| node.handle(at, Input::Datagram { from: addr(2), bytes });
    hear(&mut node, START, &changes(&[(owner, 1, 0, &[1, 2, 3])])).expect("taken");
    assert_eq!(node.view().values(NodeId::from_u128(3), b"").count(), 3);
    // When nothing is awaited any more: of what is, a part that comes early is kept.
    let later = START.after(Duration::from_millis(450));
    let future = 1 << 50;
    let rows: [(&str, &[Told<'_>], u64); 7] = [
        ("a gap", &[(owner, 1, 4, &[5])], 1),
        ("a gap in a newer map", &[(owner, 2, 1, &[2])], 1),
        ("an older map", &[(owner, 0, 3, &[4])], 1),
        ("a map from the future", &[(owner, future, 0, &[1])], 1),
        ("the receiver's own map", &[(own, 1 << 40, 1, &[2]), (own, 1 << 41, 0, &[1])], 2),
        ("a stranger's map", &[(77, 1, 0, &[1])], 1),
        ("an owner repeated", &[(owner, 1, 0, &[1, 2, 3]), (owner, 1, 2, &[3]), (owner, 1, 9, &[10])], 1),
    ];
    for (what, spans, refused) in rows {
        let (before, stats) = (maps(&node), node.stats);
        hear(&mut node, later, &changes(spans)).expect("the rest of a datagram counts");
        assert_eq!(maps(&node), before, "{what}");
        assert_eq!(node.stats.changes_refused, stats.changes_refused + refused, "{what}");
        assert_eq!(node.stats.changes_taken, stats.changes_taken, "{what}");
        node.check();
    }
}

/// Lists that contradict themselves are refused with the whole datagram.
#[test]
fn changes_that_are_no_list_reject_the_datagram() {
    let mut node = node();
    let owner = node.membership.id_hash(OWNER);
    let good = changes(&[(owner, 1, 0, &[1, 2, 3])]);
    let (_, tail) = good.split_at(good.len() - 3 * 10);
    // The list ends with three items of nine bytes behind their length; each begins with how far its version goes on.
    assert_eq!(tail.iter().step_by(10).collect::<Vec<_>>(), [&9, &9, &9]);
    let at = good.len() - 30;
    let edits: [(&str, usize, u8); 4] = [
        ("out of order: the second item does not go on", at + 11, 0),
        ("beyond the end of the span", at + 21, 2),
        ("an item longer than the list", at + 20, 200),
        ("a list longer than what it holds", at - 2, 31),
    ];
    for (what, place, byte) in edits {
        let mut bad = good.clone();
        bad[place] = byte;
        crate::wire::fit_checksum(&mut bad);
        let (before, stats) = (maps(&node), node.stats);
        let refused = node.handle(START, Input::Datagram { from: addr(2), bytes: &bad });
        assert_eq!(refused, Err(Rejected::Datagram(DecodeError::Malformed { kind: 0x44 })), "{what}");
        assert_eq!((maps(&node), node.stats.changes_taken), (before, 0), "{what}");
        assert_eq!(node.stats.datagrams_rejected, stats.datagrams_rejected + 1);
    }
    node.handle(START, Input::Datagram { from: addr(2), bytes: &good }).expect("taken");
    assert_eq!(node.stats.changes_taken, 1);
}

/// How many bytes go back to a stranger for a datagram.
fn answers_to_a_stranger(mut node: Node, bytes: &[u8]) -> usize {
    node.handle(START, Input::Datagram { from: addr(99), bytes }).expect("valid");
    let mut buffer = [0; 1232];
    core::iter::from_fn(|| node.poll_transmit(START, &mut buffer))
        .filter(|transmit| transmit.to == addr(99))
        .map(|transmit| transmit.len)
        .sum()
}

/// A node that has much to tell hears a ping with heads of maps.
#[test]
fn all_answers_together_keep_to_what_a_stranger_gets() {
    let mut node = node();
    let told = written(99, |writer| {
        writer.open_records(RecordKind::Rumours);
        (10..30).for_each(|id| assert!(writer.record(&record(id)), "it fits"));
    });
    node.handle(START, Input::Datagram { from: addr(2), bytes: &told }).expect("taken");
    for heads in 0..8 {
        let asked = written(99, |writer| {
            assert!(writer.body(&Body::Ping { nonce: Nonce([7; 8]) }), "it fits");
            writer.open_heads(Cookie([0; 8]));
            for slot in (1..=heads).map(Slot) {
                let head = Head { epoch: 1, watermark: 0, version: 1, sum: 0 };
                assert!(writer.head(HeadOf { id_hash: node.membership.id_hash(slot), head }), "it fits");
            }
        });
        let answered = answers_to_a_stranger(node.clone(), &asked);
        let len = asked.len();
        assert!(answered > 0 && answered <= 3 * len, "{answered} bytes for {len} with {heads} heads");
    }
}

/// Hazard `amplification_bound`, for questions about maps.
#[test]
fn amplification_bound() {
    let mut full = node();
    for slot in (2..9).map(Slot) {
        let told = changes(&[(full.membership.id_hash(slot), 1, 0, &[1, 2, 3, 4, 5, 6])]);
        full.handle(START, Input::Datagram { from: addr(2), bytes: &told }).expect("taken");
    }
    let head_of = |slot| HeadOf {
        id_hash: full.membership.id_hash(Slot(slot)),
        head: Head { epoch: 2, watermark: 0, version: 9, sum: 0 },
    };
    let mut answers = Vec::new();
    for level in 0..8 {
        for heads in [0, 1, 7] {
            let sums = vec![1; 8 << level];
            let summary = Summary { nonce: Nonce([7; 8]), exact: true, level, first: 0, sums: &sums };
            let asked = written(99, |writer| {
                let _ = writer.body(&Body::StateSummary(summary));
                for list in 0..2 {
                    if list == 0 {
                        writer.open_heads(Cookie([0; 8]));
                    } else {
                        writer.open_more(Cookie([0; 8]));
                    }
                    for slot in 2..2 + heads {
                        let _ = writer.head(head_of(slot));
                    }
                }
            });
            let answered = answers_to_a_stranger(full.clone(), &asked);
            assert!(
                answered <= 3 * asked.len(),
                "{answered} bytes answer {}: level {level}, {heads} heads",
                asked.len()
            );
            answers.push(answered);
        }
    }
    assert!(answers.iter().any(|&answered| answered > 200), "strangers are answered: {answers:?}");
    // Nobody who has not got a cookie is given changes.
    let asks = written(99, |writer| {
        writer.open_asks(Cookie([0; 8]));
        assert!(writer.head(HeadOf { head: Head::default(), ..head_of(2) }));
    });
    assert_eq!(full.handle(START, Input::Datagram { from: addr(99), bytes: &asks }), Err(Rejected::Cookie));
}

/// All that is sent to an address that only a record named, before a member is believed to be there.
#[test]
fn claims_to_an_identity_draw_no_more_than_what_a_stranger_gets() {
    for (id, boots) in [(3, [1, 2, 1 << 40]), (1, [1, 1 << 40, (1 << 40) + 1])] {
        for boot in boots {
            let mut node = node();
            let (mut now, mut sent) = (START, 0);
            let claimed = Record { incarnation: Incarnation::first(boot), addr: addr(99), ..record(id) };
            let told = written(77, |writer| {
                writer.open_records(RecordKind::Rumours);
                assert!(writer.record(&claimed), "it fits");
            });
            node.handle(now, Input::Datagram { from: addr(98), bytes: &told }).expect("taken");
            let mut buffer = [0; 1232];
            while now < START.after(Duration::from_millis(900)) {
                while let Some(transmit) = node.poll_transmit(now, &mut buffer) {
                    sent += if transmit.to == addr(99) { transmit.len } else { 0 };
                }
                now = node.poll_timeout().expect("it probes").at;
                node.handle(now, Input::Timeout).expect("taken");
            }
            let asked = id == 1 || boot == 1;
            assert!(sent <= 3 * told.len(), "{sent} bytes for {}: {id} at boot {boot}", told.len());
            assert!(sent > 0 || !asked, "it is asked whether {id} is there");
        }
    }
}
