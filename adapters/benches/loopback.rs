//! How fast do real nodes meet on real sockets, what does an idle one cost, and what does a flood do to it?
//!
//! ```text
//! cargo bench -p quidnunc --bench loopback
//! ```
//!
//! 1. Five nodes of [`Config::lan`], four of which join the first: until each knows five live members. Median of 21.
//! 2. Five processes, one node each, known to each other: processor time of each per second, and its resident memory.
//! 3. Three nodes, one of which gets 100 000 datagrams of junk per second: suspicions, deaths, growth of memory.
//!
//! With `--test` each runs once and briefly.

#![expect(clippy::print_stdout, reason = "a bench reports to whoever runs it")]
#![expect(clippy::unwrap_used, reason = "a bench may end with a panic")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use quidnunc::std::{Handle, spawn};
use quidnunc::{Config, Event, Health, NodeId, Options};

/// The variable that makes a process one idle node: its name and the seed's address.
const IDLE: &str = "QUIDNUNC_BENCH_IDLE";

type Node = (Handle, Receiver<Event>);

fn start(name: &str) -> Node {
    let bind = SocketAddr::from(([127, 0, 0, 1], 0));
    spawn(Options { config: Config::lan(), ..Options::new(NodeId::from_name(name), bind) }).unwrap()
}

fn main() {
    if let Ok(role) = std::env::var(IDLE) {
        return idle_node(&role);
    }
    let is_quick = std::env::args().any(|arg| arg == "--test");
    meet(if is_quick { 1 } else { 21 });
    idle(Duration::from_secs(if is_quick { 2 } else { 30 }));
    flood(Duration::from_secs(if is_quick { 2 } else { 30 }));
}

/// Five nodes meet, so many times.
fn meet(rounds: usize) {
    let mut times: Vec<Duration> = (0..rounds).map(|_| meeting()).collect();
    times.sort_unstable();
    let (least, median, most) = (times[0], times[rounds / 2], times[rounds - 1]);
    println!("five nodes see each other: {median:.1?}, {least:.1?} to {most:.1?} in {rounds} rounds");
}

fn meeting() -> Duration {
    let nodes: Vec<Node> = ["ada", "bob", "cyd", "dan", "eve"].into_iter().map(start).collect();
    let begin = Instant::now();
    for (node, _) in &nodes[1..] {
        node.join(&[nodes[0].0.local_addr()]).unwrap();
    }
    for (node, events) in &nodes {
        // Every change of what is believed is an event: whoever waits for them asks no more often than needed.
        while node.read(|driver| driver.view().live()).unwrap() < 5 {
            events.recv().unwrap();
        }
    }
    begin.elapsed()
}

/// One of the processes that are measured. It lives until its input ends.
fn idle_node(role: &str) {
    let (name, seed) = role.split_once(' ').unwrap();
    let (node, _events) = start(name);
    if !seed.is_empty() {
        node.join(&[seed.parse().unwrap()]).unwrap();
    }
    println!("{}", node.local_addr());
    for line in std::io::stdin().lines() {
        let _ = line.unwrap();
        println!("{}", node.read(|driver| driver.view().live()).unwrap());
    }
}

/// A node in a process of its own.
struct Process {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Process {
    fn start(name: &str, seed: &str) -> (Self, String) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let command = command.env(IDLE, format!("{name} {seed}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self { child, answers };
        let addr = process.line();
        (process, addr)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_string()
    }

    fn live(&mut self) -> u32 {
        self.child.stdin.as_mut().unwrap().write_all(b"?\n").unwrap();
        self.line().parse().unwrap()
    }

    /// Processor time until now.
    fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let of = |task: std::fs::DirEntry| -> u64 {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap();
            stat.split(' ').next().unwrap().parse().unwrap()
        };
        Duration::from_nanos(tasks.map(|task| of(task.unwrap())).sum())
    }

    fn resident_kib(&self) -> u64 {
        resident_kib(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn resident_kib(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn idle(time: Duration) {
    let (mut first, seed) = Process::start("ada", "");
    let others = ["bob", "cyd", "dan", "eve"].map(|name| Process::start(name, &seed).0);
    while first.live() < 5 {
        std::thread::sleep(Duration::from_millis(10));
    }
    // What the meeting cost is over then.
    std::thread::sleep(Duration::from_secs(2));
    let before: Vec<Duration> = others.iter().map(Process::cpu).collect();
    std::thread::sleep(time);
    let mut spent: Vec<Duration> = others.iter().zip(before).map(|(it, before)| it.cpu() - before).collect();
    spent.sort_unstable();
    let per_second = spent[2].div_f64(time.as_secs_f64());
    let resident = others.iter().map(Process::resident_kib).max().unwrap();
    println!("an idle node: {per_second:.1?} of processor time per second, {resident} KiB resident");
}

fn flood(time: Duration) {
    const PER_SECOND: u32 = 100_000;
    const BURST: u32 = 100;
    let nodes: Vec<Node> = ["ada", "bob", "cyd"].into_iter().map(start).collect();
    let target = nodes[0].0.local_addr();
    nodes[1..].iter().for_each(|(node, _)| node.join(&[target]).unwrap());
    while nodes.iter().any(|(node, _)| node.read(|driver| driver.view().live()).unwrap() < 3) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let before = resident_kib("self");
    let (socket, begin, mut sent) = (UdpSocket::bind("127.0.0.1:0").unwrap(), Instant::now(), 0_u64);
    let junk = [0x71; 200];
    while begin.elapsed() < time {
        for _ in 0..BURST {
            sent += u64::from(socket.send_to(&junk, target).is_ok());
        }
        let due = begin + Duration::from_secs(sent) / PER_SECOND;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let rate = sent as f64 / begin.elapsed().as_secs_f64();
    let grown = resident_kib("self").saturating_sub(before);
    let all: Vec<_> = nodes.iter().map(|(node, _)| node.stats().unwrap()).collect();
    let suspicions: u64 = all.iter().map(|stats| stats.suspicions).sum();
    let dead = |events: &Receiver<Event>| {
        events.try_iter().filter(|event| matches!(event, Event::Member(it) if it.health == Health::Dead)).count()
    };
    let deaths: usize = nodes.iter().map(|(_, events)| dead(events)).sum();
    println!(
        "a flood of {rate:.0} datagrams per second: {} read and refused, {suspicions} suspicions, {deaths} deaths, {grown} KiB more memory",
        all[0].datagrams_rejected
    );
}
