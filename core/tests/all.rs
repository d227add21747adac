//! All tests of the core that its interface is enough for, as one program: each file is one question.

mod harness;

mod addresses;
mod admission;
mod agreement;
mod forgetting;
mod fuzz_corpus;
mod hazards;
mod healing;
mod heartbeats;
mod identity;
mod infos;
mod infos_catalogue;
mod islands;
mod laws;
mod leaving;
mod lifeguard;
mod limits;
mod messages;
mod quorum;
mod regressions;
mod repair;
mod ring;
mod ring_streams;
#[cfg(feature = "crypto")]
mod seal;
mod state;
mod state_regressions;
mod streams;
mod trace;
mod waits;
mod why;
