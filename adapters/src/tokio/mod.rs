//! How does a node live as a task of tokio?
//!
//! It is the loop of [`quidnunc::std`](crate::std) with another way to wait: the [`Driver`](crate::std::Driver) is a file to
//! the runtime, which can be read when something has come. So a node needs no thread of its own, what it can do is the same,
//! and what is fixed in one of the two is fixed in both. Needs a system where sockets are files (Unix), and a runtime with
//! I/O and time enabled.
//!
//! ```no_run
//! use quidnunc::{Config, NodeId, Options};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bind: std::net::SocketAddr = "10.0.0.2:7946".parse()?;
//! let options = Options { config: Config::lan(), ..Options::new(NodeId::from_name("n2"), bind) };
//! let (node, mut events) = quidnunc::tokio::spawn(options).await?;
//! node.join(&["10.0.0.1:7946".parse()?]).await?;
//! while let Some(event) = events.recv().await {
//!     println!("{event:?}");
//! }
//! node.stop().await?; // the events ended although nobody dropped `node`: this says why
//! # Ok(())
//! # }
//! ```
//!
//! * [`spawn`] — starts the task;
//! * [`Handle`] — what it can be asked;
//! * [`Events`] — what it reports, as a stream.

mod events;
mod handle;
#[cfg(feature = "crypto")]
mod keys;
mod requests;
mod task;

pub use events::Events;
pub use handle::Handle;
pub use task::spawn;
