//! Which facts go into this packet?
//!
//! A packet has one byte budget. What it asks or answers comes first; the rest is filled with rumours,
//! freshest first, in two classes with fair shares: what decides over a life (suspicions, deaths,
//! refutations) and everything else. A class that does not need its share lends it to the other.
//!
//! * [`backlog`] — rumours still to be told, and how often each was told;
//! * [`fill`] — the shares.
//!
//! This room knows facts only by slot; what they say is looked up when they are packed, so that a packet
//! never carries what is no longer believed.

pub(crate) mod backlog;
mod fill;
#[cfg(test)]
mod tests;

pub(crate) use backlog::Rumour;
pub(crate) use fill::{Gossip, Urgency};
