//! What should everybody know?

use std::time::Duration;

use axum::extract::State;
use quidnunc::std::Driver;
use quidnunc::{GroupDef, GroupOrder, Info, InfoValue, KeyPattern, Value};

use super::extract::{Body, Params};
use super::members::who;
use super::room::{Room, too_large};
use super::{Agent, Answer, Of, Problem, reply};
use crate::duration::millis;
use crate::model::{Bytes, Done, GroupRegister, InfoAdd, InfoFilter, InfoRow, InfoText, Infos, KvDelete, Order};

/// `GET /v1/info`
pub(super) async fn list(State(agent): Of, Params(filter): Params<InfoFilter>) -> Answer<Infos> {
    let text = filter.key.as_ref().or(filter.prefix.as_ref()).cloned().unwrap_or_default();
    let pattern = if filter.key.is_some() { KeyPattern::exact } else { KeyPattern::prefix };
    let infos = agent.node.infos(pattern(text.as_bytes())).await?;
    reply(Infos { infos: rows(&agent, infos).await? })
}

/// `GET /v1/info/group`
pub(super) async fn group(State(agent): Of, Params(filter): Params<InfoFilter>) -> Answer<Infos> {
    let prefix = filter.prefix.unwrap_or_default();
    let infos = agent.node.group(KeyPattern::prefix(prefix.as_bytes())).await?.ok_or_else(|| {
        Problem::bad("unknown_group", format!("there is no group of the prefix `{prefix}`"))
            .hint("register one with a limit and an order")
    })?;
    reply(Infos { infos: rows(&agent, infos).await? })
}

/// `POST /v1/info/group`
pub(super) async fn register(State(agent): Of, Body(group): Body<GroupRegister>) -> Answer<Done> {
    let GroupRegister { prefix, limit, order } = group;
    let order = match order {
        Order::Min => GroupOrder::Min,
        Order::Max => GroupOrder::Max,
    };
    let pattern = KeyPattern::prefix(prefix.as_bytes());
    agent.node.register_group(GroupDef { pattern, limit, order }).await?;
    reply(Done {})
}

/// `POST /v1/info/add`
pub(super) async fn add(State(agent): Of, Body(InfoAdd { key, value, ttl_ms }): Body<InfoAdd>) -> Answer<Done> {
    let ttl = ttl_ms.map(Duration::from_millis);
    let bytes;
    let value = match &value {
        InfoText::Int(number) => InfoValue::Int(*number),
        InfoText::Float(number) => InfoValue::Float(*number),
        InfoText::Text(text) => InfoValue::Text(text),
        InfoText::Hex { hex } => {
            bytes = hex::decode(hex).map_err(|_| Problem::bad("bad_field", "value: `hex` is no hexadecimal number"))?;
            InfoValue::Bytes(&bytes)
        }
    };
    agent.node.add_info(key.as_bytes(), value, ttl).await?;
    reply(Done {})
}

/// `POST /v1/info/delete`
pub(super) async fn delete(State(agent): Of, Body(KvDelete { key }): Body<KvDelete>) -> Answer<Done> {
    agent.node.delete_info(key.as_bytes()).await?;
    reply(Done {})
}

async fn rows(agent: &Agent, infos: Vec<Info>) -> Result<Vec<InfoRow>, Problem> {
    let mut room = Room::new();
    for info in &infos {
        let bytes = match &info.value {
            Value::Int(_) | Value::Float(_) => 0,
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
        };
        let has_room = room.take(info.key.len().saturating_add(bytes));
        has_room.ok_or_else(|| too_large("ask for less: a key or a longer prefix"))?;
    }
    Ok(agent.node.read(move |driver| infos.iter().map(|info| row(driver, info)).collect()).await?)
}

fn row(driver: &Driver, info: &Info) -> InfoRow {
    let value = match &info.value {
        Value::Int(number) => InfoText::Int(*number),
        Value::Float(number) if number.is_finite() => InfoText::Float(*number),
        // JSON has no such numbers.
        Value::Float(number) => InfoText::Text(number.to_string()),
        Value::Text(text) => InfoText::Text(text.clone()),
        Value::Bytes(bytes) => InfoText::Hex { hex: hex::encode(bytes) },
    };
    let left_ms = info.left.map(millis);
    InfoRow { key: Bytes::new(&info.key), value, origin: who(driver.view(), info.origin), hops: info.hops, left_ms }
}
