//! What is the node's state at this moment?

use std::time::Duration;

use prometheus_client::registry::Unit;
use quidnunc::seal::Mode;
use quidnunc::std::Driver;
use quidnunc::{Margin, Standing, StandingChange, View};

use super::Family;
use crate::api::counts;
use crate::model::Status;

/// Everything that goes up and down.
pub(super) fn families(driver: &Driver, uptime: Duration) -> Vec<Family> {
    let view = driver.view();
    let mut families = vec![
        Family::gauge("uptime", "How long the agent has run.", uptime.as_secs()).in_unit(Unit::Seconds),
        members(view),
        Family::gauge("health_score", "What the node holds against its own health; 0 is nothing.", view.local_health()),
        Family::gauge("has_left", "Whether the node has said goodbye.", view.has_left()),
        Family::gauge(
            "has_stopped",
            "Whether the node has stopped, since another one has its identity.",
            view.has_stopped(),
        ),
        Family::gauge(
            "state_file_failed",
            "Whether the latest save of the state file failed.",
            driver.state_error().is_some(),
        ),
    ];
    families.extend(maps(view));
    families.extend(infos(view));
    families.extend(view.standing_report().iter().flat_map(quorum));
    families.extend(seal(driver));
    families
}

fn members(view: View<'_>) -> Family {
    let counts = counts(view);
    let counts = Status::ALL.map(|status| (status.word(), counts.get(&status).copied().unwrap_or(0).into()));
    Family::gauge("members", "Members by what this node believes of them, itself included.", 0_u64).by("state", &counts)
}

fn maps(view: View<'_>) -> [Family; 2] {
    let (mut entries, mut bytes) = (0, 0);
    for owner in view.members().map(|member| member.id) {
        for value in view.values(owner, b"") {
            entries += 1;
            bytes += number(value.key.len()) + number(value.value.len());
        }
    }
    [
        Family::gauge("state_entries", "Keys that stand for something, in the maps of all members.", 0_u64)
            .by("kind", &[("live", entries)]),
        Family::gauge("state", "What these keys and their values weigh.", bytes).in_unit(Unit::Bytes),
    ]
}

fn infos(view: View<'_>) -> [Family; 3] {
    let (infos, bytes) = view.infos_size();
    let links = [("outgoing", number(view.outgoing().count())), ("incoming", number(view.incoming().count()))];
    [
        Family::gauge(
            "info_entries",
            "Infos that are here, deleted and ended ones that are remembered included.",
            infos,
        ),
        Family::gauge("info", "What these infos weigh.", number(bytes)).in_unit(Unit::Bytes),
        Family::gauge("links", "Links over which infos come, by who asked for them.", 0_u64).by("direction", &links),
    ]
}

fn quorum(report: &StandingChange) -> Vec<Family> {
    let StandingChange { to, votes, margin, .. } = report;
    let counts = [("all", votes.all), ("needed", votes.needed), ("seen", votes.seen)];
    let mut families = vec![
        Family::gauge(
            "quorum",
            "Whether this node may act, as far as it knows: advice, and no lock.",
            *to == Standing::InQuorum,
        ),
        Family::gauge("quorum_votes", "Votes that there are, that are needed, and that are seen.", 0_u64)
            .by("kind", &counts),
    ];
    families.extend(margin.map(|Margin { members, .. }| {
        Family::gauge(
            "quorum_margin_members",
            "So many members, whichever, may be lost without losing the quorum.",
            members,
        )
    }));
    families
}

fn seal(driver: &Driver) -> Option<Family> {
    let mode = driver.keys()?.own()?.mode;
    let is = |other| u64::from(mode == other);
    let modes = [("off", is(Mode::Off)), ("accept", is(Mode::Accept)), ("require", is(Mode::Require))];
    Some(Family::gauge("seal_mode", "What is sealed and let in: 1 for the mode that holds.", 0_u64).by("mode", &modes))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
