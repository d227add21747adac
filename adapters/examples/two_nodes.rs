//! How does a program start a node, join a cluster and read what happens? Two nodes in one process:
//!
//! ```text
//! cargo run -p quidnunc --example two_nodes
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::net::SocketAddr;
use std::sync::mpsc::Receiver;

use quidnunc::std::{Handle, spawn};
use quidnunc::{Config, Event, Health, NodeId, Options};

fn start(name: &str) -> Result<(Handle, Receiver<Event>), Box<dyn Error>> {
    let bind: SocketAddr = "127.0.0.1:0".parse()?;
    let options = Options { config: Config::local(), ..Options::new(NodeId::from_name(name), bind) };
    let (node, events) = spawn(options)?;
    println!("{name} is {} at {}", node.identity().id, node.identity().addr);
    Ok((node, events))
}

/// Prints what a node reports until it believes this of another one.
fn watch(name: &str, events: &Receiver<Event>, health: Health) {
    for event in events {
        println!("{name}: {event:?}");
        if matches!(event, Event::Member(change) if change.health == health) {
            break;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (ada, ada_events) = start("ada")?;
    let (bob, bob_events) = start("bob")?;

    bob.join(&[ada.identity().addr])?;
    watch("ada", &ada_events, Health::Alive);
    watch("bob", &bob_events, Health::Alive);
    for member in ada.members()? {
        println!("ada knows {} at {}: {:?}", member.id, member.addr, member.health);
    }

    println!("bob stops without a word; ada needs some seconds to be sure");
    bob.stop()?;
    watch("ada", &ada_events, Health::Dead);
    ada.stop()?;
    Ok(())
}
