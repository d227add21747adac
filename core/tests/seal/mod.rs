//! The seal from outside: each attack by name, totality, and models of links and of clusters under change.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may end with a panic")]

mod attacks;
mod bombs;
mod copies;
mod ends;
#[path = "../../../fuzz/src/seal.rs"]
mod fuzz;
mod live;
mod meeting;
mod net;
mod party;
mod stream_bytes;
mod streams;
mod totality;
