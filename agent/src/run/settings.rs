//! What does an agent need to start, and what of what was said cannot be?

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quidnunc::seal::{Key, KeyRing, Mode, SealError};
use quidnunc::{
    Config, Domain, InfoSettings, NodeId, Options, QuorumSettings, SealOptions, StateFile, StreamLimits, Voter,
};

use crate::web::{Web, WebError};

use super::file::shown;
use super::given::{Given, Profile, SealMode};
use super::words::{Name, Tag, Unfit, VoterName};

/// Where an agent listens unless somebody says otherwise.
const BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 7946);

/// The longest key file, in bytes.
const KEY_FILE_BYTES_MAX: u64 = 64 << 10;

/// What others may not do with it: read it, unless they are of its group, and write it.
const FORBIDDEN: u32 = 0o027;

/// What cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("this machine's name `{0}` cannot be a node's: give a --name")]
    Hostname(String),
    #[error("no address of this machine can be told to others: give an --advertise ({0})")]
    NoAddress(std::io::Error),
    #[error("cannot read the key file {}: {source}", shown(path))]
    KeyFile { path: PathBuf, source: std::io::Error },
    #[error(
        "others may read or change the key file {}\n  help: `chmod 600` it, and take another key if somebody else may have it",
        shown(path)
    )]
    Readable { path: PathBuf },
    #[error("{}, line {line}: {why}; `quidnunc keys gen` prints keys as they are taken", shown(path))]
    Key { path: PathBuf, line: usize, why: String },
    #[error("--voter names {named}, but not this node: name it as well, as {own}, or leave --voter out")]
    NoVoter { named: String, own: String },
    #[error("the tag `{name}`: {why}")]
    Tag { name: String, why: Unfit },
    #[error("--seal {0} needs a --key-file with a key")]
    NoKey(&'static str),
    #[error(transparent)]
    Web(#[from] WebError),
    #[error("--seal none forgets all keys: leave out --key-file, or say --seal off to send plain and keep them")]
    KeyInVain,
}

/// All that an agent needs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) domain: Option<String>,
    pub(crate) seeds: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Who votes, and which list of voters that is.
    pub(crate) voters: Vec<Voter>,
    pub(crate) epoch: u64,
    pub(crate) options: Options,
    pub(crate) web: Option<Web>,
}

impl Settings {
    pub(crate) fn new(given: &Given) -> Result<Self, SettingsError> {
        let name = match &given.name {
            Some(name) => name.to_string(),
            None => hostname()?,
        };
        let bind = given.bind.unwrap_or(BIND);
        let advertise = match given.advertise {
            None if bind.ip().is_unspecified() => Some(SocketAddr::new(own_address(bind.ip())?, 0)),
            given => given,
        };
        let own = (given.domain.as_ref().map(Name::as_str), name.as_str());
        if !given.voter.is_empty() && !given.voter.iter().any(|voter| voter.parts() == own) {
            let named: Vec<_> = given.voter.iter().map(ToString::to_string).collect();
            let own = own.0.map_or_else(|| name.clone(), |domain| format!("{domain}/{name}"));
            return Err(SettingsError::NoVoter { named: named.join(", "), own });
        }
        for tag in &given.tag {
            tag.check().map_err(|why| SettingsError::Tag { name: tag.name.escape_debug().to_string(), why })?;
        }
        let profile = config(given.profile.unwrap_or(Profile::Lan));
        let config = Config {
            cluster: given.cluster.as_ref().map_or(0, |name| Config::cluster_tag(name.as_str())),
            streams: Some(StreamLimits::default()),
            infos: Some(InfoSettings::default()),
            quorum: (!given.voter.is_empty()).then(|| quorum(profile.period)),
            ..profile
        };
        let options = Options {
            config,
            advertise,
            also: given.also.clone(),
            domain: given.domain.as_ref().map_or(Domain::NONE, |name| Domain::from_name(name.as_str())),
            state: given.state.as_ref().map(|path| StateFile { path: path.clone(), keeps_map: true }),
            seal: seal(given)?,
            ..Options::new(NodeId::from_name(&name), bind)
        };
        Ok(Self {
            name,
            domain: given.domain.as_ref().map(Name::to_string),
            seeds: given.seed.iter().map(ToString::to_string).collect(),
            tags: given.tag.iter().cloned().map(Tag::into_pair).collect(),
            voters: given.voter.iter().map(voter).collect(),
            epoch: given.epoch.unwrap_or(1),
            options,
            web: Web::new(given.http, given.http_token_file.as_deref())?,
        })
    }
}

const fn config(profile: Profile) -> Config {
    match profile {
        Profile::Lan => Config::lan(),
        Profile::Wan => Config::wan(),
        Profile::Local => Config::local(),
        Profile::PhiRing => Config::phi_ring(),
        Profile::Heartbeat => Config::heartbeat(),
        Profile::ScuttlebuttLan => Config::scuttlebutt_lan(),
        Profile::ScuttlebuttWan => Config::scuttlebutt_wan(),
    }
}

