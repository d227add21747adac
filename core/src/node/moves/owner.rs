//! When does an owner move, and what does it say of itself then?

use super::*;

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
    assert_eq!(alone.others(), [addr(1), addr(101)], "it can still be reached at its earlier address");
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

/// The application may say the same again, wherever the node is now.
#[test]
fn the_address_of_birth_stays_on_the_list() {
    let mut alone = Alone::with_others();
    alone.ping(at(1000), 3, Some(102));
    alone.ping(at(4000), 3, Some(102));
    assert_eq!(alone.own().addr, addr(102));
    alone.command(at(4100), Command::Addresses { also: &OTHERS.map(addr) }).expect("taken");
    assert_eq!(alone.others(), [addr(1), addr(101)]);
    alone.command(at(4200), Command::Addresses { also: &[] }).expect("taken");
    assert_eq!(alone.others(), [addr(1)], "it may still move back");
    let five = (101..106).map(addr).collect::<Vec<_>>();
    alone.command(at(4300), Command::Addresses { also: &five }).expect("one of the five is its record's");
    assert_eq!(alone.others().len(), 5);
}

/// Its number alone clears it no more, so that it speaks for itself beside what its asker has to hear of itself.
#[test]
fn whoever_asks_hears_where_it_is_although_it_is_accused_itself() {
    let mut alone = Alone::with_others();
    alone.ping(at(1000), 3, Some(101));
    alone.ping(at(4000), 3, Some(101));
    let own = alone.own();
    alone.run(at(7000));
    alone.tell(at(7000), 4, &[Record { health: Health::Suspect, ..record(3) }]);
    // An answer is at most three times as long as its question.
    let accused = (NodeId::from_u128(3), Health::Suspect);
    for (told, expected) in [(&[][..], &[(own.id, Health::Alive)][..]), (&[5, 6], &[(own.id, Health::Alive), accused])]
    {
        let asked = alone.sent.len();
        alone.hear(at(7001), 3, |writer| {
            assert!(writer.body(&Body::Ping { nonce: NONCE }));
            writer.open_records(RecordKind::Rumours);
            told.iter().for_each(|&id| assert!(writer.record(&record(id))));
        });
        let mut answers = alone.sent[asked..].iter().filter(|sent| sent.read().body == Body::Ack { nonce: NONCE });
        let ack = answers.next().expect("an ack").read();
        assert!(ack.rumours.take(2).map(|record| (record.id, record.health)).eq(expected.iter().copied()));
    }
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
