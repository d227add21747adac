//! How does somebody run a node without writing a program, and ask it what it knows?
//!
//! The program `quidnunc` is both sides of that. `quidnunc agent` runs one node until it is told to leave; every other command
//! asks a running agent over its control socket, a Unix socket that speaks HTTP with JSON, and shows the answer.
//!
//! * `cli` — what was asked for, how is it shown, and with which exit code does it end?
//! * `model` — what goes over the control socket?
//! * `api` — what does the agent answer?
//! * `serve` — who may ask, how many at once, and for how long?
//! * `web` — who may ask over TCP, and what is there for browsers and for Prometheus?
//! * `run` — how does an agent begin, live and end?
//! * `doctor` — what is wrong with gossip here, and who helps to find out? `mail` — what is a letter from an agent to an agent?
//! * `hub` — who hears what the node reports? `recording` — where do recordings of its life go?

#![forbid(unsafe_code)]

mod api;
mod cli;
mod doctor;
mod duration;
mod hub;
mod mail;
mod model;
mod names;
mod recording;
mod run;
mod serve;
#[cfg_attr(not(feature = "http"), path = "web/absent.rs")]
mod web;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod within;

pub use cli::main;
