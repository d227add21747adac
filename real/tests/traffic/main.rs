//! Does a cluster of real nodes lose a value, or take anybody for dead, while it is changed under traffic?

#![cfg(target_os = "linux")]

mod addresses;
mod cluster;
mod rotation;
mod versions;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One of these tests builds a program, and nodes that run meanwhile would be late.
static TURN: Mutex<()> = Mutex::new(());

/// Waits until no other test here runs.
fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
