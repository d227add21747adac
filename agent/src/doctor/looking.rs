//! What can be seen from here, and what do others add to it?

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use quidnunc::seal::Refused;
use quidnunc::std::{DatagramRefused, Driver, RefusedSource};
use quidnunc::{DecodeError, Health, NodeId, Record, Rejected, SealReport, View};
use tokio::task::JoinSet;

use super::asking::{Exam, examine};
use super::judging::findings;
use super::letters::Dial;
use super::seeds::dial_seeds;
use crate::api::{Agent, Problem, who};
use crate::duration::millis;
use crate::model::{Diagnosis, Verdict, Who};
use crate::names;

/// So many members help.
const HELPERS_MAX: usize = 3;

/// So many addresses of others are looked at to find one that is not on this machine.
const LOOKED_AT_MAX: usize = 32;

/// A refused datagram is of interest for so long: whoever does not fit tries again sooner.
const REFUSED_FOR: Duration = Duration::from_secs(60);

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

    /// For how long the agent has run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.own.elapsed()
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
    /// What came of connections to seeds; empty if somebody lives.
    pub(super) seeds: Vec<(String, Dial)>,
    pub(super) exams: Vec<Exam>,
    pub(super) strangers: Vec<Stranger>,
    /// Which agent is of which version, by name; the own one is among them.
    pub(super) versions: BTreeMap<String, Vec<String>>,
    /// The key that seals here, and who says that it does not have it.
    pub(super) key: Option<(String, Vec<String>)>,
    /// By how many milliseconds the wall's clock was set.
    pub(super) step_ms: i64,
    pub(super) freezes: u64,
    /// How often this node has contradicted what was said of it in the last hour.
    pub(super) contradictions: usize,
    pub(super) local_health: u8,
}

/// Finds out what is wrong, with the help of one member or of a few.
///
/// # Errors
/// [`Problem`] when the node has stopped, when somebody finds it out already, or when the one who was to help cannot: it is this node,
/// or no agent.
pub(crate) async fn diagnose(agent: &Arc<Agent>, helper: Option<NodeId>) -> Result<Diagnosis, Problem> {
    if let Some(helper) = helper {
        can_help(agent, helper).await?;
    }
    let mut asked_so_far = agent.doctor.diagnosing.try_lock().map_err(|_| {
        let problem = Problem::new(StatusCode::CONFLICT, "doctor_busy", "the doctor is asked already");
        problem.hint("ask again in some seconds")
    })?;
    let round = *asked_so_far;
    let read = move |driver: &Driver| (choose(driver.view(), helper, round), live(driver.view()).next().is_some());
    let (chosen, lives) = agent.node.read(read).await?;
    *asked_so_far = round.wrapping_add(chosen.len());
    let helpers = chosen.iter().map(|(_, who, _)| who.clone()).collect();
    let mut asked = JoinSet::new();
    for (id, who, addr) in chosen {
        let agent = Arc::clone(agent);
        asked.spawn(async move { examine(&agent, (id, who.shown(), addr)).await });
    }
    let seeds = async { if lives { Ok(None) } else { try_seeds(agent).await.map(Some) } };
    let (mut exams, seeds) = tokio::join!(asked.join_all(), seeds);
    exams.sort_by(|a, b| (&a.name, a.addr).cmp(&(&b.name, b.addr)));
    let evidence = gather(agent, exams, seeds?).await?;
    let findings = findings(&evidence);
    let sound = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    Ok(Diagnosis { sound, helpers, findings })
}

/// What comes of connections to seeds.
async fn try_seeds(agent: &Agent) -> Result<Vec<(String, Dial)>, Problem> {
    let own = [agent.node.read(own_addr).await?, agent.node.local_addr()];
    Ok(dial_seeds(&agent.seeds, own).await)
}

async fn can_help(agent: &Agent, helper: NodeId) -> Result<(), Problem> {
    if helper == agent.node.identity().id {
        return Err(Problem::bad("own", "this node cannot help itself").hint("name another one"));
    }
    if agent.node.read(move |driver| names::version_of(driver.view(), helper)).await?.is_none() {
        let problem = Problem::new(StatusCode::CONFLICT, "no_agent", "that member is no agent, and cannot help");
        return Err(problem.hint("a program with a node of its own does not answer such questions: name another one"));
    }
    Ok(())
}

/// A member, what it is called, and where it is.
type Chosen = (NodeId, Who, SocketAddr);

/// Who helps: whoever is wanted, or a few that live, of many domains and others each time; where nobody lives, those who did.
fn choose(view: View<'_>, helper: Option<NodeId>, round: usize) -> Vec<Chosen> {
    let of = |id: NodeId, addr| (id, who(view, id), addr);
    if let Some(id) = helper {
        return view.member(id).map(|record| of(id, record.addr)).into_iter().collect();
    }
    // A program with a node of its own does not know our words.
    let agents = || view.members().filter(|it| it.id != view.id() && names::version_of(view, it.id).is_some());
    let lives = agents().any(|record| record.health.is_live());
    let is_asked = |record: &Record| record.health.is_live() || !lives && record.health == Health::Dead;
    let others = agents().filter(is_asked).map(|record| (record.domain.number(), (record.id, record.addr))).collect();
    let mut chosen: Vec<_> =
        spread(others, start(view.id(), round)).into_iter().map(|(id, addr)| of(id, addr)).collect();
    chosen.sort_by(|(_, a, _), (_, b, _)| a.cmp(b));
    chosen
}

