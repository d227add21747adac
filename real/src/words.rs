//! How do processes speak to each other?
//!
//! In lines of words, so that a person who looks on can read along. A node writes what it reports to its standard output, each
//! line with the instant by the clock that all processes share, and takes what it is asked to do from its standard input.

use std::fmt;
use std::net::SocketAddr;

use quidnunc::{Domain, Health, Incarnation, MemberChange, NodeId, Reason};

/// The identity of a node by its number.
#[must_use]
pub fn id_of(node: u32) -> NodeId {
    NodeId::from_name(&format!("real {node}"))
}

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It has started, as this life.
    Started {
        /// The life's boot number.
        boot: u64,
    },
    /// It believes something else of another one, by number.
    Member {
        /// Whom.
        subject: u32,
        /// What.
        change: MemberChange,
    },
    /// It has said goodbye, and ends.
    Left,
    /// What it was asked to do is done.
    Done,
    /// Its answer to [`Request::Show`]: how many it holds live, how many values whose keys
    /// begin with `v/` it shows of others and itself, how many
    /// datagrams it has taken and how many its seal refused.
    Shows {
        /// Members that it holds live, itself included.
        live: u64,
        /// Those values in all maps, its own included.
        values: u64,
        /// Datagrams taken.
        taken: u64,
        /// Datagrams that were not sealed as they should be.
        refused: u64,
    },
}

/// What a node is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To say goodbye.
    Leave,
    /// To put a value into its map.
    Put {
        /// Under this key.
        key: String,
        /// The value.
        value: String,
    },
    /// To take a key, by its number, into its ring.
    Install(u8),
    /// To seal with that key from now on.
    Use(u8),
    /// To forget that key.
    Remove(u8),
    /// To say what it knows.
    Show,
}

/// A line that says nothing that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no line of a node's")]
pub struct NoLine(String);

/// What stands for each health.
const HEALTHS: [(Health, &str); 5] = [
    (Health::Alive, "alive"),
    (Health::Suspect, "suspect"),
    (Health::Dead, "dead"),
    (Health::Left, "left"),
    (Health::Removed, "removed"),
];

/// What stands for none.
const NONE: &str = "-";

fn health_name(health: Option<Health>) -> &'static str {
    HEALTHS.iter().find(|(named, _)| Some(*named) == health).map_or(NONE, |(_, name)| name)
}

fn health_of(name: &str) -> Option<Health> {
    HEALTHS.iter().find(|(_, known)| *known == name).map(|(health, _)| *health)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { boot } => write!(f, "started {boot}"),
            Self::Member { subject, change } => {
                let MemberChange { addr, incarnation: Incarnation { boot, counter }, health, was, hops, .. } = change;
                let (health, was) = (health_name(Some(*health)), health_name(*was));
                write!(f, "member {subject} {addr} {boot} {counter} {health} {was} {hops}")
            }
            Self::Left => f.write_str("left"),
            Self::Done => f.write_str("done"),
            Self::Shows { live, values, taken, refused } => write!(f, "shows {live} {values} {taken} {refused}"),
        }
    }
}

impl Report {
    /// Reads a line: when it was said, and what.
    ///
    /// # Errors
    /// [`NoLine`].
    pub fn read(line: &str) -> Result<(u64, Self), NoLine> {
        let mut words = line.split_ascii_whitespace();
        let read = |words: &mut std::str::SplitAsciiWhitespace<'_>| {
            let at = words.next()?.parse().ok()?;
            let kind = words.next()?;
            Some((at, Self::of(kind, words)?)).filter(|_| words.next().is_none())
        };
        read(&mut words).ok_or_else(|| NoLine(line.to_owned()))
    }

    fn of(kind: &str, words: &mut std::str::SplitAsciiWhitespace<'_>) -> Option<Self> {
        let mut number = || words.next()?.parse::<u64>().ok();
        Some(match kind {
            "started" => Self::Started { boot: number()? },
            "left" => Self::Left,
            "done" => Self::Done,
            "shows" => Self::Shows { live: number()?, values: number()?, taken: number()?, refused: number()? },
            "member" => {
                let subject = u32::try_from(number()?).ok()?;
                let addr: SocketAddr = words.next()?.parse().ok()?;
                let incarnation =
                    Incarnation { boot: words.next()?.parse().ok()?, counter: words.next()?.parse().ok()? };
                let health = health_of(words.next()?)?;
                let was = words.next()?;
                let was = if was == NONE { None } else { Some(health_of(was)?) };
                let hops = words.next()?.parse().ok()?;
                Self::Member { subject, change: change(subject, addr, incarnation, (health, was, hops)) }
            }
            _ => return None,
        })
    }
}

/// A change of which only that is known that metrics are about.
fn change(
    subject: u32,
    addr: SocketAddr,
    incarnation: Incarnation,
    (health, was, hops): (Health, Option<Health>, u8),
) -> MemberChange {
    MemberChange {
        id: id_of(subject),
        addr,
        moved_from: None,
        domain: Domain::NONE,
        incarnation,
        health,
        was,
        reason: if hops == 0 { Reason::Contact } else { Reason::Rumour },
        hops,
        evidence: None,
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leave => f.write_str("leave"),
            Self::Put { key, value } => write!(f, "put {key} {value}"),
            Self::Install(key) => write!(f, "install {key}"),
            Self::Use(key) => write!(f, "use {key}"),
            Self::Remove(key) => write!(f, "remove {key}"),
            Self::Show => f.write_str("show"),
        }
    }
}

impl Request {
    /// Reads a line.
    ///
    /// # Errors
    /// [`NoLine`].
    pub fn read(line: &str) -> Result<Self, NoLine> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let key = |word: &str| word.parse().map_err(|_| NoLine(line.to_owned()));
        Ok(match *words.as_slice() {
            ["leave"] => Self::Leave,
            ["put", key, value] => Self::Put { key: key.to_owned(), value: value.to_owned() },
            ["install", number] => Self::Install(key(number)?),
            ["use", number] => Self::Use(key(number)?),
            ["remove", number] => Self::Remove(key(number)?),
            ["show"] => Self::Show,
            _ => return Err(NoLine(line.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_says_is_understood() {
        let addr = SocketAddr::from(([10, 77, 0, 3], 7946));
        let first = Incarnation { boot: 17, counter: 4 };
        let reports = [
            Report::Started { boot: 5 },
            Report::Member { subject: 3, change: change(3, addr, first, (Health::Dead, Some(Health::Suspect), 2)) },
            Report::Member { subject: 0, change: change(0, addr, first, (Health::Alive, None, 0)) },
            Report::Left,
            Report::Done,
            Report::Shows { live: 5, values: 6, taken: 7, refused: 8 },
        ];
        for report in reports {
            assert_eq!(Report::read(&format!("99 {report}\n")), Ok((99, report)));
        }
        for line in ["", "x", "5", "5 member 1", "5 left now", "left", "5 shows 1 2 3 -4"] {
            assert!(Report::read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn what_a_node_is_asked_is_understood() {
        let put = Request::Put { key: "k".into(), value: "v".into() };
        for request in [Request::Leave, put, Request::Install(2), Request::Use(3), Request::Remove(4), Request::Show] {
            assert_eq!(Request::read(&request.to_string()), Ok(request));
        }
        for line in ["", "put k", "use x", "use 256", "show me"] {
            assert!(Request::read(line).is_err(), "{line}");
        }
    }
}
