//! What can be said about an agent, by flags, the environment and a file?
//!
//! All three say the same things, in one type. Flags win over the environment, which wins over the file. Each value is judged
//! where it is read, so that whoever wrote it is shown the place.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{Address, Mib, Name, Tag, TagValue, VoterName, tag_table};

/// Everything that can be said.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Given {
    /// What the node is called, and known by over every restart; without it, what the machine is called.
    #[arg(long, env = "QUIDNUNC_NAME", value_name = "NAME")]
    pub(crate) name: Option<Name>,
    /// Where it listens for members, UDP and TCP; without it 0.0.0.0:7946.
    #[arg(long, env = "QUIDNUNC_BIND", value_name = "IP:PORT")]
    pub(crate) bind: Option<SocketAddr>,
    /// Where the others reach it, if not there.
    #[arg(long, env = "QUIDNUNC_ADVERTISE", value_name = "IP:PORT")]
    pub(crate) advertise: Option<SocketAddr>,
    /// Another address at which the others reach it, should the first one fail; several can be given.
    #[arg(long, env = "QUIDNUNC_ALSO", value_name = "IP:PORT", value_delimiter = ',')]
    pub(crate) also: Vec<SocketAddr>,
    /// Somebody who may let it in; several can be named.
    #[arg(long, env = "QUIDNUNC_SEED", value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) seed: Vec<Address>,
    /// Only agents of one cluster name hear each other. It is no secret.
    #[arg(long, env = "QUIDNUNC_CLUSTER", value_name = "NAME")]
    pub(crate) cluster: Option<Name>,
    /// How failures are found, and how fast; without it lan.
    #[arg(long, env = "QUIDNUNC_PROFILE", value_name = "PROFILE")]
    pub(crate) profile: Option<Profile>,
    /// What the node shares its fate with, such as its rack.
    #[arg(long, env = "QUIDNUNC_DOMAIN", value_name = "NAME")]
    pub(crate) domain: Option<Name>,
    /// A file in which survives what must: the life's number, peers, keys, its own map.
    #[arg(long, env = "QUIDNUNC_STATE", value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// A file with a key per line, as `quidnunc keys gen` prints them, which others must not read; the first one seals.
    #[arg(long, env = "QUIDNUNC_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// What is sealed and let in; with a key file `require` unless this says otherwise.
    #[arg(long, env = "QUIDNUNC_SEAL", value_name = "MODE")]
    pub(crate) seal: Option<SealMode>,
    /// Something to choose members by; several can be given.
    #[arg(long, env = "QUIDNUNC_TAG", value_name = "NAME=VALUE", value_delimiter = ',')]
    #[serde(with = "tag_table")]
    #[schemars(with = "BTreeMap<String, TagValue>")]
    pub(crate) tag: Vec<Tag>,
    /// Who votes on whether a node may act, by name, this one among them; the same list everywhere. Without it nobody asks. Of one with a
    /// --domain that stands before the name, as in rack-1/n1.
    #[arg(long, env = "QUIDNUNC_VOTER", value_name = "[DOMAIN/]NAME", value_delimiter = ',')]
    pub(crate) voter: Vec<VoterName>,
    /// Which list of voters this is: higher than any before that differs from it; without it 1.
    #[arg(long, env = "QUIDNUNC_EPOCH", value_name = "N")]
    pub(crate) epoch: Option<u64>,
    /// A file to which all that happens to the node is recorded, so that `quidnunc-sim replay` does it again. Keys and values are in it
    /// as they are. When it is full it becomes FILE.1.
    #[arg(long, env = "QUIDNUNC_RECORD", value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// How much is kept of the recording, in MiB; without it 64. The older half goes first.
    #[arg(long, env = "QUIDNUNC_RECORD_MAX_MIB", value_name = "N")]
    pub(crate) record_max_mib: Option<Mib>,
    /// Serves HTTP to browsers, programs and Prometheus; without it nothing does. Not encrypted.
    #[arg(long, env = "QUIDNUNC_HTTP", value_name = "IP:PORT")]
    pub(crate) http: Option<SocketAddr>,
    /// A file with the word that whoever asks over HTTP has to know; needed unless only this machine can.
    #[arg(long, env = "QUIDNUNC_HTTP_TOKEN_FILE", value_name = "FILE")]
    pub(crate) http_token_file: Option<PathBuf>,
    /// How much is logged to stderr; without it info.
    #[arg(long, env = "QUIDNUNC_LOG_LEVEL", value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevel>,
}

