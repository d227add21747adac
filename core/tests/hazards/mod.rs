//! The hazards of replicated maps, each met by whole nodes.
//!
//! Names are those under which the hazards are known; what is not here is in `state.rs` and its neighbours.

use crate::harness;

mod budgets;
mod digests;
mod gone;
mod joiners;
mod net;
mod restarts;