/// Where a node begins that has asked so many so far: not where all others do, which may look for what is wrong at the same time.
fn start(own: NodeId, asked_so_far: usize) -> usize {
    let [.., high, low] = own.to_bytes();
    usize::from(u16::from_be_bytes([high, low])).wrapping_add(asked_so_far)
}

/// A few of many, each with its domain: the first of each domain before the second of any, from a place on.
fn spread<T: Ord>(mut all: Vec<(u64, T)>, start: usize) -> Vec<T> {
    all.sort_unstable();
    let start = start.checked_rem(all.len()).unwrap_or(0);
    all.rotate_left(start);
    let mut seen = BTreeMap::<u64, usize>::new();
    let rank = |(domain, one)| {
        let rank = seen.entry(domain).or_default();
        *rank += 1;
        (*rank, one)
    };
    let mut ranked: Vec<_> = all.into_iter().map(rank).collect();
    ranked.sort_by_key(|&(rank, _)| rank);
    ranked.into_iter().take(HELPERS_MAX).map(|(_, one)| one).collect()
}

/// What was seen from there and what is seen from here.
async fn gather(agent: &Agent, exams: Vec<Exam>, seeds: Option<Vec<(String, Dial)>>) -> Result<Evidence, Problem> {
    let (mut evidence, others) = agent.node.read(look).await?;
    evidence.is_local = is_local(evidence.addr.ip());
    evidence.others_elsewhere = others.into_iter().any(|ip| !is_local(ip));
    evidence.step_ms = agent.began.step_ms(&Began::now());
    evidence.contradictions = agent.doctor.contradictions();
    if evidence.live == 0 {
        evidence.seeds = match seeds {
            Some(seeds) => seeds,
            // Somebody has lived until now.
            None => try_seeds(agent).await?,
        };
    }
    Ok(Evidence { exams, ..evidence })
}

/// Where the others reach this node.
fn own_addr(driver: &Driver) -> SocketAddr {
    let view = driver.view();
    view.member(view.id()).map_or(driver.identity().addr, |own| own.addr)
}

fn others(view: View<'_>) -> impl Iterator<Item = Record> {
    view.members().filter(move |record| record.id != view.id())
}

fn live(view: View<'_>) -> impl Iterator<Item = Record> {
    others(view).filter(|record| record.health == Health::Alive)
}

/// What the node itself knows, and some of the addresses at which others live.
fn look(driver: &Driver) -> (Evidence, BTreeSet<IpAddr>) {
    let (view, addr) = (driver.view(), own_addr(driver));
    let elsewhere =
        live(view).map(|record| record.addr.ip()).filter(|ip| *ip != addr.ip()).take(LOOKED_AT_MAX).collect();
    let stats = view.stats();
    let evidence = Evidence {
        addr,
        is_local: false,
        live: live(view).count(),
        doubtful: others(view).filter(|record| matches!(record.health, Health::Suspect | Health::Dead)).count(),
        others_elsewhere: false,
        seeds: Vec::new(),
        exams: Vec::new(),
        strangers: strangers(driver),
        versions: versions(view),
        key: key(driver),
        step_ms: 0,
        freezes: stats.freezes,
        contradictions: 0,
        local_health: view.local_health(),
    };
    (evidence, elsewhere)
}

/// Whether the machine has this address. One that sockets can be bound to is one.
fn is_local(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

fn strangers(driver: &Driver) -> Vec<Stranger> {
    let stranger = |refused: &RefusedSource| {
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
pub(super) const fn misfit(why: DatagramRefused) -> Option<Misfit> {
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
        if let Some(version) = names::version_of(view, record.id) {
            versions.entry(version).or_default().push(who(view, record.id).shown());
        }
    }
    versions
}

/// The key that seals here, and which of those who live and have told of their keys do not have it.
fn key(driver: &Driver) -> Option<(String, Vec<String>)> {
    let (view, keys) = (driver.view(), driver.keys()?);
    let own = keys.own().and_then(SealReport::used)?;
    let lacks = |report: &Option<SealReport>| report.as_ref().is_some_and(|report| !report.keys.contains(&own));
    let lives = |id: &NodeId| view.member(*id).is_some_and(|record| record.health.is_live());
    let without = keys.members.iter().filter(|(id, report)| lacks(report) && lives(id));
    Some((own.to_string(), without.map(|(id, _)| who(view, *id).shown()).collect()))
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
    fn others_are_asked_each_time_of_as_many_domains_as_can_be() {
        let asked = |others: usize, rounds: usize| {
            let all: Vec<_> = (0..others).map(|one| (0, one)).collect();
            (0..rounds).flat_map(|round| spread(all.clone(), round * HELPERS_MAX)).collect::<BTreeSet<_>>().len()
        };
        assert_eq!([2, 3, 4, 12].map(|others| asked(others, 4)), [2, 3, 4, 12]);
        let of_domains = spread(vec![(1, 'a'), (1, 'b'), (1, 'c'), (2, 'd'), (3, 'e')], 0);
        assert_eq!(of_domains, ['a', 'd', 'e']);
    }

    #[test]
    fn those_who_ask_at_the_same_time_do_not_ask_the_same() {
        let all: Vec<_> = (0..12).map(|one| (0, one)).collect();
        let mut asked: Vec<_> = (0..12).flat_map(|own| spread(all.clone(), start(NodeId::from_u128(own), 0))).collect();
        asked.sort_unstable();
        assert!(asked.chunks(HELPERS_MAX).zip(0..).all(|(of_one, one)| of_one == [one; HELPERS_MAX]), "{asked:?}");
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
