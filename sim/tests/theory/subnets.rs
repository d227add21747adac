//! How many heartbeats leave their domain, by subnets and by uniform choice? (van Renesse 1998, section 6)

use quidnunc_core::Purpose;
use quidnunc_sim::scenario::parse;

use super::limits::assert_share;
use super::trace::Trace;

const NODES: u32 = 256;
const DOMAINS: u32 = 16;
/// A round of 256 members is three datagrams to one member.
const PER_ROUND: usize = 3;

/// How many rounds of heartbeats there were, and how many of them went to another domain.
fn crossings(targets: &str) -> (u64, u64) {
    let text = format!(
        "format = 1\nname = \"subnets\"\nabout = \"held against theory\"\nrun = {{ duration = \"40s\" }}\n\
         nodes = {{ count = {NODES}, domains = {DOMAINS}, start = \"converged\" }}\n\
         protocol = {{ profile = \"heartbeat\", relay_targets = \"{targets}\" }}\n"
    );
    let scenario = parse("subnets.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    let (_, trace) = Trace::of(&scenario, 1);
    let (mut rounds, mut far) = (0, 0);
    for node in 0..NODES {
        let sent = trace.sent.iter().filter(|sent| sent.from == node && sent.purpose == Purpose::Heartbeat);
        let to: Vec<u32> = sent.map(|sent| sent.to).collect();
        for round in to.chunks_exact(PER_ROUND) {
            assert!(round.iter().all(|&to| to == round[0]), "one member hears all of a round");
            rounds += 1;
            far += u64::from(round[0] * DOMAINS / NODES != node * DOMAINS / NODES);
        }
    }
    (rounds, far)
}

/// By uniform choice 240 of the 255 others are elsewhere; by subnets one round in 16 goes there: 15 times fewer.
#[test]
fn subnets_keep_heartbeats_in_their_domain() {
    let [(uniform, uniform_far), (subnets, subnets_far)] = ["uniform", "subnets"].map(crossings);
    assert_share("rounds to another domain by uniform choice", uniform_far, uniform, 240.0 / 255.0);
    assert_share("rounds to another domain by subnets", subnets_far, subnets, 1.0 / 16.0);
}
