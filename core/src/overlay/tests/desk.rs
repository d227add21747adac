//! One node under test, and what it is made to believe.

use std::vec::Vec;

use core::net::SocketAddr;
use core::time::Duration;

use crate::overlay::{
    Accepted, Act, Candidate, Direction, Gain, Limits, Outlook, Overlay, Peer, Request, Scene, Sentinel, Speaker,
};
use crate::vocab::{Instant, Link, NodeId, Nonce, Rng};

/// The node under test; others have higher and lower identities.
pub(super) const ME: u32 = 50;

pub(super) const RTT: u64 = 40;

/// What the other rooms of the node are said to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) nodes: u32,
    pub(super) sentinel: Option<Sentinel>,
    pub(super) unchanged_since: Instant,
    pub(super) fresh: Vec<Candidate>,
    pub(super) known: Vec<NodeId>,
    pub(super) lost: Vec<Peer>,
    pub(super) strangers: Vec<Peer>,
    pub(super) far: Vec<Peer>,
    pub(super) fed: Vec<(Link, u32)>,
}

impl Outlook for Told {
    fn nodes(&self) -> u32 {
        self.nodes
    }

    fn rtt(&self) -> Duration {
        Duration::from_millis(RTT)
    }

    fn sentinel(&self) -> Option<Sentinel> {
        self.sentinel
    }

    fn unchanged_since(&self) -> Instant {
        self.unchanged_since
    }

    fn fresh(&self, rng: &mut Rng) -> Option<Candidate> {
        self.fresh.get(below(self.fresh.len(), rng)).copied()
    }

    fn lost(&self, rng: &mut Rng) -> Option<Peer> {
        self.lost.get(below(self.lost.len(), rng)).copied()
    }

    fn stranger(&self, rng: &mut Rng) -> Option<Peer> {
        self.strangers.get(below(self.strangers.len(), rng)).copied()
    }

    fn is_fresh(&self, id: NodeId) -> bool {
        self.fresh.iter().any(|candidate| candidate.peer.id == id)
    }

    fn is_known(&self, id: NodeId) -> bool {
        self.known.contains(&id)
    }

    fn far_origins(&self) -> u32 {
        u32::try_from(self.far.len()).expect("few are far")
    }

    fn far(&self, rng: &mut Rng) -> Option<Peer> {
        self.far.get(below(self.far.len(), rng)).copied()
    }

    fn fed_by(&self, link: Link) -> u32 {
        self.fed.iter().find(|(fed, _)| *fed == link).map_or(0, |(_, origins)| *origins)
    }
}

fn below(len: usize, rng: &mut Rng) -> usize {
    rng.below(u32::try_from(len).expect("short lists")) as usize
}

pub(super) fn peer(number: u32) -> Peer {
    Peer { id: NodeId::from_u128(number.into()), addr: addr(number) }
}

pub(super) fn addr(number: u32) -> SocketAddr {
    let [_, a, b, c] = number.to_be_bytes();
    SocketAddr::from(([10, a, b, c], 1))
}

pub(super) fn link_at(place: u8) -> Link {
    Link::new(place.into()).expect("few links")
}

pub(super) const fn nonce(number: u8) -> Nonce {
    Nonce([number; 8])
}

pub(super) fn speaker(number: u32, links: u8) -> Speaker {
    Speaker { peer: peer(number), boot: 1, links }
}

pub(super) fn candidate(number: u32, incoming: u8) -> Candidate {
    Candidate { peer: peer(number), incoming }
}

/// The request of somebody, with its number as its nonce.
pub(super) fn request(number: u32) -> Request {
    Request { from: speaker(number, 0), nonce: nonce_of(number), urgent: false }
}

/// The nonce of a node that has only one.
pub(super) fn nonce_of(number: u32) -> Nonce {
    nonce(u8::try_from(number).expect("few nodes"))
}

/// A node, its time and its chance.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) overlay: Overlay,
    pub(super) told: Told,
    rng: Rng,
    pub(super) now: Instant,
}

impl Desk {
    /// A node that was given these addresses, a moment before its first deadline.
    pub(super) fn new(bootstraps: &[u32]) -> Self {
        Self::with_limits(bootstraps, Limits::new(Duration::from_secs(1)))
    }

    pub(super) fn with_limits(bootstraps: &[u32], limits: Limits) -> Self {
        let (now, me) = (Instant::from_nanos(0), peer(ME));
        let mut rng = Rng::new(1, me.id, 1);
        let bootstraps: Vec<SocketAddr> = bootstraps.iter().map(|&number| addr(number)).collect();
        let overlay = Overlay::new(me, limits, &bootstraps, now, &mut rng);
        Self { overlay, told: Told { nodes: 1, ..Told::default() }, rng, now }
    }

    /// A node that sees the sentinel always and has these incoming links, each opened by its first frame.
    pub(super) fn serving(peers: &[u32]) -> (Self, Vec<Link>) {
        let mut desk = Self::new(&[]);
        desk.see_sentinel(None);
        let links = peers.iter().map(|&number| desk.serve(number)).collect();
        (desk, links)
    }

    /// Makes the node believe that it has just seen the sentinel.
    pub(super) fn see_sentinel(&mut self, via: Option<Link>) {
        self.told.sentinel = Some(Sentinel { since: self.now, via });
    }

