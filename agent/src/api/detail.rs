//! What does a program want to know of an event?

use std::time::Duration;

use quidnunc::{Cause, Event, LinkEnd, Loss, MemberChange, Reason, StandingChange, View};

use super::{overlay, quorum};
use crate::duration::millis;
use crate::model::{Bytes, Detail};
use crate::names;

pub(super) fn detail(view: View<'_>, event: &Event) -> Detail {
    match event {
        Event::Member(change) => of_member(view, change),
        Event::Joined { members } => Detail::Joined { members: *members },
        Event::Refuted { incarnation, cause } => {
            Detail::Refuted { boot: incarnation.boot, counter: incarnation.counter, cause: of_cause(*cause) }
        }
        Event::Moved { from, to, incarnation } => {
            Detail::Moved { from: *from, to: *to, boot: incarnation.boot, counter: incarnation.counter }
        }
        Event::Conflict(it) => Detail::Conflict { addr: it.addr, born: it.born, stops: it.stops },
        Event::Replicated { version, replicas, domains } => {
            Detail::Replicated { version: *version, replicas: *replicas, domains: *domains, enough: true }
        }
        Event::NotReplicated { version, replicas, domains } => {
            Detail::Replicated { version: *version, replicas: *replicas, domains: *domains, enough: false }
        }
        Event::Leaving(it) | Event::Left(it) => Detail::Goodbye((*it).into()),
        Event::Value(it) => Detail::Value { key: Bytes::new(&it.key), version: it.version, ended: it.value.is_none() },
        Event::Info(it) => Detail::Info { key: Bytes::new(&it.key), ended: it.ended },
        Event::GroupConflict(key) => Detail::Info { key: Bytes::new(key), ended: false },
        Event::User(it) => Detail::User {
            number: it.number,
            name: Bytes::new(&it.name),
            payload: Bytes::new(&it.payload),
            window_ms: it.question.map(|question| millis(question.window)),
        },
        Event::Answer(it) => Detail::Query { query: it.query, payload: Some(Bytes::new(&it.payload)), answers: None },
        Event::QueryEnded { query, answers } => Detail::Query { query: *query, payload: None, answers: Some(*answers) },
        Event::Link(it) => Detail::Link { addr: it.addr, outgoing: it.outgoing, ended: it.ended.map(of_end) },
        Event::LinksStanding { standing } => Detail::Links { standing: overlay::word(*standing) },
        Event::PartitionHealed(it) => {
            Detail::Healed { here: it.here, returned: it.returned, newcomers: it.newcomers, away_ms: millis(it.away) }
        }
        Event::Standing(it) => of_standing(it),
        Event::Lost { loss, .. } => Detail::Lost { loss: of_loss(*loss) },
        Event::Pinged { rtt, .. } => Detail::Ping { rtt_us: rtt.map(micros) },
        Event::StreamOnly { .. }
        | Event::Message { .. }
        | Event::Note { .. }
        | Event::Sent { .. }
        | Event::NotSent { .. }
        | Event::EventsLost { .. } => Detail::None {},
    }
}

fn of_member(view: View<'_>, change: &MemberChange) -> Detail {
    Detail::Member {
        status: change.health.into(),
        was: change.was.map(Into::into),
        addr: change.addr,
        moved_from: change.moved_from,
        // As it is called by now.
        domain: view.member(change.id).and_then(|record| names::domain_of(view, &record)),
        boot: change.incarnation.boot,
        counter: change.incarnation.counter,
        reason: of_reason(change.reason),
        hops: change.hops,
    }
}

fn of_standing(change: &StandingChange) -> Detail {
    Detail::Standing {
        standing: quorum::word(change.to),
        was: quorum::word(change.from),
        why: quorum::because(change.why),
        all: change.votes.all,
        needed: change.votes.needed,
        seen: change.votes.seen,
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

const fn of_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Rumour => "rumour",
        Reason::Repair => "repair",
        Reason::Contact => "contact",
        Reason::Silence => "silence",
        Reason::Expiry => "expiry",
        Reason::Command => "command",
        Reason::Snapshot => "snapshot",
        Reason::Own => "own",
    }
}

const fn of_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Accusation => "accusation",
        Cause::LaterBoot => "later-boot",
        Cause::BootReused => "boot-reused",
    }
}

const fn of_end(end: LinkEnd) -> &'static str {
    match end {
        LinkEnd::Silent => "silent",
        LinkEnd::Gone => "gone",
        LinkEnd::ByPeer => "by-peer",
        LinkEnd::Reborn => "reborn",
        LinkEnd::Evicted => "evicted",
        LinkEnd::Swapped => "swapped",
        LinkEnd::Redundant => "redundant",
        LinkEnd::Stopped => "stopped",
    }
}

const fn of_loss(loss: Loss) -> &'static str {
    match loss {
        Loss::Down => "down",
        Loss::SuspectDown => "suspect-down",
    }
}
