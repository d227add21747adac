//! A node can be reached at two addresses, and one of them is lost: does anybody declare it dead, and do all follow it?

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{Command, Config, Domain, Event, Health, Identity, Input, Instant, Node, NodeId, stable_hash};

const NODES: u8 = 5;
/// Whose address is lost.
const OWNER: u8 = 2;
const DELAY: Duration = Duration::from_millis(5);
/// By then whoever answers nothing is declared dead; see `lost_with_all_its_addresses_it_is_dead`.
const LONG: Duration = Duration::from_secs(60);
/// Three silent periods, one in which it is asked elsewhere, and what a rumour needs, twice over.
const FOLLOWED: Duration = Duration::from_secs(10);

/// Of the first network and of the second one.
fn addr(network: u8, node: u8) -> SocketAddr {
    SocketAddr::from(([10, network, 0, node], 7946))
}

fn id(node: u8) -> NodeId {
    NodeId::from_u128(node.into())
}

struct Flight {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// Nodes with two addresses each, of which the first is in the record.
struct Net {
    now: Instant,
    nodes: Vec<Node>,
    /// At which of a node's addresses each peer has spoken to it last: it speaks from there, as drivers do.
    asked: BTreeMap<(usize, SocketAddr), SocketAddr>,
    flights: BTreeMap<(Instant, u64), Flight>,
    flights_sent: u64,
    /// Packets to these reach nobody.
    lost: Vec<SocketAddr>,
    /// Of so many packets one is lost, wherever it goes; 0 for none.
    one_in: u64,
    events: Vec<(Instant, u8, Event)>,
}

impl Net {
    fn new(config: &Config, seed: u64) -> Self {
        let now = Instant::from_nanos(0);
        let born = |node| {
            let identity = Identity { id: id(node), boot: 1, addr: addr(1, node), domain: Domain::NONE };
            Node::new(config.clone(), identity, seed + u64::from(node), now, None).expect("valid")
        };
        let mut net = Self {
            now,
            nodes: (0..NODES).map(born).collect(),
            asked: BTreeMap::new(),
            flights: BTreeMap::new(),
            flights_sent: 0,
            lost: Vec::new(),
            one_in: 0,
            events: Vec::new(),
        };
        for node in 0..NODES {
            net.command(node, Command::Addresses { also: &[addr(2, node)] });
            if node > 0 {
                net.command(node, Command::Join { seeds: &[addr(1, 0)] });
            }
        }
        net.run(Duration::from_secs(10));
        for (of, node) in pairs() {
            let view = net.nodes[usize::from(of)].view();
            assert!(view.addresses(id(node)).eq([addr(2, node)]), "{of} knows the other address of {node}");
        }
        net
    }

    fn command(&mut self, node: u8, command: Command<'_>) {
        self.nodes[usize::from(node)].handle(self.now, Input::Command(command)).expect("taken");
        self.drain(usize::from(node));
    }

    fn run(&mut self, wait: Duration) {
        let end = self.now.after(wait);
        loop {
            let due = (0..).zip(&self.nodes).filter_map(|(place, node)| Some((node.poll_timeout()?.at, place))).min();
            let (at, place) = due.expect("nodes probe");
            let flight = self.flights.keys().next().map(|&(at, _)| at).filter(|&flight| flight <= at);
            let next = flight.unwrap_or(at);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            if flight.is_some() {
                self.deliver();
            } else {
                self.nodes[place].handle(self.now, Input::Timeout).expect("taken");
                self.drain(place);
            }
        }
        self.now = end;
    }

    fn deliver(&mut self) {
        let ((_, number), Flight { from, to, bytes }) = self.flights.pop_first().expect("one is under way");
        let unlucky = self.one_in > 0 && stable_hash(number, b"lost").is_multiple_of(self.one_in);
        if unlucky || self.lost.contains(&to) {
            return;
        }
        let place = (0..NODES).position(|node| [addr(1, node), addr(2, node)].contains(&to)).expect("somebody's");
        self.asked.insert((place, from), to);
        // A cookie may have grown stale.
        let _ = self.nodes[place].handle(self.now, Input::Datagram { from, bytes: &bytes });
        self.drain(place);
    }

    fn drain(&mut self, place: usize) {
        let node = &mut self.nodes[place];
        node.check();
        let number = u8::try_from(place).expect("few");
        self.events.extend(std::iter::from_fn(|| node.poll_event()).map(|event| (self.now, number, event)));
        let mut buffer = [0; 1232];
        while let Some(transmit) = node.poll_transmit(self.now, &mut buffer) {
            let from = self.asked.get(&(place, transmit.to)).copied().unwrap_or(addr(1, number));
            let bytes = buffer[..transmit.len].to_vec();
            self.flights.insert((self.now.after(DELAY), self.flights_sent), Flight { from, to: transmit.to, bytes });
            self.flights_sent += 1;
        }
    }

