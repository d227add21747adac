//! Which processes run? One per node that runs, and the relay.
//!
//! Invariant: whatever happens, no process outlives the [`Troupe`] that started it, and no other one is ever stopped.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::clock::now_ns;
use crate::namespaces::Namespaces;
use crate::relay::Carried;
use crate::words::{Report, Request};

/// What is heard of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It said something, at an instant of the machine's clock.
    Said(u64, Report),
    /// It ended; what it complained of, if it did.
    Ended(String),
}

/// What every process of one run is started with.
#[derive(Debug, Clone)]
pub struct Playbill {
    /// The program that is both, node and relay.
    pub program: PathBuf,
    /// What nodes with odd numbers run instead, if that is another one.
    pub odd: Option<PathBuf>,
    /// The scenario's file.
    pub file: PathBuf,
    /// The seed of the run.
    pub seed: u64,
    /// The key with which nodes seal at their start, if they do.
    pub seal: Option<u8>,
}

/// One process, and the pipe to it.
#[derive(Debug)]
struct Actor {
    child: Child,
    stdin: Option<ChildStdin>,
    life: u64,
}

/// All processes of a run, in their namespaces.
#[derive(Debug)]
pub struct Troupe {
    bill: Playbill,
    /// Where they live.
    pub namespaces: Namespaces,
    actors: Vec<Option<Actor>>,
    relay: Option<Child>,
    words: Sender<(u32, u64, Heard)>,
    heard: Receiver<(u32, u64, Heard)>,
    lives: u64,
}

impl Troupe {
    /// Nobody runs yet.
    #[must_use]
    pub fn new(bill: Playbill, namespaces: Namespaces) -> Self {
        let (words, heard) = channel();
        let actors = namespaces.ports().iter().map(|_| None).collect();
        Self { bill, namespaces, actors, relay: None, words, heard, lives: 0 }
    }

    /// What nodes say: which one, in which life, and what.
    #[must_use]
    pub const fn heard(&self) -> &Receiver<(u32, u64, Heard)> {
        &self.heard
    }

    /// Starts the relay of a run that begins at an instant of the machine's clock, and waits until it carries: everything at
    /// once, or as the scenario's network does.
    ///
    /// # Errors
    /// What the system or the relay says.
    pub fn start_relay(&mut self, start_ns: u64, at_once: bool) -> io::Result<()> {
        let mut command = piped(self.namespaces.command_in_the_middle(&self.bill.program.to_string_lossy()));
        command.arg("relay").arg(&self.bill.file).args(self.namespaces.ports());
        command.args(["--seed".to_owned(), self.bill.seed.to_string(), "--start".to_owned(), start_ns.to_string()]);
        command.args(at_once.then_some("--at-once"));
        let mut relay = command.spawn()?;
        let mut line = [0; 6];
        let ready = relay.stdout.as_mut().map_or(Ok(()), |stdout| stdout.read_exact(&mut line));
        self.relay = Some(relay);
        if ready.is_err() || line != *b"ready\n" {
            let why = self.relay.as_mut().map_or_else(String::new, complaints);
            return Err(io::Error::other(format!("the relay does not work: {why}")));
        }
        Ok(())
    }

    /// Ends the relay and says what it did.
    ///
    /// # Errors
    /// What the system says, or that the relay ended before.
    pub fn end_relay(&mut self) -> io::Result<Carried> {
        let Some(mut relay) = self.relay.take() else { return Err(io::Error::other("there is no relay")) };
        // It carries for as long as somebody may speak to it.
        drop(relay.stdin.take());
        let mut said = String::new();
        let read = relay.stdout.as_mut().map_or(Ok(0), |stdout| stdout.read_to_string(&mut said));
        let why = complaints(&mut relay);
        relay.wait()?;
        read?;
        Carried::read(&said).ok_or_else(|| io::Error::other(format!("the relay said `{said}`: {why}")))
    }

    /// Starts a node that joins by these.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn start(&mut self, node: u32, seeds: &[u32]) -> io::Result<()> {
        self.lives += 1;
        let program = self.bill.odd.as_ref().filter(|_| node % 2 == 1).unwrap_or(&self.bill.program);
        let mut command = piped(self.namespaces.command(node, &program.to_string_lossy()));
        let addr = |node: u32| -> SocketAddr { self.namespaces.socket_addr(node) };
        command.arg("node").arg(&self.bill.file).arg(node.to_string()).arg(addr(node).to_string());
        command.args(seeds.iter().map(|&seed| addr(seed).to_string()));
        command.args(self.namespaces.second_addr(node).map(|addr| format!("--also={addr}")));
        command.args(self.bill.seal.map(|key| format!("--seal={key}")));
        let mut child = command.spawn()?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (words, life) = (self.words.clone(), self.lives);
        thread::spawn(move || {
            for line in stdout.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
                // A line that was cut off was not said.
                if let Ok((at, report)) = Report::read(&line) {
                    let _ = words.send((node, life, Heard::Said(at, report)));
                }
            }
            let mut why = String::new();
            let _ = stderr.map(|mut err| err.read_to_string(&mut why));
            let _ = words.send((node, life, Heard::Ended(why)));
        });
        self.actors[node as usize] = Some(Actor { child, stdin, life });
        Ok(())
    }

    /// Whether a node has been started and not been stopped.
    ///
    /// # Panics
    /// When there is no such node.
    #[must_use]
    pub fn runs(&self, node: u32) -> bool {
        self.actors[node as usize].is_some()
    }

    /// Whether this is the present life of a node.
    ///
    /// # Panics
    /// When there is no such node.
    #[must_use]
    pub fn lives(&self, node: u32, life: u64) -> bool {
        self.actors[node as usize].as_ref().is_some_and(|actor| actor.life == life)
    }

    /// Asks a node that runs for something.
    ///
    /// # Errors
    /// What the system says, or that it does not run.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn ask(&mut self, node: u32, request: &Request) -> io::Result<()> {
        let stdin = self.actors[node as usize].as_mut().and_then(|actor| actor.stdin.as_mut());
        let stdin = stdin.ok_or_else(|| io::Error::other(format!("node {node} does not run")))?;
        stdin.write_all(format!("{request}\n").as_bytes())
    }

    /// Kills a node with SIGKILL, if it runs. Returns the instant before, by the machine's clock.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn kill(&mut self, node: u32) -> io::Result<Option<u64>> {
        let Some(mut actor) = self.actors[node as usize].take() else { return Ok(None) };
        let at = now_ns();
        actor.child.kill()?;
        actor.child.wait()?;
        Ok(Some(at))
    }
}

/// A command that is spoken with by pipes.
fn piped(mut command: Command) -> Command {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Drop for Troupe {
    fn drop(&mut self) {
        let actors = self.actors.iter_mut().filter_map(Option::take).map(|actor| actor.child);
        for mut child in actors.chain(self.relay.take()) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a process that ends complained of.
fn complaints(child: &mut Child) -> String {
    let mut why = String::new();
    // Nothing, if it cannot be read.
    let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut why));
    why.trim().to_owned()
}
