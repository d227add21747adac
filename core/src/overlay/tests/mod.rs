//! Do the rules hold, one by one, and does a cluster of nodes that follow them come to rest?

mod admission;
mod any_order;
mod catalogue;
mod desk;
mod dialling;
mod lease;
mod model;
mod settling;
mod shapes;
mod stalls;
mod tightening;
