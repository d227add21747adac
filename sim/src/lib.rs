//! A discrete-event simulator for quidnunc: thousands of real nodes, one scenario file, one verdict.
//!
//! Rooms, in the order in which a run passes through them:
//!
//! * [`scenario`] — what shall happen and what must hold: the TOML file, checked, as plain data.
//! * [`engine`] — what happens next: virtual time, the event queue, keyed random draws.
//! * [`world`] — what happens: real nodes, a network, a timetable of faults.
//! * [`network`] — what a network looks like from cycle to cycle: the simulation of 2014.
//! * `measure` — who knew what when, and what it cost: the metrics, kept up by events.
//! * [`stats`] — what the numbers say: samples, quantiles, histograms.
//! * [`replay`] — what a recorded node did, done again: is it the same, and why did it believe what it believed?
//! * [`result`] — what came out: one run as plain data, what it says, and its JSON.
//! * [`report`] — what people read: tables, times in words, the command that runs a failure again.
//! * [`cli`] — what was asked for: the command line, many seeds at once, exit codes.

pub mod cli;
pub mod engine;
mod measure;
pub mod network;
pub mod replay;
pub mod report;
pub mod result;
pub mod scenario;
pub mod stats;
pub mod world;
