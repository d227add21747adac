//! How does one real node run, and what does it say?
//!
//! The settings are those that a scenario names, the sockets are the system's. Whatever the node reports is written at once, each
//! line in one piece: who is killed in the middle of a line has not said it.

use std::io::{self, BufRead as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use quidnunc::seal::{Key, KeyRing, SealError};
use quidnunc::std::{Handle, spawn};
use quidnunc::{Care, ConfigError, Error, Event, NodeId, Options, RequestError, SealOptions};
use quidnunc_sim::scenario::Scenario;
use quidnunc_sim::world::node_config;

use crate::clock::now_ns;
use crate::words::{NoLine, Report, Request, id_of};

/// The keys of the values that a node counts when it is asked what it shows begin so.
const VALUES: &[u8] = b"v/";

/// Why a node cannot start, or cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// What the scenario sets cannot work.
    #[error("the scenario's protocol cannot work: {0}")]
    Config(#[from] ConfigError),
    /// The node cannot start, or had to stop.
    #[error(transparent)]
    Node(#[from] Error),
    /// It refuses a request.
    #[error("the node did not do it: {0}")]
    Request(#[from] RequestError),
    /// That is no key.
    #[error("the seal did not do it: {0}")]
    Seal(#[from] SealError),
    /// Nobody knows what it is asked.
    #[error(transparent)]
    Line(#[from] NoLine),
    /// Nobody listens, or nobody speaks.
    #[error("cannot speak with whoever started the node: {0}")]
    Pipe(#[from] io::Error),
}

/// Who a node is and whom it joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its number.
    pub node: u32,
    /// Where it listens.
    pub bind: SocketAddr,
    /// Where else it is reached; then it listens at all addresses of its namespace, and `bind` is that of its record.
    pub also: Vec<SocketAddr>,
    /// By whom it joins.
    pub seeds: Vec<SocketAddr>,
    /// The number of the key with which it seals, if it does.
    pub seal: Option<u8>,
}

/// All addresses of a namespace, with that port.
fn everywhere(addr: SocketAddr) -> SocketAddr {
    let ip: IpAddr = if addr.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    SocketAddr::new(ip, addr.port())
}

/// The key with a number.
fn key(number: u8) -> Result<Key, SealError> {
    Key::new(&[number; 32])
}

/// Runs a node until it has left or nobody asks it for anything any more.
///
/// # Errors
/// [`NodeError`].
pub fn run(scenario: &Scenario, role: &Role) -> Result<(), NodeError> {
    let seal = role.seal.map(|number| key(number).map(|key| SealOptions::new(KeyRing::new(key)))).transpose()?;
    let config = node_config(&scenario.protocol, 0)?;
    let options = Options { config, seal, ..Options::new(id_of(role.node), role.bind) };
    let options = match role.also.as_slice() {
        [] => options,
        also => Options { bind: everywhere(role.bind), advertise: Some(role.bind), also: also.to_vec(), ..options },
    };
    let (handle, events) = spawn(options)?;
    say(&Report::Started { boot: handle.identity().boot })?;
    if !role.seeds.is_empty() {
        handle.join(&role.seeds)?;
    }
    let ids: Vec<NodeId> = (0..scenario.nodes.count).map(id_of).collect();
    let teller = thread::spawn(move || tell(&events, &ids));
    for line in io::stdin().lock().lines() {
        let request = Request::read(&line?)?;
        let leaves = request == Request::Leave;
        say(&serve(&handle, request)?)?;
        if leaves {
            break;
        }
    }
    handle.stop()?;
    // It ends with the node. Nobody minds what it could not say.
    let _ = teller.join();
    Ok(())
}

/// Writes what the node reports, each with the instant at which it was heard.
fn tell(events: &Receiver<Event>, ids: &[NodeId]) -> io::Result<()> {
    for event in events {
        if let Event::Member(change) = event
            && let Some(subject) = (0..).zip(ids).find_map(|(node, id)| (*id == change.id).then_some(node))
        {
            say(&Report::Member { subject, change })?;
        }
    }
    Ok(())
}

fn serve(handle: &Handle, request: Request) -> Result<Report, NodeError> {
    match request {
        Request::Leave => {
            // Whoever waits for longer than the node itself has waited for nothing.
            handle.leave(Duration::from_secs(60))?;
            return Ok(Report::Left);
        }
        Request::Put { key, value } => handle.put(key.as_bytes(), value.as_bytes(), None)?,
        Request::Install(number) => handle.install_key(key(number)?)?,
        // Whoever asks knows what the others have.
        Request::Use(number) => handle.use_key(key(number)?.id(), Care::Forced)?,
        Request::Remove(number) => handle.remove_key(key(number)?.id(), Care::Forced)?,
        Request::Show => return Ok(show(handle)?),
    }
    Ok(Report::Done)
}

fn show(handle: &Handle) -> Result<Report, RequestError> {
    handle.act(|driver| {
        let refused = driver.seal().map_or(0, |seal| seal.stats().refused());
        let view = driver.view();
        let values = view.members().map(|member| view.values(member.id, VALUES).count() as u64).sum();
        Ok(Report::Shows { live: u64::from(view.live()), values, taken: view.stats().datagrams_received, refused })
    })
}

/// One line in one piece.
fn say(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{} {report}\n", now_ns()).as_bytes())?;
    out.flush()
}
