//! Where are the others who offer a service? Each node says under `service/NAME` where it offers one; everybody finds all of
//! them, and those who are gone are gone from the list.
//!
//! ```text
//! cargo run -p quidnunc --example discovery -- 127.0.0.1:7001 web
//! cargo run -p quidnunc --example discovery -- 127.0.0.1:7002 web 127.0.0.1:7001
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use quidnunc::std::{Handle, spawn};
use quidnunc::{Config, Health, NodeId, Options};

/// Whoever lives and offers a service, with what it says of it.
fn offers(node: &Handle, key: String) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(node.read(move |driver| {
        let view = driver.view();
        let live = view.by_key(key.as_bytes()).filter(|&(owner, _)| view.health(owner) == Some(Health::Alive));
        live.map(|(_, value)| String::from_utf8_lossy(value.value).into_owned()).collect()
    })?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (bind, service) = (args.next().ok_or("an address to listen at")?, args.next().ok_or("the name of a service")?);
    let config = Config { cluster: Config::cluster_tag("discovery"), ..Config::lan() };
    let (node, events) = spawn(Options { config, ..Options::new(NodeId::from_name(&bind), bind.parse()?) })?;
    let key = format!("service/{service}");
    node.put(key.as_bytes(), bind.as_bytes(), None)?;
    node.watch(key.as_bytes())?;
    let seeds: Vec<String> = args.collect();
    if !seeds.is_empty() {
        node.join_names(seeds)?;
    }
    for _ in events {
        println!("{service} is offered at {:?}", offers(&node, key.clone())?);
    }
    Ok(node.stop()?)
}
