//! How is the agent, and what is wrong?

use std::collections::BTreeMap;

use axum::extract::State;
use quidnunc::seal::Mode;
use quidnunc::std::Driver;
use quidnunc::{Standing, View};

use super::{Agent, Answer, Of, members, quorum, reply};
use crate::duration::millis;
use crate::model::{Status, StatusReport};
use crate::names;

/// `GET /v1/status`
pub(super) async fn status(State(agent): Of) -> Answer<StatusReport> {
    let mut report = agent.node.read(look).await?;
    report.uptime_ms = millis(agent.began.elapsed());
    complete(&agent, &mut report);
    reply(report)
}

fn look(driver: &Driver) -> StatusReport {
    let view = driver.view();
    let own = view.member(view.id());
    let counts = counts(view);
    let stats = view.stats();
    StatusReport {
        who: members::who(view, view.id()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        uptime_ms: 0,
        bound: driver.local_addr(),
        addr: own.map_or(driver.identity().addr, |own| own.addr),
        domain: own.and_then(|own| names::domain_of(view, &own)),
        boot: view.incarnation().boot,
        counter: view.incarnation().counter,
        problems: problems(driver, &counts),
        members: counts,
        local_health: view.local_health(),
        seal: driver.keys().and_then(|keys| Some(mode(keys.own()?.mode).to_owned())),
        standing: view.standing().map(|standing| quorum::word(standing).to_owned()),
        healthy: false,
        datagrams_sent: stats.datagrams_sent,
        datagrams_received: stats.datagrams_received,
        datagrams_rejected: stats.datagrams_rejected,
        suspicions: stats.suspicions,
        refutations: stats.refutations,
        freezes: stats.freezes,
    }
}

/// How many members are believed to be what.
pub(crate) fn counts(view: View<'_>) -> BTreeMap<Status, u32> {
    let mut counts: BTreeMap<Status, u32> = Status::ALL.into_iter().map(|status| (status, 0)).collect();
    for member in view.members() {
        *counts.entry(member.health.into()).or_default() += 1;
    }
    counts
}

fn complete(agent: &Agent, report: &mut StatusReport) {
    report.who.name.get_or_insert_with(|| agent.name.clone());
    report.healthy = report.problems.is_empty();
}

/// What an operator should look at.
fn problems(driver: &Driver, counts: &BTreeMap<Status, u32>) -> Vec<String> {
    let view = driver.view();
    let count = |status| counts.get(&status).copied().unwrap_or(0);
    let mut problems = Vec::new();
    let mut say = |is_so: bool, text: String| problems.extend(is_so.then_some(text));
    say(view.has_left(), "this node has left".into());
    say(view.has_stopped(), "this node has stopped: another one has its identity".into());
    say(count(Status::Suspect) > 0, format!("{} suspected", count(Status::Suspect)));
    say(count(Status::Dead) > 0, format!("{} dead", count(Status::Dead)));
    if let Some(standing) = view.standing().filter(|standing| *standing != Standing::InQuorum) {
        say(true, format!("the quorum: {}", quorum::word(standing)));
    }
    let health = view.local_health();
    say(health > 0, format!("this node's own health: {health} held against it"));
    if let Some(error) = driver.state_error() {
        say(true, format!("the state file: {error}"));
    }
    problems
}

pub(super) const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Accept => "accept",
        Mode::Require => "require",
    }
}
