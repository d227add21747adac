//! Who has which key, and what is done with them on this node?

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use quidnunc::seal::KeyId;
use quidnunc::{Care, ClusterKeys, SealReport};

use super::extract::Body;
use super::members::who;
use super::{Agent, Answer, Of, Problem, reply, status};
use crate::model::{Holder, KeyDone, KeyInstall, KeyRow, KeyStep, Keys};
use crate::run::{KeyOrder, parse_key};

/// `GET /v1/keys`
pub(super) async fn list(State(agent): Of) -> Answer<Keys> {
    let keys = agent.node.keys().await?;
    reply(agent.node.read(move |driver| report(driver.view(), &keys)).await?)
}

fn report(view: quidnunc::View<'_>, keys: &ClusterKeys) -> Keys {
    let own = keys.own().and_then(SealReport::used);
    let row = |(id, count): (KeyId, quidnunc::KeyCount)| KeyRow {
        id: id.to_string(),
        have: count.have,
        seal: count.seal,
        own: own == Some(id),
    };
    let holders = keys.members.iter().map(|(id, report)| Holder {
        who: who(view, *id),
        mode: report.as_ref().map(|report| status::mode(report.mode).to_owned()),
        keys: report.iter().flat_map(|report| &report.keys).map(ToString::to_string).collect(),
    });
    Keys {
        members: keys.members.len(),
        keys: keys.counts().into_iter().map(row).collect(),
        holders: holders.collect(),
        withheld: keys.withheld.iter().map(ToString::to_string).collect(),
    }
}

/// `POST /v1/keys/install`
pub(super) async fn install(State(agent): Of, Body(request): Body<KeyInstall>) -> Answer<KeyDone> {
    let KeyInstall { key, everywhere } = request;
    let key = parse_key(&key).map_err(|why| Problem::bad("bad_key", why))?;
    unless_open(&agent, everywhere).await?;
    // Wrapped in the key that all have, before there is another: what is said between agents is recorded, and keys are not.
    let wrapped = if everywhere { agent.wrap(key.clone()).await? } else { None };
    agent.node.install_key(key).await?;
    pass_on(&agent, everywhere, KeyOrder::Install(wrapped.unwrap_or_default())).await
}

/// `POST /v1/keys/use`
pub(super) async fn use_key(State(agent): Of, Body(step): Body<KeyStep>) -> Answer<KeyDone> {
    let (id, care) = read(&agent, &step).await?;
    agent.node.use_key(id, care).await?;
    pass_on(&agent, step.everywhere, KeyOrder::Use(step.id)).await
}

/// `POST /v1/keys/remove`
pub(super) async fn remove(State(agent): Of, Body(step): Body<KeyStep>) -> Answer<KeyDone> {
    let (id, care) = read(&agent, &step).await?;
    // What is gone already may still be there elsewhere.
    let is_here = agent.node.keys().await?.own().is_some_and(|own| own.keys.contains(&id));
    if is_here || !step.everywhere {
        agent.node.remove_key(id, care).await?;
    }
    pass_on(&agent, step.everywhere, KeyOrder::Remove(step.id)).await
}

async fn pass_on(agent: &Arc<Agent>, everywhere: bool, order: KeyOrder) -> Answer<KeyDone> {
    let unreached = if everywhere { agent.ask_all(&order).await? } else { Vec::new() };
    let names = agent.node.read(move |driver| unreached.iter().map(|id| who(driver.view(), *id)).collect());
    reply(KeyDone { unreached: names.await? })
}

/// Refuses to send a step around where somebody could read or forge it.
async fn unless_open(agent: &Agent, everywhere: bool) -> Result<(), Problem> {
    if everywhere && !agent.requires_seal().await? {
        let problem =
            Problem::new(StatusCode::CONFLICT, "seal_not_required", "keys go around only where the seal is required");
        return Err(problem.hint("do the step at each agent, or start them with --seal require"));
    }
    Ok(())
}

async fn read(agent: &Agent, KeyStep { id, force, everywhere }: &KeyStep) -> Result<(KeyId, Care), Problem> {
    // Without a seal that is what is wrong, whatever the name.
    agent.node.keys().await?;
    unless_open(agent, *everywhere).await?;
    let id = parse_key_id(id).ok_or_else(|| {
        Problem::bad("bad_key", format!("`{}` is no fingerprint of a key", id.escape_debug()))
            .hint("`quidnunc keys list` shows them: eight hexadecimal digits")
    })?;
    Ok((id, if *force { Care::Forced } else { Care::Checked }))
}

/// A fingerprint, as it is shown.
pub(crate) fn parse_key_id(text: &str) -> Option<KeyId> {
    hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok()).map(KeyId::from_bytes)
}
