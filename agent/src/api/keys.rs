//! Who has which key, and what is done with them on this node?

use axum::extract::State;
use quidnunc::seal::KeyId;
use quidnunc::{Care, ClusterKeys};

use super::extract::Body;
use super::members::who;
use super::{Agent, Answer, Of, Problem, reply, status};
use crate::model::{Done, Holder, KeyInstall, KeyRow, KeyStep, Keys, unhex};
use crate::run::parse_key;

/// `GET /v1/keys`
pub(super) async fn list(State(agent): Of) -> Answer<Keys> {
    let keys = agent.node.keys().await?;
    reply(agent.node.read(move |driver| report(driver.view(), &keys)).await?)
}

fn report(view: quidnunc::View<'_>, keys: &ClusterKeys) -> Keys {
    let own = keys.members.first().and_then(|(_, report)| report.as_ref()?.used());
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
pub(super) async fn install(State(agent): Of, Body(KeyInstall { key }): Body<KeyInstall>) -> Answer<Done> {
    let key = parse_key(&key).map_err(|why| Problem::bad("bad_key", why))?;
    agent.node.install_key(key).await?;
    reply(Done {})
}

/// `POST /v1/keys/use`
pub(super) async fn use_key(State(agent): Of, Body(step): Body<KeyStep>) -> Answer<Done> {
    let (id, care) = read(&agent, &step).await?;
    agent.node.use_key(id, care).await?;
    reply(Done {})
}

/// `POST /v1/keys/remove`
pub(super) async fn remove(State(agent): Of, Body(step): Body<KeyStep>) -> Answer<Done> {
    let (id, care) = read(&agent, &step).await?;
    agent.node.remove_key(id, care).await?;
    reply(Done {})
}

async fn read(agent: &Agent, KeyStep { id, force }: &KeyStep) -> Result<(KeyId, Care), Problem> {
    // Without a seal that is what is wrong, whatever the name.
    agent.node.keys().await?;
    let bytes = unhex(id).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).ok_or_else(|| {
        Problem::bad("bad_key", format!("`{}` is no fingerprint of a key", id.escape_debug()))
            .hint("`quidnunc keys list` shows them: eight hexadecimal digits")
    })?;
    Ok((KeyId::from_bytes(bytes), if *force { Care::Forced } else { Care::Checked }))
}
