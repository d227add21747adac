//! How does a whole cluster get another key, step by step?

use std::time::{Duration, Instant};

use quidnunc::seal::Key;
use quidnunc_terminal::plain;
use tokio::time::sleep;

use super::client::Client;
use super::failure::{Code, Failure};
use super::{Outcome, Streams};
use crate::model::{KeyDone, KeyInstall, KeyRow, KeyStep, Keys};

/// The longest that a step is waited for; what it has done stays done.
const STEP_MAX: Duration = Duration::from_secs(120);

/// The agent is asked again after this, and all of them are told again after so many times.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const TELL_AGAIN: u32 = 25;

/// How many members have done a step, of how many.
type Progress<'a> = dyn Fn(&Keys) -> (usize, usize) + 'a;

/// One step, on every member.
enum Step<'a> {
    Install(&'a Key),
    Use(String),
    Remove(String),
}

/// `quidnunc keys rotate`
pub(super) async fn rotate(keys: &[Key], client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let [key] = keys else {
        return Err(Failure::Usage("a cluster is given one key at a time, and the file has several".into()));
    };
    let new = key.id().to_string();
    let count = |keys: &Keys, of: fn(&KeyRow) -> usize| keys.keys.iter().find(|row| row.id == new).map_or(0, of);
    let everyone = |keys: &Keys| keys.members;
    done(client, streams, &Step::Install(key), ("have it", &|keys| (count(keys, |row| row.have), everyone(keys))))
        .await?;
    let seal = |keys: &Keys| (count(keys, |row| row.seal), everyone(keys));
    let keys = done(client, streams, &Step::Use(new.clone()), ("seal with it", &seal)).await?;
    for old in keys.keys.iter().map(|row| &row.id).filter(|id| **id != new) {
        let gone = |keys: &Keys| {
            let have = keys.keys.iter().find(|row| row.id == *old).map_or(0, |row| row.have);
            (everyone(keys).saturating_sub(have), everyone(keys))
        };
        done(client, streams, &Step::Remove(old.clone()), ("are without it", &gone)).await?;
    }
    let answer = client.get::<Keys>("/v1/keys").await?;
    streams.show(&answer, super::keys::table)?;
    Ok(Code::Ok)
}

/// Has all members do a step, and waits until the agent knows that they have.
async fn done(
    client: &Client,
    streams: &mut Streams<'_>,
    step: &Step<'_>,
    (what, progress): (&str, &Progress<'_>),
) -> Result<Keys, Failure> {
    let (name, deadline) = (name(step), Instant::now() + STEP_MAX);
    let mut shown = None;
    for look in 0_u32.. {
        if look % TELL_AGAIN == 0 {
            let KeyDone { unreached } = tell(client, step).await?;
            for who in unreached {
                writeln!(streams.err, "{name}: {} was not reached, and is asked again", plain(&who.shown()))?;
            }
        }
        let keys = client.get::<Keys>("/v1/keys").await?.says;
        let now = progress(&keys);
        if shown != Some(now) {
            writeln!(streams.err, "{name}: {} of {} {what}", now.0, now.1)?;
            shown = Some(now);
        }
        if now.0 == now.1 {
            return Ok(keys);
        }
        if Instant::now() > deadline {
            break;
        }
        sleep(LOOK_AGAIN).await;
    }
    Err(Failure::Timeout { after: STEP_MAX })
}

fn name(step: &Step<'_>) -> String {
    match step {
        Step::Install(key) => format!("install {}", key.id()),
        Step::Use(id) => format!("use {id}"),
        Step::Remove(id) => format!("remove {id}"),
    }
}

async fn tell(client: &Client, step: &Step<'_>) -> Result<KeyDone, Failure> {
    let everywhere = |id: &String| KeyStep { id: id.clone(), force: false, everywhere: true };
    let answer = match step {
        Step::Install(key) => {
            let install = KeyInstall { key: hex::encode(key.secret()), everywhere: true };
            client.post("/v1/keys/install", &install).await?
        }
        Step::Use(id) => client.post("/v1/keys/use", &everywhere(id)).await?,
        Step::Remove(id) => client.post("/v1/keys/remove", &everywhere(id)).await?,
    };
    Ok(answer.says)
}