/// A voter: all have one vote.
fn voter(given: &VoterName) -> Voter {
    let (domain, name) = given.parts();
    Voter { id: NodeId::from_name(name), votes: 1, domain: domain.map_or(Domain::NONE, Domain::from_name) }
}

/// A majority of voters, in the times that [`QuorumSettings::native`] has for probes once per second.
fn quorum(period: Duration) -> QuorumSettings {
    let lease = period.saturating_mul(5);
    QuorumSettings { lease: Some(lease), stable_after: period.saturating_mul(11), ..QuorumSettings::native() }
}

fn hostname() -> Result<String, SettingsError> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if crate::names::is_name(&name) { Ok(name) } else { Err(SettingsError::Hostname(name)) }
}

/// The address from which this machine would reach the world. Nothing is sent.
fn own_address(of_family: IpAddr) -> Result<IpAddr, SettingsError> {
    // Addresses for documentation: they are routed as any other is, and nobody has them (RFC 5737, RFC 3849).
    let (any, world): (IpAddr, IpAddr) = if of_family.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into())
    } else {
        (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into())
    };
    let found = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((world, 9))?;
        socket.local_addr()
    });
    found.map(|addr| addr.ip()).map_err(SettingsError::NoAddress)
}

fn seal(given: &Given) -> Result<Option<SealOptions>, SettingsError> {
    let keys = given.key_file.as_deref().map(read_keys).transpose()?.unwrap_or_default();
    let overrides = given.seal == Some(SealMode::None);
    let mode = match (given.seal, keys.is_empty()) {
        (None, true) => return Ok(None),
        (Some(SealMode::None), true) => Mode::Off,
        (Some(SealMode::None), false) => return Err(SettingsError::KeyInVain),
        (Some(SealMode::Off), _) => Mode::Off,
        (Some(SealMode::Accept), true) => return Err(SettingsError::NoKey("accept")),
        (Some(SealMode::Require), true) => return Err(SettingsError::NoKey("require")),
        (Some(SealMode::Accept), false) => Mode::Accept,
        (Some(SealMode::Require) | None, false) => Mode::Require,
    };
    let mut ring = KeyRing::empty();
    for key in keys {
        // `read_keys` has counted them.
        let _ = ring.install(key);
    }
    Ok(Some(SealOptions { mode, overrides, ..SealOptions::new(ring) }))
}

/// The keys of a file, one per line; what begins with `#` is no key. A file that others may read is refused, as ssh does it: what
/// seals a whole cluster would be known to every user of one machine.
pub(crate) fn read_keys(path: &Path) -> Result<Vec<Key>, SettingsError> {
    let failed = |source| SettingsError::KeyFile { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.len() > KEY_FILE_BYTES_MAX {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    // A pipe has no others.
    if about.is_file() && about.mode() & FORBIDDEN != 0 {
        return Err(SettingsError::Readable { path: path.to_path_buf() });
    }
    let mut text = String::new();
    file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    parse_keys(&text).map_err(|(line, why)| SettingsError::Key { path: path.to_path_buf(), line, why })
}

/// The keys of a text, or the line that is none, and why.
pub(crate) fn parse_keys(text: &str) -> Result<Vec<Key>, (usize, String)> {
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if keys.len() == quidnunc::seal::KEYS_MAX {
            return Err((number, SealError::TooManyKeys.to_string()));
        }
        keys.push(parse_key(line).map_err(|why| (number, why))?);
    }
    Ok(keys)
}

/// A key as people hand it on. It is never said which.
pub(crate) fn parse_key(text: &str) -> Result<Key, String> {
    let bytes = hex::decode(text).map_err(|_| "a key is a hexadecimal number of 32, 48 or 64 digits")?;
    Key::new(&bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_has_a_key_per_line() {
        let text = "# ours\n000102030405060708090a0b0c0d0e0f\n\n  101112131415161718191a1b1c1d1e1f \n";
        let ids: Vec<_> = parse_keys(text).expect("keys").iter().map(|key| key.id().to_string()).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(parse_keys("00ff\n").map_err(|(line, _)| line).err(), Some(1));
        let (line, why) = parse_keys("# x\nsecret words\n").expect_err("no key");
        assert_eq!((line, why.contains("secret")), (2, false));
        assert_eq!(
            parse_keys(&"000102030405060708090a0b0c0d0e0f\n".repeat(9)).map_err(|(line, _)| line).err(),
            Some(9)
        );
    }

    #[test]
    fn who_seals_needs_a_key() {
        let given = |text| toml::from_str::<Given>(text).expect("it reads");
        let settings = |text| Settings::new(&given(text));
        assert!(settings("name = 'a'\nbind = '127.0.0.1:0'").is_ok_and(|it| it.options.seal.is_none()));
        assert!(matches!(
            settings("name = 'a'\nbind = '127.0.0.1:0'\nseal = 'require'"),
            Err(SettingsError::NoKey("require"))
        ));
    }
}
