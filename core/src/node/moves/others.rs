//! What do others make of a member that can be reached at several addresses?

use super::*;

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
