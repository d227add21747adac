//! Does a node that can be reached at several addresses move when it must, and never when it must not?

use alloc::vec::Vec;
use alloc::{format, vec};
use core::net::SocketAddr;
use core::time::Duration;

use super::Node;
use super::hazards::{addr, record, written};
use super::io::{Command, Event, Identity, Input, MemberChange, Rejected, Snapshot};
use crate::config::{Config, Network, Networks};
use crate::vocab::{Content, Domain, Head, Health, Incarnation, Instant, Item, NodeId, Nonce, Record, Slot};
use crate::wire::{ADDRESSES_BYTES_MAX, ADDRESSES_KEY, Addresses, Body, Datagram, HeadOf, RecordKind, Sender, Writer};

const START: Instant = Instant::from_nanos(0);
const BOOT: u64 = 1 << 40;
const NONCE: Nonce = Nonce([7; 8]);
/// The other addresses of the node here.
const OTHERS: [u16; 2] = [101, 102];

fn at(millis: u64) -> Instant {
    START.after(Duration::from_millis(millis))
}

/// A datagram that a node sent, and when.
struct Sent {
    at: Instant,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Sent {
    fn read(&self) -> Datagram<'_> {
        Datagram::decode(&self.bytes, 0).expect("it is valid")
    }
}

/// One node with a clock that never stands still.
struct Alone {
    node: Node,
    sent: Vec<Sent>,
    events: Vec<Event>,
}

impl Alone {
    /// It knows so many others, by the numbers from 2 on.
    fn new(config: Config, others: u16) -> Self {
        let members: Vec<Record> = (2..2 + others).map(record).collect();
        let identity = Identity { id: NodeId::from_u128(1), boot: BOOT, addr: addr(1), domain: Domain::NONE };
        let snapshot = Snapshot { members: &members, map: None };
        let node = Node::new(config, identity, 1, START, Some(snapshot)).expect("valid");
        Self { node, sent: Vec::new(), events: Vec::new() }
    }

    /// The same with other addresses of its own.
    fn with_others() -> Self {
        let mut alone = Self::new(Config::lan(), 8);
        alone.command(START, Command::Addresses { also: &OTHERS.map(addr) }).expect("taken");
        alone
    }

    fn command(&mut self, now: Instant, command: Command<'_>) -> Result<(), Rejected> {
        self.feed(now, Input::Command(command))
    }

