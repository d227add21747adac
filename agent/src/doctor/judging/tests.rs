//! What is found where one thing is broken, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::super::asking::{Came, Notes, Told};
use super::super::letters::{Accusation, Report};
use super::*;

/// Nothing is wrong with this.
fn exam(name: &str) -> Exam {
    let report = Report { unix_ms: 0, dial: Dial::Open, knocked_from: Some(9), doubts: false, accusations: Vec::new() };
    let both = Notes { there: true, back: true };
    Exam {
        name: name.into(),
        addr: ([10, 0, 0, 2], 7946).into(),
        dial: Dial::Open,
        letter: Letter::Taken,
        came: Came { by_letter: true, by_note: true, busy: false },
        short: both,
        long: Some(both),
        told: Some(Told { report, skew_ms: 0, knocked: Some(true) }),
    }
}

fn evidence(exams: Vec<Exam>) -> Evidence {
    Evidence {
        addr: ([10, 0, 0, 1], 7946).into(),
        is_local: true,
        live: exams.len(),
        doubtful: 0,
        others_elsewhere: true,
        seeds: Vec::new(),
        exams,
        strangers: Vec::new(),
        versions: BTreeMap::from([("0.1.0, wire 1".into(), vec!["n1".into(), "n2".into()])]),
        key: None,
        step_ms: 0,
        freezes: 0,
        contradictions: 0,
        local_health: 0,
    }
}

/// What is not as it should be.
fn wrong(evidence: &Evidence) -> String {
    let mut text = String::new();
    for Finding { check, verdict, says, .. } in findings(evidence) {
        if verdict != Verdict::Good {
            let _ = writeln!(text, "{} {verdict:?}: {}", check.word(), says.join(" | "));
        }
    }
    text
}

#[track_caller]
fn check(evidence: &Evidence, expected: Expect) {
    expected.assert_eq(&wrong(evidence));
}

/// Nothing comes from a member any more.
fn deaf(mut exam: Exam) -> Exam {
    (exam.came, exam.told, exam.long) = (Came::default(), None, None);
    (exam.short.there, exam.short.back) = (false, false);
    exam
}

