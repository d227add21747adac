//! Machines of a network of its own: namespaces that a bridge joins, in which one thing can be broken.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{Agent, Folder, Said};

/// Who sets this to `1` wants none of these tests.
const SKIP: &str = "QUIDNUNC_SKIP_NETNS";

/// Keeps the names of one process's namespaces apart.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Whether tests with namespaces are not wanted; says so.
#[allow(clippy::print_stderr, reason = "whoever leaves tests out should see it")]
pub(crate) fn is_skipped(test: &str) -> bool {
    let skipped = std::env::var_os(SKIP).is_some_and(|value| value == "1");
    if skipped {
        eprintln!("{test} is left out: {SKIP}=1");
    }
    skipped
}

/// Some machines, which go with the test.
pub(crate) struct Net {
    name: String,
    machines: u32,
}

impl Net {
    /// Machines 1 to `machines`, each of which has an address.
    pub(crate) fn new(machines: u32) -> Self {
        let name = format!("qa{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let net = Self { name, machines };
        let middle = net.home(0);
        run(&format!("ip netns add {middle}"));
        run(&format!("ip -n {middle} link add bridge type bridge"));
        run(&format!("ip -n {middle} link set bridge up"));
        for machine in 1..=machines {
            let (home, addr) = (net.home(machine), net.ip(machine));
            run(&format!("ip netns add {home}"));
            run(&format!("ip -n {middle} link add p{machine} type veth peer name eth0 netns {home}"));
            run(&format!("ip -n {middle} link set p{machine} master bridge up"));
            run(&format!("ip -n {home} link set lo up"));
            run(&format!("ip -n {home} link set eth0 up"));
            run(&format!("ip -n {home} addr add {addr}/24 dev eth0"));
            run(&format!("ip netns exec {home} nft add table inet broken"));
            run(&format!(
                "ip netns exec {home} nft add chain inet broken in {{ type filter hook input priority 0 ; }}"
            ));
        }
        net
    }

    fn home(&self, machine: u32) -> String {
        format!("{}-{machine}", self.name)
    }

    fn ip(&self, machine: u32) -> String {
        format!("10.78.0.{machine}")
    }

    pub(crate) fn addr(&self, machine: u32) -> String {
        format!("{}:7946", self.ip(machine))
    }

    /// What comes to a machine and is like this is dropped from now on.
    pub(crate) fn drop_at(&self, machine: u32, what: &str) {
        run(&format!("ip netns exec {} nft add rule inet broken in {what} drop", self.home(machine)));
    }

    /// A machine has one more address, from which nothing goes of itself.
    pub(crate) fn add_addr(&self, machine: u32, ip: &str) {
        run(&format!("ip -n {} addr add {ip}/24 dev eth0", self.home(machine)));
    }

    /// Does something on a machine: the sockets that are opened meanwhile are there, and the threads that begin.
    pub(crate) fn on<T: Send>(&self, machine: u32, what: impl FnOnce() -> T + Send) -> T {
        let home = File::open(format!("/var/run/netns/{}", self.home(machine))).unwrap();
        let there = move || {
            move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network)).expect(WAY_OUT);
            what()
        };
        // The thread goes afterwards: no other test finds itself there.
        std::thread::scope(|scope| scope.spawn(there).join().unwrap())
    }

    /// An agent on a machine, which is called by its number.
    pub(crate) fn agent<'f>(&self, folder: &'f Folder, machine: u32, args: &[&str]) -> Agent<'f> {
        self.agent_with(folder, machine, &[], args).unwrap_or_else(|said| panic!("it did not start: {said:?}"))
    }

    /// The same with words before the program, such as those that set its clock.
    pub(crate) fn agent_with<'f>(
        &self,
        folder: &'f Folder,
        machine: u32,
        before: &[&str],
        args: &[&str],
    ) -> Result<Agent<'f>, Said> {
        let (home, name, addr) = (self.home(machine), format!("n{machine}"), self.addr(machine));
        let inside = [&["ip", "netns", "exec", &home], before].concat();
        let bind: &[&str] = if args.contains(&"--bind") { &[] } else { &["--bind", &addr] };
        folder.start(folder.program_after(&inside), &name, &[bind, &["--profile", "local"], args].concat())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for machine in 0..=self.machines {
            // What cannot be taken away stays, and has a name that nobody else gives.
            let _ = words(&format!("ip netns del {}", self.home(machine))).stderr(Stdio::null()).status();
        }
    }
}

fn words(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    command
}

#[track_caller]
fn run(line: &str) {
    let output = words(line).output().unwrap_or_else(|error| panic!("`{line}`: {error}; {WAY_OUT}"));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{line}` says: {why}; {WAY_OUT}");
}

const WAY_OUT: &str = "run this as root on a Linux that has network namespaces, with iproute2 and nftables, or set \
                       QUIDNUNC_SKIP_NETNS=1 to leave the tests with real networks out";
