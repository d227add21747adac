//! How does a whole cluster get another key, step by step?
//!
//! Only members that live can do a step. Whoever is dead and may come back misses it, so that nothing is done, or goes on, while
//! somebody is, unless that is meant: a key is removed last, and until then whoever comes back is still understood.

use std::time::{Duration, Instant};

use quidnunc::seal::Key;
use quidnunc_terminal::plain;
use tokio::time::sleep;

use super::client::{Client, query};
use super::failure::{Code, Failure};
use super::{Outcome, Streams};
use crate::duration::shown;
use crate::model::{FaultText, Holder, KeyDone, KeyInstall, KeyStep, Keys, Members, Status};

/// A step is waited for so long unless somebody says otherwise; what it has done stays done.
const STEP_MAX: Duration = Duration::from_secs(120);

/// The longest that the agent takes to pass a step on to many who stand still.
const PATIENCE: Duration = Duration::from_secs(25);

/// The agent is asked again after this, and all of them are told again after so many times.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const TELL_AGAIN: u32 = 25;

/// One step, on every member.
enum Step<'a> {
    Install(&'a Key),
    Use(String),
    Remove(String),
}

impl Step<'_> {
    fn name(&self) -> String {
        match self {
            Self::Install(key) => format!("install {}", key.id()),
            Self::Use(id) => format!("use {id}"),
            Self::Remove(id) => format!("remove {id}"),
        }
    }

    /// What those do who have done it.
    const fn done(&self) -> &'static str {
        match self {
            Self::Install(_) => "have it",
            Self::Use(_) => "seal with it",
            Self::Remove(_) => "are without it",
        }
    }

    /// Whether a member has done it, as far as it has said.
    fn is_done_by(&self, holder: &Holder) -> bool {
        // Whoever has said nothing may have any key, and none.
        holder.mode.is_some()
            && match self {
                Self::Install(key) => holder.keys.contains(&key.id().to_string()),
                Self::Use(id) => holder.keys.first() == Some(id),
                Self::Remove(id) => !holder.keys.contains(id),
            }
    }
}

/// `quidnunc keys rotate`
pub(super) async fn rotate(
    keys: &[Key],
    force: bool,
    (client, wait): (Client, Option<Duration>),
    streams: &mut Streams<'_>,
) -> Outcome {
    let [key] = keys else {
        return Err(Failure::Usage("a cluster is given one key at a time, and the file has several".into()));
    };
    let (client, wait, absent) = (client.patient(PATIENCE), wait.unwrap_or(STEP_MAX), String::new());
    let mut rotation = Rotation { client, wait, force, absent, streams };
    let new = key.id().to_string();
    rotation.step(&Step::Install(key)).await?;
    let keys = rotation.step(&Step::Use(new.clone())).await?;
    for old in keys.keys.into_iter().map(|row| row.id).filter(|id| *id != new) {
        rotation.step(&Step::Remove(old)).await?;
    }
    rotation.unless_absent("and may have missed the new key").await?;
    let answer = rotation.client.get::<Keys>("/v1/keys").await?;
    rotation.streams.show(&answer, super::keys::table)?;
    Ok(Code::Ok)
}

/// A rotation under way.
struct Rotation<'a, 's> {
    client: Client,
    wait: Duration,
    force: bool,
    /// What was said last of whoever is dead.
    absent: String,
    streams: &'a mut Streams<'s>,
}

impl Rotation<'_, '_> {
    /// Has all members do a step, and waits until the agent knows that they have.
    async fn step(&mut self, step: &Step<'_>) -> Result<Keys, Failure> {
        self.unless_absent("and would miss the new key").await?;
        let (name, deadline) = (step.name(), Instant::now() + self.wait);
        let mut shown = None;
        for look in 0_u32.. {
            if look % TELL_AGAIN == 0 {
                for who in self.tell(step).await?.unreached {
                    writeln!(self.streams.err, "{name}: {} was not reached, and is asked again", plain(&who.shown()))?;
                }
            }
            let keys = self.client.get::<Keys>("/v1/keys").await?.says;
            let missing = missing(step, &keys.holders);
            if missing.is_empty() {
                writeln!(self.streams.err, "{name}: {0} of {0} {1}", keys.members, step.done())?;
                return Ok(keys);
            }
            if Instant::now() > deadline {
                return Err(late(&name, &missing, self.wait));
            }
            if shown.as_ref() != Some(&missing) {
                let (have, all, done) = (keys.members.saturating_sub(missing.len()), keys.members, step.done());
                writeln!(self.streams.err, "{name}: {have} of {all} {done}; waiting for {}", list(&missing))?;
                shown = Some(missing);
            }
            sleep(LOOK_AGAIN).await;
        }
        Err(late(&name, &[], self.wait))
    }

    /// Goes on only when nobody is dead who may come back, or when that is meant.
    async fn unless_absent(&mut self, so: &str) -> Result<(), Failure> {
        let path = query("/v1/members", &[("status", Some(Status::Dead.word()))]);
        let absent = self.client.get::<Members>(&path).await?.says.members;
        if absent.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = absent.iter().map(|member| member.brief.who.shown()).collect();
        let message = format!("dead, {so}: {}", list(&names));
        if self.force {
            if self.absent != message {
                writeln!(self.streams.err, "{message}")?;
                self.absent = message;
            }
            return Ok(());
        }
        let hint =
            "start them again, or let go of them with `quidnunc force-leave`; --force goes on without them".into();
        Err(Failure::Fault(FaultText { code: "members_absent".into(), message, hint: Some(hint) }))
    }

    async fn tell(&self, step: &Step<'_>) -> Result<KeyDone, Failure> {
        let everywhere = |id: &String| KeyStep { id: id.clone(), force: false, everywhere: true };
        let answer = match step {
            Step::Install(key) => {
                let install = KeyInstall { key: hex::encode(key.secret()), everywhere: true };
                self.client.post("/v1/keys/install", &install).await?
            }
            Step::Use(id) => self.client.post("/v1/keys/use", &everywhere(id)).await?,
            Step::Remove(id) => self.client.post("/v1/keys/remove", &everywhere(id)).await?,
        };
        Ok(answer.says)
    }
}

/// Who is not known to have done a step.
fn missing(step: &Step<'_>, holders: &[Holder]) -> Vec<String> {
    holders.iter().filter(|holder| !step.is_done_by(holder)).map(|holder| holder.who.shown()).collect()
}

fn late(name: &str, missing: &[String], wait: Duration) -> Failure {
    let message = format!("{name}: not done within {} by {}", shown(wait), list(missing));
    let hint = "what is done stays done: mend them and do it again, or give it longer with --timeout".into();
    Failure::Fault(FaultText { code: "timeout".into(), message, hint: Some(hint) })
}

fn list(names: &[String]) -> String {
    plain(&names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Who;

    fn holder(name: &str, mode: Option<&str>, keys: &[&str]) -> Holder {
        let who = Who { name: Some(name.into()), id: "00".into() };
        Holder { who, mode: mode.map(str::to_owned), keys: keys.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn whoever_has_said_nothing_has_done_nothing() {
        let holders = [
            holder("n1", Some("require"), &["new", "old"]),
            holder("n2", Some("require"), &["old", "new"]),
            holder("n3", Some("require"), &["old"]),
            holder("n4", None, &[]),
        ];
        assert_eq!(missing(&Step::Use("new".into()), &holders), ["n2", "n3", "n4"]);
        assert_eq!(missing(&Step::Remove("new".into()), &holders), ["n1", "n2", "n4"]);
    }
}
