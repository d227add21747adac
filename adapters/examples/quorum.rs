//! How does a node act only while it sees a majority? Three voters in one process; two of them stop, and the third one
//! stops acting within a lease.
//!
//! ```text
//! cargo run -p quidnunc --example quorum
//! ```
//!
//! A standing is advice: who must exclude others needs a fencing token as well (docs/quorum.md).

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::mpsc::Receiver;

use quidnunc::std::{Handle, spawn};
use quidnunc::{Command, Config, Domain, Event, NodeId, Options, QuorumSettings, Standing, Voter, Voters};

const NAMES: [&str; 3] = ["ada", "bob", "cyd"];

fn start(name: &str) -> Result<(Handle, Receiver<Event>), Box<dyn Error>> {
    let config = Config { quorum: Some(QuorumSettings::native()), ..Config::local() };
    let options = Options { config, ..Options::new(NodeId::from_name(name), "127.0.0.1:0".parse()?) };
    let (node, events) = spawn(options)?;
    // Every node is told the same under the same epoch.
    let voters = NAMES.map(|name| Voter { id: NodeId::from_name(name), votes: 1, domain: Domain::NONE });
    node.act(move |driver| {
        driver.command(Command::Configure { epoch: 1, voters: Voters::All(&voters), domains: None })
    })?;
    Ok((node, events))
}

/// Waits until a node stands so, and says why.
fn wait(name: &str, events: &Receiver<Event>, standing: Standing) {
    for event in events {
        if let Event::Standing(change) = event {
            println!(
                "{name}: {:?} because of {:?}, {} of {} votes",
                change.to, change.why, change.votes.seen, change.votes.all
            );
            if change.to == standing {
                return;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (ada, ada_events) = start("ada")?;
    let others = [start("bob")?, start("cyd")?];
    for (other, _) in &others {
        other.join(&[ada.local_addr()])?;
    }
    println!("a quorum must be seen for eleven seconds before it counts");
    wait("ada", &ada_events, Standing::InQuorum);
    drop(others);
    wait("ada", &ada_events, Standing::SuspectNotInQuorum);
    println!("ada does nothing now that two could do");
    Ok(ada.stop()?)
}