    /// Calls the node and takes what it wants done.
    pub(super) fn call(&mut self, call: impl FnOnce(&mut Overlay, &mut Scene<'_>)) -> Vec<Act> {
        let Self { overlay, told, rng, now } = self;
        call(overlay, &mut Scene { now: *now, rng, outlook: &*told });
        overlay.check();
        core::iter::from_fn(|| overlay.poll_act()).collect()
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, millis: u64) -> Vec<Act> {
        let end = self.now.after(Duration::from_millis(millis));
        let mut acts = Vec::new();
        while self.overlay.next_deadline() <= end {
            self.now = self.overlay.next_deadline().max(self.now);
            acts.extend(self.call(|overlay, scene| overlay.on_deadline(scene)));
            assert!(self.overlay.next_deadline() > self.now, "what was due was done");
        }
        self.now = end;
        acts
    }

    /// The same while the sentinel keeps coming.
    pub(super) fn pass_connected(&mut self, millis: u64) -> Vec<Act> {
        let mut acts = Vec::new();
        for _ in 0..millis / 100 {
            let via = self.told.sentinel.and_then(|sentinel| sentinel.via);
            self.see_sentinel(via);
            acts.extend(self.pass(100));
        }
        acts
    }

    pub(super) fn request(&mut self, request: Request) -> Vec<Act> {
        self.call(|overlay, scene| overlay.on_request(&request, scene))
    }

    /// Somebody accepts a request, with a nonce that is its number.
    pub(super) fn accept(&mut self, from: u32, asked: Nonce, gain: Gain) -> Vec<Act> {
        let accepted = Accepted { from: speaker(from, 3), nonce: asked, theirs: nonce_of(from), gain };
        self.call(|overlay, scene| overlay.on_accept(&accepted, scene))
    }

    pub(super) fn refuse(&mut self, from: u32, asked: Nonce, alternates: &[u32]) -> Vec<Act> {
        let alternates: Vec<Peer> = alternates.iter().map(|&number| peer(number)).collect();
        self.call(|overlay, scene| overlay.on_refused(peer(from), asked, &alternates, scene))
    }

    /// Makes the node ask somebody, and somebody accept.
    pub(super) fn link_to(&mut self, number: u32) -> Link {
        self.told.fresh = Vec::from([candidate(number, 0)]);
        for _ in 0..40 {
            let via = self.told.sentinel.and_then(|sentinel| sentinel.via);
            self.see_sentinel(via);
            let asked = requests(&self.pass(100));
            if let Some(&(_, asked)) = asked.iter().find(|(to, _)| *to == addr(number)) {
                self.told.fresh.clear();
                self.accept(number, asked, Gain::default());
                return self.overlay.link_to(peer(number).id).expect("it was accepted");
            }
        }
        panic!("nobody was asked");
    }

    /// Somebody asks the node for a link, gets it, and confirms.
    pub(super) fn serve(&mut self, number: u32) -> Link {
        let acts = self.request(request(number));
        let Some(&Act::Accept { link }) = acts.first() else { panic!("accepted, not {acts:?}") };
        let acts = self.frame(number, link);
        assert_eq!(
            acts.first(),
            Some(&Act::Up { link, peer: peer(number), direction: Direction::Incoming, round: Duration::ZERO })
        );
        link
    }

    /// A frame comes from somebody over a link.
    pub(super) fn frame(&mut self, number: u32, link: Link) -> Vec<Act> {
        let own = self.overlay.way(link).expect("there is the link").own;
        self.call(|overlay, scene| {
            assert_eq!(overlay.on_frame(peer(number), own, scene), Some(link));
        })
    }

    /// Something comes over every link.
    pub(super) fn frames(&mut self) {
        let all: Vec<(Link, Peer)> = self.overlay.outgoing().chain(self.overlay.incoming()).collect();
        for (link, peer) in all {
            let own = self.overlay.way(link).expect("there is the link").own;
            self.call(|overlay, scene| {
                overlay.on_frame(peer, own, scene);
            });
        }
    }

    pub(super) fn refused_names(&mut self, to: u32) -> Vec<Peer> {
        let Self { overlay, told, rng, now } = self;
        overlay.alternates(peer(to).id, &mut Scene { now: *now, rng, outlook: &*told })
    }
}

/// The requests among what is to be done.
pub(super) fn requests(acts: &[Act]) -> Vec<(SocketAddr, Nonce)> {
    let request = |act: &Act| if let &Act::Request { to, nonce } = act { Some((to, nonce)) } else { None };
    acts.iter().filter_map(request).collect()
}

/// Without those.
pub(super) fn without_marks(acts: Vec<Act>) -> Vec<Act> {
    acts.into_iter().filter(|act| *act != Act::Mark).collect()
}

/// The same acts, as if every link had opened at once.
pub(super) fn without_rounds(acts: &[Act]) -> Vec<Act> {
    let at_once = |&act: &Act| {
        let Act::Up { link, peer, direction, .. } = act else { return act };
        Act::Up { link, peer, direction, round: Duration::ZERO }
    };
    acts.iter().map(at_once).collect()
}
