//! Does the simulator say what theory says where theory has an answer?
//!
//! Every check runs real nodes and holds what they did against a closed form or a small model of its own.
//! A statement about chance has a limit of four standard errors, and the formula of the error stands with
//! it; a statement without chance is exact. Nothing is pinned to the values of one run, but seeds are
//! fixed, so that a check which passes passes again.

mod first_probe;
mod heartbeats;
mod limits;
mod load;
mod packets;
mod purposes;
mod repetition;
mod rounds;
mod silence;
mod spreading;
mod subnets;
mod synchronous;
mod trace;

use quidnunc_sim::scenario::{Scenario, parse};

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const S: u64 = 1000 * MS;

/// Reads a scenario of so many nodes that start 10 ms apart; `rest` is everything behind `[nodes]`.
pub(crate) fn scenario(nodes: u32, duration: &str, rest: &str) -> Scenario {
    let head = format!(
        "format = 1\nname = \"theory\"\nabout = \"held against theory\"\n\n[run]\n{duration}\n\n\
         [nodes]\ncount = {nodes}\njoin = {{ contacts = 3, stagger = \"10ms\" }}\n\n"
    );
    parse("theory.toml", &(head + rest)).unwrap_or_else(|error| panic!("{error}"))
}
