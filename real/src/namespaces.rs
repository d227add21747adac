//! Where do nodes live, and how are they joined?
//!
//! ```text
//! node 0 eth0 ── p0 ┐
//! node 1 eth0 ── p1 ├ the middle, where the relay reads and writes frames; its kernel forwards none
//! node 2 eth0 ── p2 ┘
//! ```
//!
//! Invariant: whatever happens to the test, a panic among it, the namespaces go with the [`Namespaces`] that made them; and
//! nothing outside of them is touched.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::{self, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fmt};

use crate::frame::hardware_address;

/// Who sets this to `1` wants none of these tests.
pub const SKIP: &str = "QUIDNUNC_SKIP_NETNS";

/// Where all nodes listen.
const PORT: u16 = 7946;

/// A second address is that of a node that has moved more often than any does.
const SECOND: u8 = u8::MAX;

/// Keeps the names of one process's namespaces apart.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Which addresses nodes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Four,
    /// IPv6.
    Six,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Four => "IPv4",
            Self::Six => "IPv6",
        })
    }
}

/// Why there are no namespaces.
#[derive(Debug, thiserror::Error)]
pub enum NamespaceError {
    /// The program is not there.
    #[error("cannot run `{program}`: {source}; it comes with iproute2. {WAY_OUT}")]
    NoProgram {
        /// Which program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The system refuses.
    #[error("cannot make namespaces and join them by veth (`{what}` says: {why}). {WAY_OUT}")]
    Refused {
        /// What was tried.
        what: String,
        /// What was said to it.
        why: String,
    },
}

impl NamespaceError {
    /// Whether it is only that the kernel has no network emulator.
    fn lacks_netem(&self) -> bool {
        // The second is what some kernels say of it, and what is said where there is no `tc`.
        let unknown = ["qdisc kind is unknown", "No such file or directory"];
        matches!(self, Self::Refused { what, why } if what.contains(" netem ") && unknown.iter().any(|it| why.contains(it)))
    }
}

/// What helps.
const WAY_OUT: &str = "Run this as root (CAP_NET_ADMIN and CAP_SYS_ADMIN) on a Linux that has network namespaces and veth, or set \
                       QUIDNUNC_SKIP_NETNS=1 to leave the tests with real networks out";

/// Whether these tests are not wanted; says so.
#[must_use]
#[expect(clippy::print_stderr, reason = "whoever leaves tests out should see it")]
pub fn is_skipped(test: &str) -> bool {
    let skipped = env::var_os(SKIP).is_some_and(|value| value == "1");
    if skipped {
        eprintln!("{test} is left out: {SKIP}=1");
    }
    skipped
}

/// Whether the kernel has a network emulator. Says so if it has none.
///
/// # Errors
/// [`NamespaceError`], for any other reason.
#[expect(clippy::print_stderr, reason = "whoever does without a second opinion should see it")]
pub fn has_netem() -> Result<bool, NamespaceError> {
    match Namespaces::new(1, Family::Four)?.emulate("delay 0us") {
        Err(why) if why.lacks_netem() => {
            eprintln!("this kernel has no netem: there is no second opinion");
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

/// Namespaces of some nodes and the one in the middle.
#[derive(Debug)]
pub struct Namespaces {
    program: &'static str,
    /// What all names begin with.
    name: String,
    family: Family,
    /// Per node: how often it has got another address.
    moves: Vec<u8>,
    /// Which nodes have a second address.
    doubled: BTreeSet<u32>,
    /// Which namespaces there are.
    made: Vec<String>,
}

impl Namespaces {
    /// Makes them and joins them.
    ///
    /// # Errors
    /// [`NamespaceError`]; what has been made is taken away again.
    pub fn new(nodes: u32, family: Family) -> Result<Self, NamespaceError> {
        Self::with_program("ip", nodes, family)
    }

    fn with_program(program: &'static str, nodes: u32, family: Family) -> Result<Self, NamespaceError> {
        let name = format!("qn{}-{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut all =
            Self { program, name, family, moves: vec![0; nodes as usize], doubled: BTreeSet::new(), made: Vec::new() };
        let middle = all.middle();
        all.make(&middle)?;
        // The middle says nothing of its own accord.
        all.write_setting(&middle, "net/ipv6/conf/default/disable_ipv6", "1")?;
        for node in 0..nodes {
            let (home, port) = (all.home(node), port_of(node));
            all.make(&home)?;
            let [a, b, c, d, e, f] = hardware_address(node);
            // A kernel that may not put off cutting what it sends hands out frames as a wire would carry them.
            all.ip(
                &middle,
                &format!(
                    "link add {port} type veth peer name eth0 address {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x} \
                     gso_max_segs 1 netns {home}\nlink set {port} up\n"
                ),
            )?;
            let addr = all.addr(node);
            all.ip(&home, &format!("link set lo up\nlink set eth0 up\n{}", add(addr)))?;
        }
        Ok(all)
    }

    /// The interfaces in the middle, one per node.
    #[must_use]
    pub fn ports(&self) -> Vec<String> {
        (0..).take(self.moves.len()).map(port_of).collect()
    }

    /// The command that runs a program in a node's namespace.
    #[must_use]
    pub fn command(&self, node: u32, program: &str) -> Command {
        self.command_in(&self.home(node), program)
    }

    /// The command that runs a program in the middle.
    #[must_use]
    pub fn command_in_the_middle(&self, program: &str) -> Command {
        self.command_in(&self.middle(), program)
    }

    /// Where a node listens.
    #[must_use]
    pub fn socket_addr(&self, node: u32) -> SocketAddr {
        SocketAddr::new(self.addr(node), PORT)
    }

    /// Gives a node's namespace another address instead of the one that it has.
    ///
    /// # Errors
    /// [`NamespaceError`].
    ///
    /// # Panics
    /// When there is no such node.
    pub fn move_away(&mut self, node: u32) -> Result<(), NamespaceError> {
        let before = self.addr(node);
        self.moves[node as usize] += 1;
        self.ip(&self.home(node), &format!("addr del {before}/{} dev eth0\n{}", bits(before), add(self.addr(node))))
    }

    /// Lets the kernel's network emulator do something to all that comes to every node.
    ///
    /// # Errors
    /// [`NamespaceError`]
    pub(crate) fn emulate(&self, words: &str) -> Result<(), NamespaceError> {
        self.ports().iter().try_for_each(|port| {
            let mut command = self.command_in(&self.middle(), "tc");
            command.args(["qdisc", "add", "dev", port, "root", "netem"]).args(words.split(' '));
            self.done(&mut command, "")
        })
    }

    /// Gives a node's namespace a second address beside the first one; a node that is started then is reached at both.
    ///
    /// # Errors
    /// [`NamespaceError`].
    pub fn double(&mut self, node: u32) -> Result<(), NamespaceError> {
        let home = self.home(node);
        if self.family == Family::Four {
            // Or the second address would go with the first one.
            self.write_setting(&home, "net/ipv4/conf/all/promote_secondaries", "1")?;
        }
        self.doubled.insert(node);
        self.ip(&home, &add(self.addr_after(node, SECOND)))
    }

    /// Where a node is reached besides, if it is.
    #[must_use]
    pub fn second_addr(&self, node: u32) -> Option<SocketAddr> {
        self.doubled.contains(&node).then(|| SocketAddr::new(self.addr_after(node, SECOND), PORT))
    }

    /// Takes the first address away from a node's namespace.
    ///
    /// # Errors
    /// [`NamespaceError`].
    pub fn lose_first(&self, node: u32) -> Result<(), NamespaceError> {
        let first = self.addr(node);
        self.ip(&self.home(node), &format!("addr del {first}/{} dev eth0\n", bits(first)))
    }

    fn addr(&self, node: u32) -> IpAddr {
        self.addr_after(node, self.moves[node as usize])
    }

    /// The address of a node after so many moves.
    fn addr_after(&self, node: u32, moves: u8) -> IpAddr {
        let host = u8::try_from(node + 1).unwrap_or(u8::MAX);
        match self.family {
            Family::Four => Ipv4Addr::new(10, 77, moves, host).into(),
            Family::Six => Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, moves.into(), host.into()).into(),
        }
    }

    fn middle(&self) -> String {
        format!("{}-mid", self.name)
    }

    fn home(&self, node: u32) -> String {
        format!("{}-n{node}", self.name)
    }

    fn make(&mut self, namespace: &str) -> Result<(), NamespaceError> {
        let mut command = Command::new(self.program);
        command.args(["netns", "add", namespace]);
        self.done(&mut command, "")?;
        self.made.push(namespace.to_owned());
        Ok(())
    }

    /// Lets `ip` do what the lines say, in a namespace.
    fn ip(&self, namespace: &str, lines: &str) -> Result<(), NamespaceError> {
        let mut command = Command::new(self.program);
        command.args(["-n", namespace, "-batch", "-"]);
        self.done(&mut command, lines)
    }

    fn write_setting(&self, namespace: &str, setting: &str, value: &str) -> Result<(), NamespaceError> {
        let mut command = self.command_in(namespace, "tee");
        command.arg(format!("/proc/sys/{setting}"));
        self.done(&mut command, value)
    }

    fn command_in(&self, namespace: &str, program: &str) -> Command {
        let mut command = Command::new(self.program);
        command.args(["netns", "exec", namespace, program]);
        command
    }

    fn done(&self, command: &mut Command, input: &str) -> Result<(), NamespaceError> {
        let Output { status, stderr, .. } = output_of(command, input)
            .map_err(|source| NamespaceError::NoProgram { program: self.program.to_owned(), source })?;
        if status.success() {
            return Ok(());
        }
        let what = command.get_args().fold(self.program.to_owned(), |mut what, arg| {
            let _ = write!(what, " {}", arg.display());
            what
        });
        let why = String::from_utf8_lossy(&stderr).trim().to_owned();
        Err(NamespaceError::Refused { what, why: if why.is_empty() { status.to_string() } else { why } })
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for namespace in &self.made {
            // What cannot be taken away stays, and has a name that nobody else gives.
            let _ = output_of(Command::new(self.program).args(["netns", "del", namespace]), "");
        }
    }
}

fn port_of(node: u32) -> String {
    format!("p{node}")
}

/// How much of an address all nodes share, so that they need no router: moves are within it.
const fn bits(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => 16,
        IpAddr::V6(_) => 64,
    }
}

/// The line that gives an address. Nobody else has it, and it can be used at once.
fn add(addr: IpAddr) -> String {
    let at_once = if addr.is_ipv6() { " nodad" } else { "" };
    format!("addr add {addr}/{} dev eth0{at_once}\n", bits(addr))
}

fn output_of(command: &mut Command, input: &str) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may end before it has read everything; then it says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_make_namespaces_is_told_why_and_what_helps() {
        for (program, reason) in [("false", "exit status: 1"), ("no-such-program", "No such file")] {
            let refused = Namespaces::with_program(program, 2, Family::Four).expect_err("it makes none").to_string();
            for part in [program, reason, "as root", "QUIDNUNC_SKIP_NETNS=1"] {
                assert!(refused.contains(part), "{refused}");
            }
        }
    }

    #[test]
    fn a_kernel_without_a_network_emulator_is_told_from_one_that_refuses() {
        let refused = |what: &str, why: &str| NamespaceError::Refused { what: what.to_owned(), why: why.to_owned() };
        let words = "ip netns exec x tc qdisc add dev p0 root netem delay 5000us";
        assert!(refused(words, "Error: Specified qdisc kind is unknown.").lacks_netem());
        assert!(!refused(words, "RTNETLINK answers: Operation not permitted").lacks_netem());
        assert!(!refused("ip netns add x", "Error: Specified qdisc kind is unknown.").lacks_netem());
    }

    #[test]
    fn a_node_that_moves_stays_in_the_network() {
        for (family, before, after) in [(Family::Four, "10.77.0.3", "10.77.1.3"), (Family::Six, "fd77::3", "fd77::1:3")]
        {
            let moved = |moves| Namespaces {
                program: "true",
                name: "x".into(),
                family,
                moves: vec![0, 0, moves],
                doubled: BTreeSet::new(),
                made: Vec::new(),
            };
            assert_eq!(moved(0).addr(2).to_string(), before);
            assert_eq!(moved(1).addr(2).to_string(), after);
        }
    }
}
