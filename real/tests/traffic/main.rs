//! Does a cluster of real nodes lose a value, or take anybody for dead, while it is changed under traffic?

#![cfg(target_os = "linux")]

mod cluster;
mod rotation;
mod versions;
