//! Which letters of other agents are obeyed, and how?
//!
//! The words of whoever looks for what is wrong are handed on. Else one thing is asked: a step with a key, so that an operator
//! changes the keys of a cluster at one agent. It goes as a letter, from agent to
//! agent over a sealed stream, and is obeyed only where nothing unsealed is let in: there it comes from a holder of a key, who
//! could read and write everything anyhow. Each step is checked where it is done, as if somebody had asked for it there.

use std::sync::Arc;
use std::time::Duration;

use quidnunc::seal::{Key, Mode};
use quidnunc::std::Driver;
use quidnunc::{Care, NodeId, RequestError};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::api::{Agent, Problem, parse_key_id};
use crate::doctor::By;
use crate::mail::{self, Says};

/// So many letters are under way at once, and each is waited for so long: whoever stands still takes it later, or never.
const LETTERS_MAX: usize = 16;
const LETTER_WAIT_MAX: Duration = Duration::from_secs(2);

/// One step with a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyOrder {
    /// The key, wrapped in another that all have, as a hexadecimal number: what is said between agents may be recorded.
    Install(String),
    /// Its fingerprint.
    Use(String),
    /// Its fingerprint.
    Remove(String),
}

impl Agent {
    /// Whether nothing unsealed is let in here.
    pub(crate) async fn requires_seal(&self) -> Result<bool, RequestError> {
        Ok(self.node.keys().await?.own().is_some_and(|own| own.mode == Mode::Require))
    }

    /// Whether what is sent from here is sealed.
    pub(crate) async fn seals(&self) -> Result<bool, RequestError> {
        match self.node.keys().await {
            Ok(keys) => Ok(keys.own().is_some_and(|own| own.mode != Mode::Off)),
            Err(RequestError::NoSeal) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A key that only holders of the key that seals here can read; `None` where nothing is sealed.
    pub(crate) async fn wrap(&self, key: Key) -> Result<Option<String>, Problem> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| Problem::bad("no_entropy", error.to_string()))?;
        let wrap = move |driver: &mut Driver| Ok(driver.seal().and_then(|seal| seal.ring().wrap(&key, &salt)));
        Ok(self.node.act(wrap).await?.map(hex::encode))
    }

    /// Asks a step of every other live member, and returns those that have not taken the letter yet.
    pub(crate) async fn ask_all(self: &Arc<Self>, order: &KeyOrder) -> Result<Vec<NodeId>, RequestError> {
        let bytes: Arc<[u8]> = mail::write(&Says::Key(order.clone())).into();
        let own = self.node.identity().id;
        let members = self.node.members().await?;
        let mut others = members.iter().filter(|it| it.health.is_live() && it.id != own).map(|it| it.id);
        let (mut sending, mut unreached) = (JoinSet::new(), Vec::new());
        loop {
            for id in others.by_ref().take(LETTERS_MAX.saturating_sub(sending.len())) {
                let (agent, bytes) = (Arc::clone(self), Arc::clone(&bytes));
                sending.spawn(async move {
                    let taken = timeout(LETTER_WAIT_MAX, agent.node.send(id, &bytes)).await;
                    (!matches!(taken, Ok(Ok(())))).then_some(id)
                });
            }
            match sending.join_next().await {
                Some(sent) => unreached.extend(sent.ok().flatten()),
                None => return Ok(unreached),
            }
        }
    }
}

/// Does what other agents ask, one after the other.
pub(super) async fn obey(agent: Arc<Agent>, mut letters: Receiver<(NodeId, Box<[u8]>)>) {
    while let Some((from, bytes)) = letters.recv().await {
        let order = match mail::read(&bytes) {
            Some(Says::Key(order)) => order,
            Some(Says::Doctor(words)) => {
                agent.take_words(from, By::Letter, words);
                continue;
            }
            None => {
                tracing::debug!(%from, "a letter that is not for the agent");
                continue;
            }
        };
        if !agent.requires_seal().await.unwrap_or(false) {
            tracing::warn!(%from, "a step with a key is refused: only where the seal is required is it taken from others");
            continue;
        }
        match follow(&agent, order).await {
            Ok(what) => tracing::info!(%from, "{what}"),
            Err(why) => tracing::warn!(%from, "a step with a key was not done: {why}"),
        }
    }
}

async fn follow(agent: &Agent, order: KeyOrder) -> Result<String, String> {
    let failed = |error: RequestError| error.to_string();
    let id = |text: &str| parse_key_id(text).ok_or_else(|| "no fingerprint".to_owned());
    match order {
        KeyOrder::Install(key) => {
            let wrapped = hex::decode(key).map_err(|_| "no wrapped key")?;
            let unwrap = move |driver: &mut Driver| Ok(driver.seal().and_then(|seal| seal.ring().unwrap(&wrapped)));
            let key =
                agent.node.act(unwrap).await.map_err(failed)?.ok_or("no key that is wrapped in one of this node's")?;
            let id = key.id();
            agent.node.install_key(key).await.map_err(failed)?;
            Ok(format!("key {id} is installed"))
        }
        KeyOrder::Use(text) => {
            agent.node.use_key(id(&text)?, Care::Checked).await.map_err(failed)?;
            Ok(format!("key {text} seals"))
        }
        KeyOrder::Remove(text) => {
            agent.node.remove_key(id(&text)?, Care::Checked).await.map_err(failed)?;
            Ok(format!("key {text} is removed"))
        }
    }
}
