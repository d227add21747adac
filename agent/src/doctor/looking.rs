//! What can be seen from here, and what do others add to it?

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use quidnunc::seal::Refused;
use quidnunc::std::{DatagramRefused, Driver};
use quidnunc::{DecodeError, Health, NodeId, Rejected, SealReport, View};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::asking::{Exam, examine};
use super::judging::findings;
use super::letters::Dial;
use super::{DIAL_MAX, dial};
use crate::api::{Agent, Problem};
use crate::duration::millis;
use crate::model::{Diagnosis, Verdict, Who};
use crate::names;

/// So many members help.
const HELPERS_MAX: usize = 3;

/// So many seeds are looked at where nobody is known.
const SEEDS_MAX: usize = 3;

/// A refused datagram is of interest for so long.
const REFUSED_FOR: Duration = Duration::from_secs(300);

/// When the agent began, by two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began {
    own: Instant,
    wall: SystemTime,
}

impl Began {
    pub(crate) fn now() -> Self {
        Self { own: Instant::now(), wall: SystemTime::now() }
    }

    /// By how many milliseconds the wall's clock was set since, or the machine slept.
    fn step_ms(&self, now: &Self) -> i64 {
        let since = |time: SystemTime| i128::from(millis(time.duration_since(UNIX_EPOCH).unwrap_or_default()));
        let own = i128::from(millis(now.own.saturating_duration_since(self.own)));
        i64::try_from(since(now.wall) - since(self.wall) - own).unwrap_or(i64::MAX)
    }
}

/// Why somebody's datagrams are refused who does not fit to this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Misfit {
    /// Of another cluster.
    Cluster,
    /// Sealed with a key that is not here.
    Key,
    /// Not sealed, where everything must be.
    Plain,
    /// Sealed, where nothing is.
    Sealed,
    /// Of another generation.
    Version,
    /// From outside of the networks that are allowed.
    Outside,
}

/// Somebody who does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stranger {
    pub(super) from: SocketAddr,
    pub(super) why: Misfit,
    pub(super) count: u64,
    pub(super) ago: Duration,
}

/// Everything that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Where the others reach this node.
    pub(super) addr: SocketAddr,
    /// Whether that is one of the machine's addresses.
    pub(super) is_local: bool,
    /// How many others live, and how many are suspected or dead.
    pub(super) live: usize,
    pub(super) doubtful: usize,
    /// Whether others live elsewhere than on this machine.
    pub(super) others_elsewhere: bool,
    /// What came of connections to seeds; empty if somebody is known.
    pub(super) seeds: Vec<(String, Dial)>,
    pub(super) exams: Vec<Exam>,
    pub(super) strangers: Vec<Stranger>,
    /// Who is of which version, by name; the own one is among them.
    pub(super) versions: BTreeMap<String, Vec<String>>,
    /// The key that seals here, and who does not have it.
    pub(super) key: Option<(String, Vec<String>)>,
    /// By how many milliseconds the wall's clock was set.
    pub(super) step_ms: i64,
    pub(super) freezes: u64,
    pub(super) refutations: u64,
    pub(super) local_health: u8,
}

