//! Does a machine that has slept accuse nobody when it wakes up?
//!
//! All that a driver sees of a suspend is a clock that went on while no turn was taken. Here that clock is set ahead between
//! two turns, so that nothing has to sleep. One thread turns all drivers: if it is starved, all are.

use ::std::net::{Ipv4Addr, SocketAddr};
use ::std::time::{Duration, Instant};

use quidnunc_core::{Command, Config, Event, Health, NodeId};

use super::Driver;
use crate::options::Options;

/// A net for a test that hangs; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

const SLEPT: Duration = Duration::from_secs(10);

fn node(name: &str) -> Driver {
    let config =
        Config { period: Duration::from_millis(200), probe_timeout: Duration::from_millis(100), ..Config::local() };
    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Driver::bind(Options { config, ..Options::new(NodeId::from_name(name), bind) }).expect("a free port")
}

/// Takes turns until the goal is reached. Nobody may be accused on the way.
fn until(nodes: &mut [Driver], goal: &str, is_reached: impl Fn(&[Driver]) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_reached(nodes) {
        assert!(Instant::now() < deadline, "waited in vain for {goal}");
        for node in nodes.iter_mut() {
            node.turn(Duration::from_millis(1)).expect("the socket is sound");
            while let Some(event) = node.poll_event() {
                let accused =
                    matches!(&event, Event::Member(it) if matches!(it.health, Health::Suspect | Health::Dead));
                assert!(!accused, "{event:?}");
            }
        }
    }
}

fn sent(node: &Driver) -> u64 {
    node.view().stats().datagrams_sent
}

fn received(node: &Driver) -> u64 {
    node.view().stats().datagrams_received
}

/// The first of three sleeps with a question under way, which was answered meanwhile, or was not.
fn sleep_while_asking(is_answered: bool) {
    let mut nodes = ["ada", "bob", "cyd"].map(node);
    let seeds = [nodes[0].local_addr()];
    for node in &mut nodes[1..] {
        node.command(Command::Join { seeds: &seeds }).expect("a join is taken");
    }
    until(&mut nodes, "a meeting", |nodes| nodes.iter().all(|node| node.view().live() == 3));
    // What is told at a meeting has been told by then, and what is sent is a probe.
    let heard = received(&nodes[0]);
    until(&mut nodes, "some rounds", |nodes| received(&nodes[0]) > heard + 20);

    let (first, others) = nodes.split_at_mut(1);
    let asked = sent(&first[0]);
    until(first, "a question", |first| sent(&first[0]) > asked);
    if is_answered {
        let answered: Vec<u64> = others.iter().map(sent).collect();
        until(others, "its answer", |others| others.iter().zip(&answered).any(|(it, &before)| sent(it) > before));
    }
    let freezes = first[0].view().stats().freezes;
    first[0].suspend(SLEPT);
    until(first, "it to notice", |first| first[0].view().stats().freezes > freezes);

    let heard: Vec<u64> = nodes.iter().map(received).collect();
    until(&mut nodes, "some rounds more", |nodes| {
        nodes.iter().zip(&heard).all(|(node, &before)| received(node) > before + 20)
    });
    assert!(nodes.iter().all(|node| node.view().live() == 3 && node.view().stats().suspicions == 0));
}

#[test]
fn a_machine_that_slept_accuses_nobody_whose_answer_it_slept_through() {
    sleep_while_asking(true);
}

#[test]
fn nor_anybody_whose_answer_is_still_to_come() {
    sleep_while_asking(false);
}
