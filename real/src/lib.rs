//! Do real nodes under a scenario's network do what the simulated ones do?
//!
//! A scenario file runs twice: in the simulator, and with one process per node, each in a network namespace of its own. The
//! namespaces are joined by veth to one in the middle, in which a relay carries frames from one to another and does to them what
//! the file's network and fault tables say. Both worlds give the same metrics by the same code, and they are laid side by side.
//!
//! * [`namespaces`] — where do nodes live, and how are they joined?
//! * [`frame`] — what is in an Ethernet frame?
//! * [`relay`] — when does a frame arrive, and where?
//! * `netem` — how does the kernel's own network emulator do the same?
//! * [`node`] — how does one real node run, and what does it say?
//! * [`words`] — how do processes speak to each other?
//! * [`troupe`] — which processes run?
//! * [`run`] — what happens in a real run, and what comes of it?
//! * [`compare`] — do two worlds agree?
//! * [`clock`] — what time is it for all processes?
//! * [`cli`] — which process is this one to be?
//!
//! Linux only, and not for a machine's own network: everything happens in namespaces that are made for it and taken away again.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod compare;
pub mod frame;
pub mod namespaces;
mod netem;
pub mod node;
pub mod relay;
pub mod run;
pub mod troupe;
pub mod words;