/// Finds out what is wrong, with the help of one member or of a few.
///
/// # Errors
/// [`Problem`] when the node has stopped, or the one who was to help is this node.
pub(crate) async fn diagnose(agent: &Arc<Agent>, helper: Option<NodeId>) -> Result<Diagnosis, Problem> {
    let own = agent.node.identity().id;
    if helper == Some(own) {
        return Err(
            Problem::new(StatusCode::BAD_REQUEST, "own", "this node cannot help itself").hint("name another one")
        );
    }
    if let Some(helper) = helper
        && agent.node.read(move |driver| names::version_of(driver.view(), helper)).await?.is_none()
    {
        let problem = Problem::new(StatusCode::CONFLICT, "no_agent", "that member is no agent, and cannot help");
        return Err(problem.hint("a program with a node of its own does not answer such questions: name another one"));
    }
    let _alone = agent.doctor.diagnosing.lock().await;
    let round = usize::try_from(agent.doctor.number.load(Ordering::Relaxed)).unwrap_or(0);
    let chosen = agent.node.read(move |driver| choose(driver.view(), helper, round)).await?;
    let mut helpers: Vec<Who> =
        chosen.iter().map(|(id, name, _)| Who { name: name.clone(), id: id.to_string() }).collect();
    helpers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let mut asked = JoinSet::new();
    for (id, name, addr) in chosen {
        let agent = Arc::clone(agent);
        let shown = Who { name, id: id.to_string() }.shown();
        asked.spawn(async move { examine(&agent, (id, shown, addr)).await });
    }
    let mut exams = asked.join_all().await;
    exams.sort_by(|a, b| (&a.name, a.addr).cmp(&(&b.name, b.addr)));
    let mut evidence = agent.node.read(look).await?;
    evidence.exams = exams;
    evidence.step_ms = agent.began.step_ms(&Began::now());
    if evidence.live + evidence.doubtful == 0 {
        evidence.seeds = dial_seeds(&agent.seeds).await;
    }
    let findings = findings(&evidence);
    let sound = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    Ok(Diagnosis { sound, helpers, findings })
}

type Chosen = (NodeId, Option<String>, SocketAddr);

/// Who helps: whoever is wanted, or a few that live, of many domains and others each time.
fn choose(view: View<'_>, helper: Option<NodeId>, round: usize) -> Vec<Chosen> {
    let of = |id: NodeId, addr| (id, names::name_of(view, id), addr);
    if let Some(id) = helper {
        return view.member(id).map(|record| of(id, record.addr)).into_iter().collect();
    }
    // A program with a node of its own does not know our words.
    let is_agent = |id| names::version_of(view, id).is_some();
    let others =
        view.members().filter(|record| record.id != view.id() && record.health.is_live() && is_agent(record.id));
    let mut others: Vec<_> = others.map(|record| (record.domain, record.id, record.addr)).collect();
    others.sort_unstable_by_key(|&(domain, id, _)| (domain.number(), id));
    let start = round.checked_rem(others.len()).unwrap_or(0);
    others.rotate_left(start);
    // The first of each domain before the second of any.
    let mut seen = BTreeMap::<u64, usize>::new();
    let mut ranked: Vec<_> = others
        .into_iter()
        .map(|(domain, id, addr)| {
            let rank = seen.entry(domain.number()).or_default();
            *rank += 1;
            (*rank, id, addr)
        })
        .collect();
    ranked.sort_by_key(|&(rank, ..)| rank);
    ranked.into_iter().take(HELPERS_MAX).map(|(_, id, addr)| of(id, addr)).collect()
}

/// What the node itself knows.
fn look(driver: &Driver) -> Evidence {
    let view = driver.view();
    let addr = view.member(view.id()).map_or(driver.identity().addr, |own| own.addr);
    let others = || view.members().filter(|record| record.id != view.id());
    let stats = view.stats();
    Evidence {
        addr,
        is_local: is_local(addr.ip()),
        live: others().filter(|record| record.health == Health::Alive).count(),
        doubtful: others().filter(|record| matches!(record.health, Health::Suspect | Health::Dead)).count(),
        others_elsewhere: others().any(|record| record.health.is_live() && !is_local(record.addr.ip())),
        seeds: Vec::new(),
        exams: Vec::new(),
        strangers: strangers(driver),
        versions: versions(view),
        key: key(driver),
        step_ms: 0,
        freezes: stats.freezes,
        refutations: stats.refutations,
        local_health: view.local_health(),
    }
}

