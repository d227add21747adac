//! How does everybody learn of a new setting? One node writes `config/…`, all others hear of it as an event, also those who
//! join later. Three nodes in one process:
//!
//! ```text
//! cargo run -p quidnunc --example configuration
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::net::SocketAddr;
use std::sync::mpsc::Receiver;

use quidnunc::std::{Handle, spawn};
use quidnunc::{Config, Event, NodeId, Options};

fn start(name: &str, seed: Option<SocketAddr>) -> Result<(Handle, Receiver<Event>), Box<dyn Error>> {
    let options = Options { config: Config::local(), ..Options::new(NodeId::from_name(name), "127.0.0.1:0".parse()?) };
    let (node, events) = spawn(options)?;
    node.watch(b"config/")?;
    if let Some(seed) = seed {
        node.join(&[seed])?;
    }
    Ok((node, events))
}

/// Waits for the next setting that somebody has written.
fn applied(name: &str, events: &Receiver<Event>) {
    for event in events {
        if let Event::Value(change) = event {
            let value = change.value.as_deref().map(String::from_utf8_lossy);
            println!("{name} applies {} = {value:?}", String::from_utf8_lossy(&change.key));
            return;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (ada, _ada_events) = start("ada", None)?;
    let seed = Some(ada.local_addr());
    let (_bob, bob_events) = start("bob", seed)?;
    ada.put(b"config/log-level", b"debug", None)?;
    applied("bob", &bob_events);
    let (_cyd, cyd_events) = start("cyd", seed)?;
    applied("cyd, which came later,", &cyd_events);
    ada.put(b"config/log-level", b"info", None)?;
    applied("bob", &bob_events);
    applied("cyd", &cyd_events);
    Ok(())
}