    /// Whoever was declared dead since, by whom.
    fn deaths(&self, since: Instant) -> Vec<(u8, NodeId)> {
        let death = |(at, node, event): &(Instant, u8, Event)| {
            let Event::Member(change) = event else { return None };
            (change.health == Health::Dead && *at >= since).then_some((*node, change.id))
        };
        self.events.iter().filter_map(death).collect()
    }

    /// When each node that shows the owner at an address began to, in order of nodes.
    fn follow(&self, to: SocketAddr) -> Vec<Instant> {
        let is_told = |event: &Event| {
            if let Event::Member(change) = event {
                change.id == id(OWNER) && change.addr == to && change.moved_from.is_some()
            } else {
                matches!(event, Event::Moved { to: moved, .. } if *moved == to)
            }
        };
        let heard =
            |of: u8| self.events.iter().find(|(_, node, event)| *node == of && is_told(event)).map(|(at, ..)| *at);
        (0..NODES).filter_map(heard).collect()
    }

    #[track_caller]
    fn all_agree_on(&self, addr: SocketAddr, what: &str) {
        let mut seen = (0..NODES).map(|of| {
            let view = self.nodes[usize::from(of)].view();
            (view.live(), view.member(id(OWNER)).map(|member| member.addr), view.fingerprint())
        });
        let first = seen.next().expect("a node");
        assert_eq!((first.0, first.1), (u32::from(NODES), Some(addr)), "{what}");
        assert!(seen.all(|other| other == first), "{what}");
    }
}

fn pairs() -> impl Iterator<Item = (u8, u8)> {
    (0..NODES).flat_map(|of| (0..NODES).map(move |node| (of, node)))
}

fn configs() -> [(&'static str, Config); 2] {
    [("probes", Config::lan()), ("ring", Config::phi_ring())]
}

#[test]
fn a_lost_address_kills_nobody_and_all_follow_to_the_other_one() {
    for (detector, config) in configs() {
        for seed in 1..=8 {
            for one_in in [0, 20] {
                let what = format!("{detector}, seed {seed}, one in {one_in} lost");
                let mut net = Net::new(&config, 100 * seed);
                let (from, cut) = (addr(1, OWNER), net.now);
                net.one_in = one_in;
                net.lost.push(from);
                net.run(LONG);
                assert_eq!(net.deaths(cut), [], "{what}");
                let followed = net.follow(addr(2, OWNER));
                assert_eq!(followed.len(), usize::from(NODES), "{what}: all were told");
                let last = followed.into_iter().max().expect("all").since(cut);
                assert!(last <= FOLLOWED, "{what}: after {last:?}");
                net.one_in = 0;
                net.run(Duration::from_secs(5));
                net.all_agree_on(addr(2, OWNER), &what);

                // The other one is lost, too, when the first is there again.
                let cut = net.now;
                net.lost = vec![addr(2, OWNER)];
                net.run(LONG);
                assert_eq!(net.deaths(cut), [], "{what}: on the way back");
                net.all_agree_on(from, &what);
            }
        }
    }
}

/// What the test above would show if nobody asked elsewhere.
#[test]
fn lost_with_all_its_addresses_it_is_dead() {
    for (detector, config) in configs() {
        let mut net = Net::new(&config, 1);
        let cut = net.now;
        net.lost = vec![addr(1, OWNER), addr(2, OWNER)];
        net.run(LONG);
        let accusers: Vec<u8> =
            net.deaths(cut).into_iter().filter(|&(_, of)| of == id(OWNER)).map(|(by, _)| by).collect();
        assert_eq!(accusers.len(), usize::from(NODES) - 1, "{detector}");
    }
}

/// Nothing is lost: nobody is asked elsewhere, and nobody moves.
#[test]
fn whoever_is_reached_stays() {
    for (detector, config) in configs() {
        let mut net = Net::new(&config, 1);
        net.run(Duration::from_secs(120));
        assert!(net.nodes.iter().all(|node| node.view().stats().suspicions == 0), "{detector}");
        assert!(!net.events.iter().any(|(.., event)| matches!(event, Event::Moved { .. })), "{detector}");
        net.all_agree_on(addr(1, OWNER), detector);
    }
}