    /// Somebody's datagram arrives.
    fn hear(&mut self, now: Instant, from: u16, write: impl FnOnce(&mut Writer<'_>)) {
        let bytes = written(from, write);
        self.feed(now, Input::Datagram { from: addr(from), bytes: &bytes }).expect("taken");
    }

    /// Somebody pings the node, at that one of its addresses.
    fn ping(&mut self, now: Instant, from: u16, asked_at: Option<u16>) {
        self.hear(now, from, |writer| {
            assert!(asked_at.is_none_or(|last| writer.asked_at(addr(last))));
            assert!(writer.body(&Body::Ping { nonce: NONCE }));
        });
    }

    /// Somebody tells records.
    fn tell(&mut self, now: Instant, from: u16, records: &[Record]) {
        self.hear(now, from, |writer| {
            writer.open_records(RecordKind::Rumours);
            records.iter().for_each(|record| assert!(writer.record(record)));
        });
    }

    fn feed(&mut self, now: Instant, input: Input<'_>) -> Result<(), Rejected> {
        self.run(now);
        let result = self.node.handle(now, input);
        self.drain(now);
        result
    }

    fn run(&mut self, until: Instant) {
        while let Some(due) = self.node.poll_timeout().map(|wakeup| wakeup.at).filter(|&due| due <= until) {
            self.node.handle(due, Input::Timeout).expect("taken");
            self.drain(due);
        }
    }

    fn drain(&mut self, now: Instant) {
        self.node.check();
        let mut buffer = [0; 1232];
        while let Some(transmit) = self.node.poll_transmit(now, &mut buffer) {
            self.sent.push(Sent { at: now, to: transmit.to, bytes: buffer[..transmit.len].to_vec() });
        }
        self.events.extend(core::iter::from_fn(|| self.node.poll_event()));
    }

    fn own(&self) -> Record {
        self.node.membership.record(Slot::SELF)
    }

    fn others(&self) -> Vec<SocketAddr> {
        self.node.view().addresses(self.node.id).collect()
    }

    /// All that it has said of having moved.
    fn moves(&self) -> Vec<(SocketAddr, SocketAddr, Incarnation)> {
        let moved = |event: &Event| {
            if let Event::Moved { from, to, incarnation } = *event { Some((from, to, incarnation)) } else { None }
        };
        self.events.iter().filter_map(moved).collect()
    }

    /// Whether it asks anybody whether it is this node.
    fn doubts(&self) -> bool {
        self.sent.iter().any(|sent| matches!(sent.read().body, Body::Claim(_)))
    }
}

const fn incarnation(counter: u32) -> Incarnation {
    Incarnation { boot: BOOT, counter }
}

/// A member's map with a list of addresses.
fn with_list(alone: &mut Alone, owner: u16, list: &[u16]) {
    let (mut addresses, mut value) = (Addresses::default(), [0; ADDRESSES_BYTES_MAX]);
    list.iter().for_each(|&last| assert!(addresses.add(addr(last))));
    let len = addresses.encode(&mut value);
    let slot = alone.node.membership.find(NodeId::from_u128(owner.into())).expect("a member");
    let id_hash = alone.node.membership.id_hash(slot);
    alone.hear(START, owner, |writer| {
        writer.open_changes();
        let content = Content::Value { bytes: &value[..len], left_ms: None };
        let items = [Item { key: ADDRESSES_KEY, version: 1, content }];
        let head = Head { epoch: 1, watermark: 0, version: 1, sum: 0 };
        assert!(writer.span(HeadOf { id_hash, head }, 0, items.into_iter(), 1000).is_some(), "it fits");
    });
}

#[test]
fn what_is_no_address_of_this_node_is_refused_and_changes_nothing() {
    let network = Network::new(addr(0).ip(), 64).expect("a network");
    let config = Config { allowed: Networks::only(&[network]).expect("one"), ..Config::lan() };
    let mut alone = Alone::new(config, 8);
    let v4 = SocketAddr::from(([10, 0, 0, 1], 7946));
    let nobody = SocketAddr::from(([0_u16; 8], 7946));
    let many = SocketAddr::from(([0xff02, 0, 0, 0, 0, 0, 0, 1], 7946));
    let outside = SocketAddr::from(([0xfd01, 0, 0, 0, 0, 0, 0, 1], 7946));
    let no_port = SocketAddr::new(addr(2).ip(), 0);
    let refused = |addr| Rejected::Address { addr };
    let rows: [(Vec<SocketAddr>, Rejected); 6] = [
        ((101..106).map(addr).collect(), Rejected::TooManyAddresses { count: 5 }),
        (vec![addr(101), v4], refused(v4)),
        (vec![nobody], refused(nobody)),
        (vec![many], refused(many)),
        (vec![no_port], refused(no_port)),
        (vec![addr(101), outside], Rejected::NotAllowed { addr: outside }),
    ];
    for (also, why) in rows {
        assert_eq!(alone.command(START, Command::Addresses { also: &also }), Err(why), "{also:?}");
        assert_eq!((alone.others(), alone.node.state_sum), (vec![], 0), "{also:?}");
    }
    let list = [addr(101), addr(1), addr(102), addr(101)];
    alone.command(START, Command::Addresses { also: &list }).expect("its own and what comes twice are left out");
    assert_eq!(alone.others(), [addr(101), addr(102)]);
    for command in [Command::Put { key: ADDRESSES_KEY, value: b"v" }, Command::Delete { key: ADDRESSES_KEY }] {
        assert_eq!(alone.command(START, command), Err(Rejected::ReservedKey));
    }
    alone.command(START, Command::Addresses { also: &[addr(1)] }).expect("taken");
    assert_eq!((alone.others(), alone.node.view().value(alone.node.id, ADDRESSES_KEY)), (vec![], None));
}

#[test]
fn who_does_not_answer_is_asked_elsewhere_with_the_same_nonce() {
    let mut alone = Alone::new(Config::lan(), 1);
    with_list(&mut alone, 2, &[2, 102, 103]);
    let target = NodeId::from_u128(2);
    let is_elsewhere = |sent: &&Sent| [addr(102), addr(103)].contains(&sent.to);
    while alone.sent.iter().filter(is_elsewhere).count() < 2 {
        let due = alone.node.poll_timeout().expect("it probes").at;
        assert!(due < at(20_000), "it asks elsewhere");
        alone.run(due);
    }
    let asked: Vec<&Sent> = alone.sent.iter().filter(is_elsewhere).collect();
    let (when, Body::Ping { nonce }) = (asked[0].at, asked[0].read().body) else { panic!("it is a ping") };
    let told: Vec<_> = asked.iter().map(|sent| (sent.at, sent.read().asked_at, sent.read().body)).collect();
    let ping = Body::Ping { nonce };
    assert_eq!(told, [(when, Some(addr(102)), ping), (when, Some(addr(103)), ping)]);
    let direct = |sent: &&Sent| sent.to == addr(2) && sent.read().body == ping;
    let direct = alone.sent.iter().find(direct).expect("it was pinged at its record's address with this nonce");
    assert_eq!((when.since(direct.at), direct.read().asked_at), (Config::lan().probe_timeout, None));
    let elsewhere = alone.sent.iter().filter(|sent| sent.read().asked_at.is_some()).count();
    assert_eq!(elsewhere, 2, "nobody else is asked so");
    alone.hear(when, 102, |_| {});
    let bytes = answer(target, nonce);
    alone.feed(when, Input::Datagram { from: addr(102), bytes: &bytes }).expect("taken");
    assert_eq!(alone.node.stats.answers_unexpected, 0);
    alone.run(when.after(Config::lan().period));
    assert_eq!(alone.node.view().health(target), Some(Health::Alive), "the answer counts as the probe's");
}

fn answer(id: NodeId, nonce: Nonce) -> Vec<u8> {
    let sender = Sender { id, incarnation: Incarnation::first(1), fingerprint: 0, state: 0 };
    let mut bytes = vec![0; 1232];
    let mut writer = Writer::begin(&mut bytes, 0, &sender).expect("it fits");
    assert!(writer.body(&Body::Ack { nonce }));
    let len = writer.finish();
    bytes.truncate(len);
    bytes
}

#[test]
fn a_node_moves_after_three_silent_periods_and_can_move_back() {
    let mut alone = Alone::with_others();
    alone.ping(at(500), 2, None);
    for millis in [1000, 2000, 3400] {
        alone.ping(at(millis), 3, Some(102));
        assert_eq!(alone.moves(), [], "nobody has reached it for less than three periods, at {millis} ms");
    }
    let asked = alone.sent.len();
    alone.ping(at(3500), 4, Some(102));
    assert_eq!(alone.moves(), [(addr(1), addr(102), incarnation(1))]);
    let own = alone.own();
    assert_eq!((own.addr, own.incarnation, own.health), (addr(102), incarnation(1), Health::Alive));
    assert_eq!(alone.others(), [addr(101), addr(1)], "its earlier address has the place of the new one");
    let ack = alone.sent[asked..].iter().find(|sent| sent.read().body == Body::Ack { nonce: NONCE }).expect("an ack");
    assert!(ack.read().rumours.eq([own]), "whoever asked hears where it is now");
    assert_eq!(ack.to, addr(4));
    // Whoever has not heard of it asks at the earlier one first.
    for millis in [4000, 5000, 6000] {
        alone.ping(at(millis), 5, Some(1));
    }
    assert_eq!(alone.own().addr, addr(102));
    alone.ping(at(6600), 5, Some(1));
    assert_eq!(alone.moves()[1..], [(addr(102), addr(1), incarnation(2))]);
    assert_eq!(alone.others(), [addr(101), addr(102)]);
}

/// One bad way is not a lost address.
#[test]
fn a_node_stays_while_anybody_reaches_it_where_it_is() {
    let mut alone = Alone::with_others();
    for round in 0..40 {
        let plain = round % 5 == 4;
        alone.ping(at(1000 + 500 * round), 3, if plain { None } else { Some(101) });
    }
    // A prober with an older word of it asks with a name where others need none.
    for round in 0..40 {
        alone.ping(at(21_500 + 500 * round), 3, Some(if round % 5 == 4 { 1 } else { 101 }));
    }
    // By chance nobody pinged it for a while; those who help the one whose ping is lost do, a moment after that one.
    alone.ping(at(60_000), 3, Some(101));
    alone.ping(at(60_001), 4, None);
    alone.ping(at(60_600), 3, Some(101));
    assert_eq!((alone.moves(), alone.own().addr, alone.own().incarnation), (vec![], addr(1), incarnation(0)));
}

/// Nobody moves a node to where it has not said that it is.
#[test]
fn a_foreign_address_changes_nothing_nor_does_the_word_of_a_stranger() {
    for (from, asked_at) in [(3, 99), (3, 3), (77, 101)] {
        let mut alone = Alone::with_others();
        let before = format!("{:?} {:?}", alone.own(), alone.node.cold.elsewhere);
        for round in 0..40 {
            alone.ping(at(1000 + 500 * round), from, Some(asked_at));
        }
        assert_eq!(format!("{:?} {:?}", alone.own(), alone.node.cold.elsewhere), before, "{from} asks at {asked_at}");
        assert_eq!((alone.moves(), alone.others()), (vec![], OTHERS.map(addr).to_vec()));
    }
}

#[test]
fn a_move_contradicts_whoever_accuses() {
    let mut alone = Alone::with_others();
    alone.ping(at(1000), 3, Some(101));
    let accused = Record { health: Health::Suspect, ..alone.own() };
    alone.hear(at(4000), 3, |writer| {
        assert!(writer.asked_at(addr(101)));
        assert!(writer.body(&Body::Ping { nonce: NONCE }));
        writer.open_records(RecordKind::Rumours);
        assert!(writer.record(&accused));
    });
    let own = alone.own();
    assert_eq!((own.addr, alone.moves().len()), (addr(101), 1));
    assert!(own.incarnation > accused.incarnation && own.incarnation.boot == BOOT);
}

#[test]
fn whoever_leaves_moves_no_more() {
    let mut alone = Alone::with_others();
    alone.command(at(100), Command::Leave).expect("taken");
    for round in 0..10 {
        alone.ping(at(1000 + 500 * round), 3, Some(101));
    }
    assert_eq!((alone.moves(), alone.own().addr), (vec![], addr(1)));
}

/// What a node has said before it moved comes back to it from everywhere.
#[test]
fn its_own_earlier_words_are_no_second_node() {
    let mut alone = Alone::with_others();
    let before = alone.own();
    alone.ping(at(1000), 3, Some(101));
    alone.ping(at(4000), 3, Some(101));
    let after = alone.own();
    alone.tell(at(4100), 5, &[before, Record { health: Health::Suspect, ..before }]);
    alone.run(at(9000));
    assert_eq!((alone.own(), alone.doubts()), (after, false));
    // Somebody heard the number of the move, and not where: of two addresses with one number the larger one holds.
    let (larger, smaller) = (Record { addr: addr(102), ..after }, Record { addr: addr(1), ..after });
    alone.tell(at(9100), 5, &[smaller]);
    assert_eq!(alone.own(), after, "that loses everywhere");
    alone.tell(at(9200), 5, &[larger]);
    alone.run(at(15_000));
    assert_eq!(alone.own(), Record { incarnation: incarnation(2), ..after });
    assert!(!alone.doubts());
    // An address that it never had is another matter.
    alone.tell(at(15_100), 5, &[Record { addr: addr(55), ..after }]);
    alone.run(at(20_000));
    assert!(alone.doubts());
}

/// What is reported of a member: where it was, and where it is.
fn moved(alone: &Alone) -> Vec<(Option<SocketAddr>, SocketAddr)> {
    let change = |event: &Event| {
        if let Event::Member(MemberChange { moved_from, addr, .. }) = event { Some((*moved_from, *addr)) } else { None }
    };
    alone.events.iter().filter_map(change).collect()
}

#[test]
fn a_move_along_the_list_is_believed_at_once_and_any_other_one_after_a_question() {
    let known = record(2);
    let next = Record { incarnation: Incarnation { boot: 1, counter: 1 }, addr: addr(102), ..known };
    let mut alone = Alone::new(Config::lan(), 8);
    with_list(&mut alone, 2, &[102]);
    alone.tell(at(1), 2, &[next]);
    assert_eq!(moved(&alone), [(Some(addr(2)), addr(102))]);

    let mut alone = Alone::new(Config::lan(), 8);
    alone.tell(at(1), 2, &[next]);
    assert_eq!(moved(&alone), [], "the old address is asked first");
    alone.run(at(1400));
    assert!(moved(&alone).contains(&(Some(addr(2)), addr(102))), "it is silent");
}

/// A packet tells the number of its sender, not where that is.
#[test]
fn a_number_says_of_nobody_who_may_have_moved_where_it_is() {
    for (list, believed) in [(&[102][..], 0), (&[], 1)] {
        let mut alone = Alone::new(Config::lan(), 8);
        with_list(&mut alone, 2, list);
        let incarnation = Incarnation { boot: 1, counter: 1 };
        let sender = Sender { id: NodeId::from_u128(2), incarnation, fingerprint: 0, state: 0 };
        let mut bytes = vec![0; 1232];
        let len = Writer::begin(&mut bytes, 0, &sender).expect("it fits").finish();
        alone.feed(at(1), Input::Datagram { from: addr(102), bytes: &bytes[..len] }).expect("taken");
        let known = alone.node.view().member(sender.id).expect("a member");
        assert_eq!((known.incarnation.counter, known.addr), (believed, addr(2)), "{list:?}");
    }
}
