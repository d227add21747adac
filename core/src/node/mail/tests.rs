//! What waits is bounded, keeps its order, and is taken out once.

use alloc::vec::Vec;

use super::*;

const ID: NodeId = NodeId::from_u128(7);

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn nonce(number: u64) -> Nonce {
    Nonce(number.to_le_bytes())
}

/// A table with these letters: to whom, and its number. Each has a byte, and a millisecond more than the one before.
fn with(letters: &[(u32, u64)]) -> Mail {
    let mut mail = Mail::default();
    for (place, &(row, number)) in (0..).zip(letters) {
        mail.push((Slot(row), 5), (number, nonce(number)), at(100 + place), &[1]);
    }
    assert_eq!(mail.check().count(), mail.channels.len());
    mail
}

fn ended(mail: &mut Mail, row: u32) -> (Option<StreamId>, Vec<u64>) {
    let (stream, numbers) = mail.end(Slot(row));
    let ended = (stream, numbers.collect());
    drop(mail.check());
    ended
}

#[test]
fn letters_to_one_go_in_order_and_each_is_taken_out_once() {
    let (mut mail, stream) = (with(&[(1, 10), (2, 20), (1, 11), (1, 12)]), StreamId::Opened(3));
    assert_eq!(mail.first_idle(), Some(Slot(1)));
    mail.assign(Slot(1), stream);
    assert_eq!((mail.first_idle(), mail.member_on(stream), mail.streams()), (Some(Slot(2)), Some(Slot(1)), 1));
    mail.assign(Slot(1), StreamId::Opened(4));
    assert_eq!(mail.member_on(StreamId::Opened(4)), None, "nobody has two");
    assert_eq!(mail.confirm(Slot(1)), Some((10, Some((nonce(11), at(102))))));
    assert_eq!(mail.next_deadline(), at(101), "the other member's comes first now");
    assert_eq!(mail.first(Slot(1)).map(|(letter, boot)| (letter.number, letter.serial, boot)), Some((11, 3, 5)));
    assert_eq!(ended(&mut mail, 1), (Some(stream), [11, 12].into()));
    assert_eq!((mail.confirm(Slot(1)), ended(&mut mail, 1)), (None, (None, [].into())), "that is over");
    mail.assign(Slot(2), stream);
    assert_eq!(mail.confirm(Slot(2)), Some((20, None)));
    assert!(mail.is_empty() && mail.next_deadline() == Instant::NEVER && mail.member_on(stream).is_none());
    assert_eq!(mail.check().count(), 0);
}

#[test]
fn whoever_waits_longest_gets_a_stream_first() {
    let mut mail = with(&[(3, 30), (1, 10), (2, 20), (3, 31)]);
    let order: Vec<Slot> = core::iter::from_fn(|| {
        let slot = mail.first_idle()?;
        mail.assign(slot, StreamId::Opened(slot.0.into()));
        Some(slot)
    })
    .collect();
    assert_eq!(order, [Slot(3), Slot(1), Slot(2)]);
    assert_eq!(mail.overdue(at(99)), None);
    assert_eq!((mail.overdue(at(100)), mail.anybody()), (Some(Slot(3)), Some(Slot(1))));
}

#[test]
fn letters_are_bounded_in_number_and_bytes() {
    let one = (ID, Slot(1));
    let mut mail = with(&[(1, 0)]);
    assert_eq!(mail.judge(one, 0, 1, 0), Err(LetterRejected::Number { number: 0 }));
    assert_eq!(mail.judge(one, 1, LETTERS_TO_ONE_BYTES_MAX - 1, LETTERS_MAX - 2), Ok(()));
    assert_eq!(mail.judge(one, 1, 0, LETTERS_MAX - 1), Err(LetterRejected::TooMany));
    assert_eq!(mail.judge(one, 1, LETTERS_TO_ONE_BYTES_MAX, 0), Err(LetterRejected::TooManyToOne { to: ID }));
    assert_eq!(mail.judge((ID, Slot(2)), 1, LETTERS_TO_ONE_BYTES_MAX, 0), Ok(()));
    for number in 1..LETTERS_TO_ONE_MAX as u64 {
        assert_eq!(mail.judge(one, number, 1, 0), Ok(()));
        mail.push((Slot(1), 5), (number, nonce(number)), at(200), &[1]);
    }
    assert_eq!(mail.judge(one, 999, 0, 0), Err(LetterRejected::TooManyToOne { to: ID }));
    let big = alloc::vec![0; LETTERS_TO_ONE_BYTES_MAX];
    for row in 2..17 {
        assert_eq!(mail.judge((ID, Slot(row)), 1000, big.len(), 0), Ok(()));
        mail.push((Slot(row), 5), (1000 + u64::from(row), nonce(0)), at(300), &big);
    }
    assert_eq!(mail.judge((ID, Slot(17)), 1000, big.len(), 0), Err(LetterRejected::TooMany), "16 MiB");
    assert_eq!(mail.check().count(), 16);
    assert_eq!(ended(&mut mail, 2).1, [1002]);
    assert_eq!(mail.judge((ID, Slot(17)), 1000, big.len(), 0), Ok(()));
}

#[test]
fn what_has_come_does_not_come_again_in_one_life() {
    let (mut inbox, life) = (Inbox::default(), (Slot(1), 5));
    assert_eq!(inbox.judge(life, 7), Ok(Turn::New));
    inbox.take(life, 7);
    assert_eq!(inbox.judge(life, 7), Ok(Turn::Again));
    assert_eq!(inbox.judge(life, 6), Err(LetterRefused::OutOfTurn));
    assert_eq!([inbox.judge(life, 9), inbox.judge((Slot(1), 6), 1), inbox.judge((Slot(2), 5), 1)], [Ok(Turn::New); 3]);
    assert_eq!((inbox.len(), inbox.knows(Slot(1)), inbox.knows(Slot(2))), (1, true, false));
    inbox.forget(Slot(1));
    assert_eq!(inbox.judge(life, 6), Ok(Turn::New));
}
