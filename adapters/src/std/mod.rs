//! How does a node live on the system's sockets, without a runtime?
//!
//! * [`Driver`] — one thread, one UDP socket, one deadline, and streams where the config has them;
//! * [`spawn`], [`Handle`] — the same loop in a thread of its own.

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod asked;
mod driver;
mod handle;
mod keeping;
#[cfg(feature = "crypto")]
mod keys;
mod requests;
mod socket;
mod sources;
mod streams;
#[cfg(test)]
mod suspend;

pub use driver::Driver;
pub use handle::{Handle, spawn};
pub use keeping::Progress;
pub use sources::{DatagramRefused, REFUSED_SOURCES_MAX, RefusedSource};
