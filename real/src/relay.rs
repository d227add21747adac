//! When does a frame arrive, and where?
//!
//! One thread per port reads; one switches: it asks the scenario's [`Conditions`] about each datagram and segment, keeps the frame
//! until its time has come, and writes it. What the systems need to find each other passes at once.
//!
//! Invariant: a frame that a scenario is about leaves at the instants that the simulated network would have it arrive, or as soon
//! afterwards as the machine can.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use pnet_datalink::{Channel, Config, DataLinkReceiver, DataLinkSender};
use quidnunc_sim::scenario::Scenario;
use quidnunc_sim::world::Conditions;

use crate::clock::{now_ns, until};
use crate::frame::{For, Load, ends, load, mend};

/// Room for a frame that a kernel has not cut yet.
const BUFFER_BYTES: usize = 1 << 16;

/// What the switching thread hears.
#[derive(Debug)]
pub enum Word {
    /// A frame came in at a port.
    Frame {
        /// At which.
        port: u32,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// It is over.
    End,
}

/// Why a relay cannot work.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// There is no such interface where the relay runs.
    #[error("there is no interface {0} here: the relay runs in the namespace in the middle")]
    NoInterface(String),
    /// The system refuses.
    #[error(
        "cannot read and write frames at {interface}: {source}; it takes the right to use raw sockets (CAP_NET_RAW)"
    )]
    Refused {
        /// Where.
        interface: String,
        /// What it says.
        source: io::Error,
    },
}

/// A frame that waits: when it leaves, in which order, by which port.
type Waiting = Reverse<(u64, u64, u32, Vec<u8>)>;

/// What joins all ports.
pub struct Relay {
    conditions: Conditions,
    /// The start of the run by the machine's clock.
    start_ns: u64,
    ports: Vec<Box<dyn DataLinkSender>>,
    waiting: BinaryHeap<Waiting>,
    taken: u64,
    /// Frames that the system did not take.
    refused: u64,
}

/// What a relay did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// How many packets each fault changed.
    pub bitten: Vec<u64>,
    /// Datagrams that set out.
    pub datagrams: u64,
    /// Those of them that were lost.
    pub lost: u64,
    /// Those that arrived twice.
    pub twice: u64,
    /// Frames that the system did not take.
    pub refused: u64,
}

impl Carried {
    /// Reads what a relay has said at its end.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> =
            line.strip_prefix("carried ")?.split_ascii_whitespace().map(|word| word.parse().ok()).collect();
        let [datagrams, lost, twice, refused, bitten @ ..] = &*numbers? else { return None };
        Some(Self { bitten: bitten.to_vec(), datagrams: *datagrams, lost: *lost, twice: *twice, refused: *refused })
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bitten, datagrams, lost, twice, refused } = self;
        write!(f, "carried {datagrams} {lost} {twice} {refused}")?;
        bitten.iter().try_for_each(|bit| write!(f, " {bit}"))
    }
}

impl Relay {
    /// Opens the interfaces, one per node in their order. The run begins at `start_ns`; nothing is lost before.
    ///
    /// # Errors
    /// [`RelayError`].
    pub fn open(
        scenario: &Scenario,
        seed: u64,
        start_ns: u64,
        interfaces: &[String],
    ) -> Result<(Self, Sender<Word>, Receiver<Word>), RelayError> {
        let (words, heard) = channel();
        let mut ports = Vec::new();
        for (port, name) in (0..).zip(interfaces) {
            let (sender, receiver) = open_port(name)?;
            ports.push(sender);
            let words = words.clone();
            thread::spawn(move || read(port, receiver, &words));
        }
        let conditions = Conditions::new(scenario, seed);
        Ok((Self { conditions, start_ns, ports, waiting: BinaryHeap::new(), taken: 0, refused: 0 }, words, heard))
    }

    /// Carries frames until it is told that it is over.
    pub fn carry(mut self, heard: &Receiver<Word>) -> Carried {
        loop {
            self.deliver_due();
            let next = self.waiting.peek().map(|Reverse((at, ..))| *at);
            let word = match next {
                Some(at) => heard.recv_timeout(until(at)),
                None => heard.recv().map_err(RecvTimeoutError::from),
            };
            match word {
                Ok(Word::Frame { port, bytes }) => self.take(port, bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Word::End) | Err(RecvTimeoutError::Disconnected) => return self.carried(),
            }
        }
    }