#[test]
fn a_cluster_that_is_well_has_nothing_wrong() {
    let well = evidence(vec![exam("n2"), exam("n3")]);
    check(&well, expect![[r#""#]]);
    let shown: Vec<_> = findings(&well).iter().map(|it| it.check.word()).collect();
    assert_eq!(shown.len(), 13, "{shown:?}");
}

#[test]
fn a_way_that_is_shut_is_told_from_the_other_ones() {
    let mut out = exam("n2");
    (out.short.there, out.short.back, out.long) = (false, false, None);
    check(
        &evidence(vec![out, exam("n3")]),
        expect![[r#"
        datagrams out Bad: they do not arrive at n2 | they arrive at n3
    "#]],
    );
    let mut back = exam("n2");
    (back.short.back, back.came.by_note, back.long) = (false, false, None);
    back.told.as_mut().expect("it is there").knocked = Some(false);
    check(
        &evidence(vec![back]),
        expect![[r#"
            datagrams in Bad: none comes from n2: it has sent some
            mtu Unknown: no datagrams come and go that could be longer
        "#]],
    );
    let mut streams = exam("n2");
    (streams.dial, streams.letter) = (Dial::Silent(2000), Letter::Lost("it is late".into()));
    check(
        &evidence(vec![streams.clone()]),
        expect![[r#"
        streams out Bad: none reaches n2: no answer within 2 s
    "#]],
    );
    streams.dial = Dial::Open;
    check(
        &evidence(vec![streams]),
        expect![[r#"
            streams out Odd: n2: it takes connections, and a letter was lost: it is late
        "#]],
    );
    let mut streams_in = exam("n2");
    streams_in.came.by_letter = false;
    streams_in.told.as_mut().expect("it is there").report.dial = Dial::Failed("Connection refused".into());
    check(
        &evidence(vec![streams_in]),
        expect![[r#"
        streams in Bad: none comes from n2: Connection refused
    "#]],
    );
}

#[test]
fn an_address_where_nobody_is_reached_is_found_with_letters_that_are_confirmed() {
    let mut advertised = evidence(vec![deaf(exam("n2"))]);
    check(
        &advertised,
        expect![[r#"
            datagrams out Unknown: nobody could tell
            datagrams in Bad: none comes from n2: it has sent some
            streams in Bad: none comes from n2: it has a letter, and its answer does not come
            advertise Bad: nothing that others send to 10.0.0.1:7946 arrives
            mtu Unknown: no datagrams come and go that could be longer
            accusers Unknown: nobody could be asked
        "#]],
    );
    advertised.is_local = false;
    check(
        &advertised,
        expect![[r#"
            datagrams out Unknown: nobody could tell
            datagrams in Bad: none comes from n2: it has sent some
            streams in Bad: none comes from n2: it has a letter, and its answer does not come
            advertise Bad: nothing that others send to 10.0.0.1:7946 arrives, which is none of this machine's addresses
            mtu Unknown: no datagrams come and go that could be longer
            accusers Unknown: nobody could be asked
        "#]],
    );
    let mut loopback = evidence(vec![exam("n2")]);
    loopback.addr = ([127, 0, 0, 1], 7946).into();
    check(
        &loopback,
        expect![[r#"
        advertise Bad: 127.0.0.1:7946 is advertised, and means another machine everywhere else
    "#]],
    );
}

#[test]
fn who_answers_in_no_way_is_not_more_than_that() {
    let mut lost = deaf(exam("n2"));
    (lost.dial, lost.letter) = (Dial::Silent(2000), Letter::Lost("it is late".into()));
    check(
        &evidence(vec![lost]),
        expect![[r#"
            members Bad: n2 at 10.0.0.2:7946 is reached in no way | one other lives
            datagrams out Unknown: nobody could tell
            datagrams in Unknown: nobody could tell
            streams out Bad: none reaches n2: no answer within 2 s
            streams in Unknown: nobody could tell
            advertise Unknown: nobody could tell whether 10.0.0.1:7946 is reached; it is one of this machine's
            mtu Unknown: no datagrams come and go that could be longer
            accusers Unknown: nobody could be asked
        "#]],
    );
}

#[test]
fn long_datagrams_that_do_not_arrive_are_told_from_short_ones_that_do() {
    let mut there = exam("n2");
    there.long = Some(Notes { there: false, back: true });
    let mut back = exam("n3");
    back.long = Some(Notes { there: true, back: false });
    check(
        &evidence(vec![there, back]),
        expect![[r#"
        mtu Bad: short datagrams get through, long ones do not to n2 | short datagrams get through, long ones do not from n3
    "#]],
    );
}

#[test]
fn nobody_is_known() {
    let mut alone = evidence(Vec::new());
    check(
        &alone,
        expect![[r#"
        members Unknown: nobody else is known, and no seed was given
        datagrams out Unknown: there is nobody to ask
        datagrams in Unknown: there is nobody to ask
        streams out Unknown: there is nobody to ask
        streams in Unknown: there is nobody to ask
        advertise Unknown: nobody could tell whether 10.0.0.1:7946 is reached; it is one of this machine's
        mtu Unknown: no datagrams come and go that could be longer
        accusers Unknown: nobody could be asked
    "#]],
    );
    alone.seeds = vec![("a:7946".into(), Dial::Open), ("b:7946".into(), Dial::Failed("Connection refused".into()))];
    check(
        &alone,
        expect![[r#"
            members Bad: nobody else is known | the seed a:7946 takes connections, but does not answer this node's datagrams. It is of another cluster (--cluster), or has other keys (--key-file), or UDP does not get there and back | there is no way to the seed b:7946: Connection refused
            datagrams out Unknown: there is nobody to ask
            datagrams in Unknown: there is nobody to ask
            streams out Unknown: there is nobody to ask
            streams in Unknown: there is nobody to ask
            advertise Unknown: nobody could tell whether 10.0.0.1:7946 is reached; it is one of this machine's
            mtu Unknown: no datagrams come and go that could be longer
            accusers Unknown: nobody could be asked
        "#]],
    );
}

#[test]
fn who_does_not_fit_is_named() {
    let mut visited = evidence(vec![exam("n2")]);
    let whys = [Misfit::Cluster, Misfit::Key, Misfit::Plain, Misfit::Sealed, Misfit::Version, Misfit::Outside];
    let stranger = |(port, why)| Stranger {
        from: ([10, 0, 0, 9], port).into(),
        why,
        count: port.into(),
        ago: Duration::from_secs(1),
    };
    visited.strangers = (1..).zip(whys).map(stranger).collect();
    visited.key = Some(("0a0a0a0a".into(), vec!["n2".into()]));
    check(
        &visited,
        expect![[r#"
        cluster Bad: 10.0.0.9:1 sends what is of another cluster: once, last 1 s ago | 10.0.0.9:5 sends what is of a release that this one does not understand: 5 times, last 1 s ago | 10.0.0.9:6 sends what is from outside of the networks that this node allows: 6 times, last 1 s ago
        keys Bad: 10.0.0.9:2 sends what is sealed with a key that is not here: 2 times, last 1 s ago | 10.0.0.9:3 sends what is not sealed, and here everything must be: 3 times, last 1 s ago | 10.0.0.9:4 sends what is sealed, and this node has no keys: 4 times, last 1 s ago | key 0a0a0a0a seals here, and is not known to be at n2
    "#]],
    );
}

#[test]
fn versions_clocks_accusers_and_health_are_odd() {
    let mut told = exam("n2");
    {
        let told = told.told.as_mut().expect("it is there");
        told.skew_ms = -5000;
        told.report.doubts = true;
        let because = vec!["accused by n3".into(), "a ping had no answer within 1s".into()];
        told.report.accusations = vec![Accusation { ago_ms: 12_000, dead: false, because }];
    }
    let mut odd = evidence(vec![told]);
    odd.versions.insert("0.0.9, wire 1".into(), vec!["n3".into()]);
    (odd.step_ms, odd.freezes, odd.contradictions, odd.local_health, odd.doubtful) = (3_600_000, 2, 1, 3, 1);
    check(
        &odd,
        expect![[r#"
            members Odd: others that live: 1; suspected or dead: 1, and `quidnunc why` says why
            versions Odd: 0.0.9, wire 1: n3 | 0.1.0, wire 1: n1 and n2
            clock Odd: this machine's clock was set forth by 1 h since the agent began, or the machine slept as long | the clock of n2 is 5 s behind this one's | the process has stood still 2 times since it began
            accusers Bad: n2 holds this node for suspect or dead | n2 suspected this node 12 s ago: accused by n3; a ping had no answer within 1s | this node has contradicted what was said of it once in the last hour
            health Odd: this node holds 3 against itself: it is late, or is not heard, and waits longer before it accuses
        "#]],
    );
}

#[test]
fn what_lets_in_answers_only_is_told_from_what_lets_in_all() {
    let mut answered = exam("n2");
    answered.told.as_mut().expect("it is there").knocked = Some(false);
    check(
        &evidence(vec![answered]),
        expect![[r#"
        datagrams in Odd: n2: answers to what this node sends come from there, and nothing that it has not asked for: a firewall or a NAT lets in no more
    "#]],
    );
}

#[test]
fn who_is_busy_tells_nothing() {
    let mut busy = deaf(exam("n2"));
    busy.came = Came { by_letter: false, by_note: true, busy: true };
    check(
        &evidence(vec![busy.clone()]),
        expect![[r#"
        datagrams out Unknown: nobody could tell
        streams in Unknown: nobody could tell
        mtu Unknown: no datagrams come and go that could be longer
        accusers Unknown: nobody could be asked
    "#]],
    );
    busy.came = Came { by_letter: true, by_note: false, busy: true };
    check(
        &evidence(vec![busy]),
        expect![[r#"
        datagrams out Unknown: nobody could tell
        datagrams in Unknown: nobody could tell
        mtu Unknown: no datagrams come and go that could be longer
        accusers Unknown: nobody could be asked
    "#]],
    );
    let mut late = exam("n2");
    (late.came.busy, late.long) = (true, Some(Notes { there: false, back: false }));
    check(
        &evidence(vec![late]),
        expect![[r#"
        mtu Unknown: no datagrams come and go that could be longer
    "#]],
    );
}

#[test]
fn a_letter_that_was_not_sent_is_no_finding() {
    let mut unsent = exam("n2");
    unsent.letter = Letter::Unsent("the member is gone".into());
    check(&evidence(vec![unsent]), expect![[r#""#]]);
}

#[test]
fn nobody_lives_any_more() {
    let mut dead = deaf(exam("n2"));
    (dead.dial, dead.letter) = (Dial::Silent(4000), Letter::Unsent("it is dead".into()));
    let mut alone = evidence(vec![dead]);
    (alone.live, alone.doubtful, alone.others_elsewhere) = (0, 4, false);
    alone.seeds = vec![("a:7946".into(), Dial::Silent(4000))];
    check(
        &alone,
        expect![[r#"
        members Bad: n2 at 10.0.0.2:7946 is reached in no way | nobody else lives; suspected or dead: 4 | there is no way to the seed a:7946: no answer within 4 s
        datagrams out Unknown: nobody could tell
        datagrams in Unknown: nobody could tell
        streams out Bad: none reaches n2: no answer within 4 s
        streams in Unknown: nobody could tell
        advertise Unknown: nobody could tell whether 10.0.0.1:7946 is reached; it is one of this machine's
        mtu Unknown: no datagrams come and go that could be longer
        accusers Unknown: nobody could be asked
    "#]],
    );
}

#[test]
fn who_comes_once_may_be_anybody() {
    let mut visited = evidence(vec![exam("n2")]);
    let from = ([10, 0, 0, 9], 1).into();
    visited.strangers = vec![Stranger { from, why: Misfit::Key, count: 2, ago: Duration::from_secs(1) }];
    check(
        &visited,
        expect![[r#"
        keys Odd: 10.0.0.9:1 sends what is sealed with a key that is not here: 2 times, last 1 s ago
    "#]],
    );
}
