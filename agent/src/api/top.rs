//! What does a node do at present, at a glance?

use axum::extract::State;
use quidnunc::std::Driver;
use quidnunc::{Record, Stats};

use super::{Answer, Of, members, reply, status};
use crate::duration::millis;
use crate::model::{Counters, Status, Suspicion, TopReport, TopRow};

/// More than any screen shows.
const ROWS_MAX: usize = 256;

/// `GET /v1/top`
pub(super) async fn top(State(agent): Of) -> Answer<TopReport> {
    let mut report = agent.node.read(look).await?;
    report.uptime_ms = millis(agent.began.elapsed());
    report.who.name.get_or_insert_with(|| agent.name.clone());
    reply(report)
}

fn look(driver: &Driver) -> TopReport {
    let view = driver.view();
    let mut records: Vec<Record> = view.members().collect();
    records.sort_by_key(|record| (rank(record.health.into()), record.id));
    TopReport {
        who: members::who(view, view.id()),
        uptime_ms: 0,
        members: status::counts(view),
        local_health: view.local_health(),
        counters: counters(view.stats()),
        rows: records.iter().take(ROWS_MAX).map(|record| row(driver, record)).collect(),
    }
}

/// Who needs a look first.
const fn rank(status: Status) -> u8 {
    match status {
        Status::Suspect => 0,
        Status::Dead => 1,
        Status::Alive => 2,
        Status::Left => 3,
        Status::Removed => 4,
    }
}

fn row(driver: &Driver, record: &Record) -> TopRow {
    let view = driver.view();
    let suspicion = view.suspicion(record.id).map(|suspicion| Suspicion {
        accusers: suspicion.accusers,
        left_ms: millis(suspicion.ends.since(driver.now())),
    });
    TopRow { brief: members::brief(view, record), suspicion, stream_only: view.answers_by_stream_only(record.id) }
}

const fn counters(stats: &Stats) -> Counters {
    let dropped = stats.intents_dropped.saturating_add(stats.rumours_dropped);
    Counters {
        datagrams_sent: stats.datagrams_sent,
        datagrams_received: stats.datagrams_received,
        datagrams_rejected: stats.datagrams_rejected,
        bytes_sent: stats.bytes_sent,
        stream_bytes_sent: stats.stream_bytes_sent,
        no_room: dropped.saturating_add(stats.notes_dropped).saturating_add(stats.links_dropped),
        suspicions: stats.suspicions,
        refutations: stats.refutations,
        freezes: stats.freezes,
    }
}
