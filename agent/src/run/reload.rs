//! What of an agent changes while it runs, when its config file has?
//!
//! Tags, the log level and the keys; of everything else that differs it is said that it needs a restart. A file that is wrong
//! changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quidnunc::Care;
use quidnunc::seal::{Key, KeyId};

use super::file::read_file;
use super::given::{Given, LogLevel};
use super::log::Logging;
use super::settings::read_keys;
use super::words::Tag;
use crate::api::Agent;
use crate::model::TagsChange;

/// What was said at the start, and where to read again.
pub(super) struct Reload {
    /// Flags and the environment, which stay stronger.
    pub(super) given: Given,
    pub(super) file: Option<PathBuf>,
    /// What holds at present.
    pub(super) current: Given,
    pub(super) logging: Logging,
    /// The keys that the key file had when it was read last, in its order: what it has besides is new, and what a rotation has
    /// removed meanwhile does not come back with the others.
    pub(super) keys: Vec<KeyId>,
}

impl Reload {
    /// Reads again, and does what can be done.
    pub(super) async fn reload(&mut self, agent: &Agent) {
        let Some(file) = &self.file else {
            tracing::warn!("there is no config file to read again");
            return;
        };
        let Some(read) = elsewhere(file, read_file).await else { return };
        let wanted = match read {
            Ok(read) => self.given.clone().or(read),
            Err(error) => {
                tracing::error!("nothing is changed: {error}");
                return;
            }
        };
        for key in fixed(&self.current, &wanted) {
            tracing::warn!("`{key}` is not changed: that needs a restart");
        }
        self.logging.set(wanted.log_level.unwrap_or(LogLevel::Info));
        let change = tags(&self.current.tag, &wanted.tag);
        if let Err(problem) = agent.change_tags(&change).await {
            tracing::error!("the tags are not changed: {}", problem.text().message);
            return;
        }
        let file = file.display().to_string();
        self.current = Given { tag: wanted.tag, log_level: wanted.log_level, ..self.current.clone() };
        self.read_keys_again(agent).await;
        tracing::info!("read again: {file}");
    }

    /// Installs what is new in the key file, and seals with its first key if that is another one and all members have it.
    async fn read_keys_again(&mut self, agent: &Agent) {
        let Some(file) = &self.current.key_file else { return };
        let Some(read) = elsewhere(file, read_keys).await else { return };
        let keys = match read {
            Ok(keys) => keys,
            Err(error) => {
                tracing::error!("the keys are not changed: {error}");
                return;
            }
        };
        let ids: Vec<KeyId> = keys.iter().map(Key::id).collect();
        for key in keys.into_iter().filter(|key| !self.keys.contains(&key.id())) {
            let id = key.id();
            if let Err(error) = agent.node.install_key(key).await {
                tracing::error!("key {id} is not installed: {error}");
            }
        }
        if let Some(&id) = ids.first().filter(|first| self.keys.first() != Some(first))
            && let Err(error) = agent.node.use_key(id, Care::Checked).await
        {
            tracing::warn!("key {id} is not used yet: {error}; `quidnunc keys use {id}` does it when all have it");
        }
        self.keys = ids;
    }
}

/// Reads a file where that holds nothing else up; `None` when the program is ending.
async fn elsewhere<T: Send + 'static>(file: &Path, read: fn(&Path) -> T) -> Option<T> {
    let file = file.to_path_buf();
    tokio::task::spawn_blocking(move || read(&file)).await.ok()
}

/// What was taken off the file is taken off the node; what others have set stays.
fn tags(before: &[Tag], after: &[Tag]) -> TagsChange {
    let set: BTreeMap<_, _> = after.iter().cloned().map(Tag::into_pair).collect();
    let gone = before.iter().filter(|tag| !set.contains_key(&tag.name));
    TagsChange { unset: gone.map(|tag| tag.name.clone()).collect(), set }
}

/// The names of what differs and cannot be changed.
fn fixed(before: &Given, after: &Given) -> Vec<&'static str> {
    let differs = [
        ("name", before.name != after.name),
        ("bind", before.bind != after.bind),
        ("advertise", before.advertise != after.advertise),
        ("also", before.also != after.also),
        ("seed", before.seed != after.seed),
        ("cluster", before.cluster != after.cluster),
        ("profile", before.profile != after.profile),
        ("domain", before.domain != after.domain),
        ("state", before.state != after.state),
        ("key_file", before.key_file != after.key_file),
        ("seal", before.seal != after.seal),
        ("voter", before.voter != after.voter),
        ("epoch", before.epoch != after.epoch),
        ("record", before.record != after.record),
        ("record_max_mib", before.record_max_mib != after.record_max_mib),
        ("http", before.http != after.http),
        ("http_token_file", before.http_token_file != after.http_token_file),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_with_the_file_that_set_them() {
        let tags_of = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect::<Vec<Tag>>();
        let TagsChange { set, unset } = tags(&tags_of(&["a=1", "b=1"]), &tags_of(&["b=2", "c=3"]));
        assert_eq!(set, BTreeMap::from([("b".into(), "2".into()), ("c".into(), "3".into())]));
        assert_eq!(unset, ["a"]);
    }
}