impl Given {
    /// This, and where it says nothing, the weaker one.
    pub(crate) fn or(self, weaker: Self) -> Self {
        let mut tag: BTreeMap<_, _> = weaker.tag.into_iter().map(Tag::into_pair).collect();
        tag.extend(self.tag.into_iter().map(Tag::into_pair));
        Self {
            name: self.name.or(weaker.name),
            bind: self.bind.or(weaker.bind),
            advertise: self.advertise.or(weaker.advertise),
            also: given_list(self.also, weaker.also),
            seed: given_list(self.seed, weaker.seed),
            cluster: self.cluster.or(weaker.cluster),
            profile: self.profile.or(weaker.profile),
            domain: self.domain.or(weaker.domain),
            state: self.state.or(weaker.state),
            key_file: self.key_file.or(weaker.key_file),
            seal: self.seal.or(weaker.seal),
            tag: tag.into_iter().map(|(name, value)| Tag { name, value }).collect(),
            voter: given_list(self.voter, weaker.voter),
            epoch: self.epoch.or(weaker.epoch),
            record: self.record.or(weaker.record),
            record_max_mib: self.record_max_mib.or(weaker.record_max_mib),
            http: self.http.or(weaker.http),
            http_token_file: self.http_token_file.or(weaker.http_token_file),
            log_level: self.log_level.or(weaker.log_level),
        }
    }
}

/// The list that somebody has given.
fn given_list<T>(own: Vec<T>, weaker: Vec<T>) -> Vec<T> {
    if own.is_empty() { weaker } else { own }
}

/// Which settings the protocol has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Profile {
    /// One data centre: SWIM probes, a second each.
    Lan,
    /// Several data centres: slower.
    Wan,
    /// One machine: faster.
    Local,
    /// Ten neighbours watch each member, phi accrual.
    PhiRing,
    /// Heartbeats that everybody passes on.
    Heartbeat,
    /// As go-scuttlebutt in one data centre.
    ScuttlebuttLan,
    /// As go-scuttlebutt in several.
    ScuttlebuttWan,
}

/// What is sealed and let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SealMode {
    /// Has no key, and forgets those that --state has kept: all is in the clear.
    None,
    /// Sends plain, lets in both.
    Off,
    /// Sends sealed, lets in both.
    Accept,
    /// Sends sealed, lets in sealed only.
    Require,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_flags_say() {
        let text = "name = 'n1'\nseed = ['a:1', 'b:2']\nprofile = 'phi-ring'\nseal = 'off'\ntag = { role = 'db' }\n";
        let given: Given = toml::from_str(text).expect("it reads");
        assert_eq!(given.name.as_ref().map(Name::as_str), Some("n1"));
        assert_eq!(given.seed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a:1", "b:2"]);
        assert_eq!((given.profile, given.seal), (Some(Profile::PhiRing), Some(SealMode::Off)));
        assert_eq!(given.tag, ["role=db".parse().expect("a tag")]);
        let again: Given = toml::from_str(&toml::to_string(&given).expect("it writes")).expect("it reads");
        assert_eq!(again, given);
    }

    #[test]
    fn the_stronger_one_wins_and_tags_come_together() {
        let of = |text| toml::from_str::<Given>(text).expect("it reads");
        let strong = of("name = 'a'\ntag = { x = '1', y = '1' }");
        let weak = of("name = 'b'\ndomain = 'r'\nseed = ['s:1']\ntag = { y = '2', z = '2' }");
        let both = of("name = 'a'\ndomain = 'r'\nseed = ['s:1']\ntag = { x = '1', y = '1', z = '2' }");
        assert_eq!(strong.or(weak), both);
    }
}