    fn carried(&self) -> Carried {
        let packets = self.conditions.packets();
        Carried {
            bitten: self.conditions.bitten(),
            datagrams: packets.sent,
            lost: packets.dropped,
            twice: packets.duplicated,
            refused: self.refused,
        }
    }

    /// A frame came in. One that the relay itself has written is not its port's, and is not carried again.
    fn take(&mut self, port: u32, mut bytes: Vec<u8>) {
        let Some((from, to)) = ends(&bytes).filter(|&(from, _)| from == port) else { return };
        let at = now_ns();
        let now = at.saturating_sub(self.start_ns);
        let carried = load(&bytes);
        mend(&mut bytes);
        match (to, carried) {
            (For::Node(to), Load::Datagram(len)) => {
                let arrivals: Vec<u64> = self.conditions.datagram(now, (from, to), len).collect();
                arrivals.into_iter().for_each(|arrival| self.keep(self.start_ns + arrival, to, bytes.clone()));
            }
            (For::Node(to), Load::Segment) => {
                if let Some(arrival) = self.conditions.segment(now, (from, to)) {
                    self.keep(self.start_ns + arrival, to, bytes);
                }
            }
            (For::Node(to), Load::Other) => self.keep(at, to, bytes),
            (For::All, _) => {
                let others = (0..).take(self.ports.len()).filter(|&to| to != from);
                others.for_each(|to| self.keep(at, to, bytes.clone()));
            }
        }
    }

    fn keep(&mut self, at: u64, to: u32, bytes: Vec<u8>) {
        self.taken += 1;
        self.waiting.push(Reverse((at, self.taken, to, bytes)));
    }

    fn deliver_due(&mut self) {
        let now = now_ns();
        while let Some(next) = self.waiting.peek()
            && next.0.0 <= now
            && let Some(Reverse((_, _, to, bytes))) = self.waiting.pop()
        {
            let Some(port) = self.ports.get_mut(to as usize) else { continue };
            if !matches!(port.send_to(&bytes, None), Some(Ok(()))) {
                self.refused += 1;
            }
        }
    }
}

/// Both ends of an interface.
type Port = (Box<dyn DataLinkSender>, Box<dyn DataLinkReceiver>);

fn open_port(name: &str) -> Result<Port, RelayError> {
    let interfaces = pnet_datalink::interfaces();
    let interface = interfaces.iter().find(|interface| interface.name == name);
    let interface = interface.ok_or_else(|| RelayError::NoInterface(name.to_owned()))?;
    let config = Config { read_buffer_size: BUFFER_BYTES, write_buffer_size: BUFFER_BYTES, ..Config::default() };
    let refused = |source| RelayError::Refused { interface: name.to_owned(), source };
    match pnet_datalink::channel(interface, config).map_err(refused)? {
        Channel::Ethernet(sender, receiver) => Ok((sender, receiver)),
        _ => Err(refused(io::ErrorKind::Unsupported.into())),
    }
}

/// Reads a port until nobody listens any more, or until the port is gone.
fn read(port: u32, mut receiver: Box<dyn DataLinkReceiver>, words: &Sender<Word>) {
    loop {
        let word = match receiver.next() {
            Ok(bytes) => Word::Frame { port, bytes: bytes.to_vec() },
            // It is down for a moment, or a signal came in between.
            Err(error) if matches!(error.kind(), io::ErrorKind::NetworkDown | io::ErrorKind::Interrupted) => continue,
            Err(_) => return,
        };
        if words.send(word).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_relay_did_is_understood() {
        let carried = Carried { bitten: vec![0, 7], datagrams: 5, lost: 3, twice: 2, refused: 1 };
        assert_eq!(Carried::read(&format!("{carried}\n")), Some(carried));
        assert_eq!(Carried::read("carried 1 2"), None);
        assert_eq!(Carried::read(""), None);
    }
}
