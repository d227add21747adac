//! Whom does this node talk to?

use axum::extract::State;
use quidnunc::{LinkView, LinksStanding};

use super::members::who;
use super::{Answer, Of, reply};
use crate::model::{LinkRow, Overlay};

/// `GET /v1/overlay`
pub(super) async fn overlay(State(agent): Of) -> Answer<Overlay> {
    let overlay = agent.node.read(|driver| {
        let view = driver.view();
        let link = |outgoing| move |LinkView { id, addr }| LinkRow { who: who(view, id), addr, outgoing };
        let links = view.outgoing().map(link(true)).chain(view.incoming().map(link(false))).collect();
        let standing = view.links_standing().map_or("none", word).to_owned();
        Overlay { own: who(view, view.id()), standing, max_hops: view.max_hops(), links }
    });
    reply(overlay.await?)
}

pub(super) const fn word(standing: LinksStanding) -> &'static str {
    match standing {
        LinksStanding::Joining => "joining",
        LinksStanding::Connected => "connected",
        LinksStanding::Orphaned => "orphaned",
        LinksStanding::SentinelMissing => "sentinel-missing",
        LinksStanding::Stopped => "stopped",
    }
}
