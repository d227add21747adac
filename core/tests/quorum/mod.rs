//! May this node act? Standing through whole nodes: what they hear of each other, are told to count, and lose.

use crate::harness;

mod configured;
mod laws;
mod leases;
mod store;

use std::time::Duration;

use harness::{Options, World, addr_of, id_of};
use quidnunc_core::{
    Command, Config, Domain, Event, Instant, QuorumSettings, Rejected, Standing, StandingWhy, Voter, Voters,
};

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(5);
const STABLE: Duration = Duration::from_secs(11);

/// Longer than anybody in these worlds takes to hear of anything.
const TRAVEL: Duration = Duration::from_millis(50);

fn native() -> Config {
    Config { quorum: Some(QuorumSettings::native()), ..Config::lan() }
}

/// The first peers, one vote each, in the domain of this number each.
fn voters(domains: &[u64]) -> Vec<Voter> {
    let voter = |(peer, &domain)| Voter { id: id_of(peer), votes: 1, domain: Domain::from_number(domain) };
    domains.iter().enumerate().map(voter).collect()
}

fn configure(
    world: &mut World,
    peer: usize,
    epoch: u64,
    voters: &[Voter],
    domains: Option<&[(Domain, bool)]>,
) -> Result<(), Rejected> {
    world.command(peer, Command::Configure { epoch, voters: Voters::All(voters), domains })
}

/// Tells all peers that all of them vote, under the first epoch.
fn configure_all(world: &mut World) {
    let voters = voters(&vec![0; world.peers.len()]);
    for peer in 0..world.peers.len() {
        configure(world, peer, 1, &voters, None).expect("it can be");
    }
}

/// So many voters that know each other and are in quorum.
fn in_quorum(count: usize, config: Config, seed: u64) -> World {
    let mut world = World::met(count, config, seed);
    configure_all(&mut world);
    world.run(STABLE + 2 * LEASE);
    assert_eq!(standings(&world), vec![Standing::InQuorum; count]);
    world
}

fn standing(world: &World, peer: usize) -> Standing {
    world.node(peer).view().standing().expect("it has a quorum")
}

fn standings(world: &World) -> Vec<Standing> {
    (0..world.peers.len()).map(|peer| standing(world, peer)).collect()
}

/// What a peer has reported of its standing since then. Each change begins where the one before has ended.
fn changes(world: &World, peer: usize, since: Duration) -> Vec<(Duration, Standing, StandingWhy)> {
    let mut last = Standing::NotInQuorum;
    let mut changes = Vec::new();
    for (at, event) in world.events(peer) {
        if let Event::Standing(change) = event {
            assert_eq!(change.from, last, "no change is missing");
            last = change.to;
            changes.push((at, change.to, change.why));
        }
    }
    changes.retain(|&(at, _, _)| at >= since);
    changes
}

/// The same without the time.
fn told(world: &World, peer: usize, since: Duration) -> Vec<(Standing, StandingWhy)> {
    changes(world, peer, since).into_iter().map(|(_, standing, why)| (standing, why)).collect()
}

/// How many votes a peer sees, of how many.
fn votes(world: &World, peer: usize) -> (u64, u64) {
    let votes = world.node(peer).view().standing_report().expect("it has a quorum").votes;
    (votes.seen, votes.all)
}