/// Whether the machine has this address. One that sockets can be bound to is one.
fn is_local(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

fn strangers(driver: &Driver) -> Vec<Stranger> {
    let stranger = |refused: &quidnunc::std::RefusedSource| {
        let ago = driver.now().since(refused.last);
        let why = misfit(refused.why).filter(|_| ago <= REFUSED_FOR)?;
        Some(Stranger { from: refused.from, why, count: refused.count, ago })
    };
    let mut strangers: Vec<_> = driver.refused_sources().iter().filter_map(stranger).collect();
    strangers.sort_by_key(|it| (it.ago, it.from));
    strangers
}

/// What a refusal says of its sender; `None` where it says nothing, as of what is late or damaged.
#[expect(clippy::wildcard_enum_match_arm, reason = "all that is not named here happens in a cluster that is well")]
const fn misfit(why: DatagramRefused) -> Option<Misfit> {
    match why {
        DatagramRefused::Seal(Refused::Cluster) => Some(Misfit::Cluster),
        DatagramRefused::Seal(Refused::UnknownKey) => Some(Misfit::Key),
        DatagramRefused::Seal(Refused::Plaintext) => Some(Misfit::Plain),
        DatagramRefused::Seal(Refused::Unknown) => Some(Misfit::Version),
        DatagramRefused::Node(Rejected::Datagram(DecodeError::Cluster { .. })) => Some(Misfit::Cluster),
        DatagramRefused::Node(Rejected::Datagram(DecodeError::Flags { .. })) => Some(Misfit::Sealed),
        DatagramRefused::Node(Rejected::Datagram(DecodeError::Version { .. })) => Some(Misfit::Version),
        DatagramRefused::Node(Rejected::NotAllowed { .. }) => Some(Misfit::Outside),
        _ => None,
    }
}

fn versions(view: View<'_>) -> BTreeMap<String, Vec<String>> {
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for record in view.members().filter(|record| record.health.is_live()) {
        let who = Who { name: names::name_of(view, record.id), id: record.id.to_string() };
        let version = names::version_of(view, record.id).unwrap_or_else(|| "no agent's version".into());
        versions.entry(version).or_default().push(who.shown());
    }
    versions
}

/// The key that seals here, and which of those who live and have told of their keys do not have it.
fn key(driver: &Driver) -> Option<(String, Vec<String>)> {
    let (view, keys) = (driver.view(), driver.keys()?);
    let own = keys.own().and_then(SealReport::used)?;
    let without = keys.members.iter().filter(|(_, report)| report.as_ref().is_none_or(|it| !it.keys.contains(&own)));
    let lives = |id: &NodeId| view.member(*id).is_some_and(|record| record.health.is_live());
    let name = |id: &NodeId| Who { name: names::name_of(view, *id), id: id.to_string() }.shown();
    let without = without.filter(|(id, _)| lives(id)).map(|(id, _)| name(id)).collect();
    Some((own.to_string(), without))
}

async fn dial_seeds(seeds: &[String]) -> Vec<(String, Dial)> {
    let mut dialled = Vec::new();
    for seed in seeds.iter().take(SEEDS_MAX) {
        let found = timeout(DIAL_MAX, tokio::net::lookup_host(seed)).await;
        let came = match found.map(|found| found.map(|mut addrs| addrs.next())) {
            Ok(Ok(Some(addr))) => dial(addr).await,
            Ok(Ok(None)) => Dial::Failed("no address is known of it".into()),
            Ok(Err(error)) => Dial::Failed(error.to_string()),
            Err(_) => Dial::Silent(millis(DIAL_MAX)),
        };
        dialled.push((seed.clone(), came));
    }
    dialled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_differs_from_one_that_cannot_be() {
        let began = Began::now();
        let later = |own, wall| Began { own: began.own + own, wall: began.wall + wall };
        let [second, hour] = [1, 3600].map(Duration::from_secs);
        assert_eq!(began.step_ms(&later(second, second)), 0);
        assert_eq!(began.step_ms(&later(second, hour + second)), 3_600_000);
        let back = Began { own: began.own + second, wall: began.wall - hour };
        assert_eq!(began.step_ms(&back), -3_601_000);
    }

    #[test]
    fn what_happens_in_a_cluster_that_is_well_says_nothing_of_anybody() {
        let node = |why| misfit(DatagramRefused::Node(why));
        assert_eq!(node(Rejected::Cookie), None);
        assert_eq!(node(Rejected::Datagram(DecodeError::Damaged)), None);
        assert_eq!(node(Rejected::Datagram(DecodeError::Cluster { found: 7 })), Some(Misfit::Cluster));
        assert_eq!(misfit(DatagramRefused::Seal(Refused::UnknownKey)), Some(Misfit::Key));
        assert_eq!(misfit(DatagramRefused::Seal(Refused::Truncated)), None);
    }
}
