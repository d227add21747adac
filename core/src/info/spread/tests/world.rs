//! Nodes with fixed links, a network with delay and loss, and infos that are only life and stamp.

use std::collections::BTreeMap;
use std::vec::Vec;

use super::super::*;
use crate::vocab::Rng;

pub(super) const INTERVAL: Duration = Duration::from_millis(1000);

/// Infos without content. With `keeps` a life's infos stay, otherwise each takes the place of the one before.
#[derive(Default)]
pub(super) struct Store {
    pub(super) lives: Vec<Life>,
    names: BTreeMap<u64, OriginIx>,
    log: BTreeMap<u64, Entry>,
    of: BTreeMap<(OriginIx, u64), u64>,
    end: u64,
    keeps: bool,
}

#[derive(Default, Clone, Copy)]
pub(super) struct Life {
    name: u64,
    stamp: u64,
    hops: u8,
}

impl Store {
    fn place(&mut self, name: u64) -> (OriginIx, bool) {
        match self.find(name) {
            Some(ix) => (ix, false),
            None => {
                let ix = OriginIx(self.count());
                self.lives.push(Life { name, ..Life::default() });
                self.names.insert(name, ix);
                (ix, true)
            }
        }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.lives.len()).expect("few lives")
    }

    fn from(&self, entry: Entry) -> u64 {
        self.of
            .range(..(entry.ix, entry.stamp))
            .next_back()
            .filter(|((ix, _), _)| *ix == entry.ix)
            .map_or(0, |((_, stamp), _)| *stamp)
    }

    fn put(&mut self, ix: OriginIx, stamp: u64, hops: u8) {
        if !self.keeps {
            while let Some(old) = self.above(ix, 0) {
                self.log.remove(&old.seq);
                self.of.remove(&(ix, old.stamp));
            }
        }
        self.end += 1;
        self.log.insert(self.end, Entry { seq: self.end, ix, stamp });
        self.of.insert((ix, stamp), self.end);
        let life = &mut self.lives[ix.index()];
        (life.stamp, life.hops) = (stamp, hops);
    }
}

impl Log for Store {
    fn end(&self) -> u64 {
        self.end
    }
    fn after(&self, seq: u64) -> Option<Entry> {
        self.log.range(seq + 1..).next().map(|(_, entry)| *entry)
    }
    fn above(&self, ix: OriginIx, stamp: u64) -> Option<Entry> {
        let ((of, stamp), &seq) = self.of.range((ix, stamp + 1)..).next()?;
        (*of == ix).then_some(Entry { seq, ix, stamp: *stamp })
    }
    fn life(&self, ix: OriginIx) -> u64 {
        self.lives[ix.index()].name
    }
    fn find(&self, life: u64) -> Option<OriginIx> {
        self.names.get(&life).copied()
    }
    fn stamp(&self, ix: OriginIx) -> u64 {
        self.lives[ix.index()].stamp
    }
    fn newest(&self, ix: OriginIx) -> u64 {
        self.lives[ix.index()].stamp
    }
    fn hops(&self, ix: OriginIx) -> u8 {
        self.lives[ix.index()].hops
    }
    fn lives(&self) -> impl Iterator<Item = OriginIx> {
        (0..self.count()).map(OriginIx)
    }
}

#[derive(Clone)]
enum Piece {
    News { life: u64, stamp: u64, from: u64, hops: u8 },
    Word(Word),
    Graft(Ask<u64>),
    Prune(u64),
}

/// A frame of at most so many pieces.
struct Pieces<'a>(&'a Store, Vec<Piece>);

impl Pieces<'_> {
    fn push(&mut self, piece: Piece) -> bool {
        let fits = self.1.len() < 12;
        if fits {
            self.1.push(piece);
        }
        fits
    }
}

impl Frame for Pieces<'_> {
    fn news(&mut self, entry: Entry) -> bool {
        let Life { name, hops, .. } = self.0.lives[entry.ix.index()];
        let from = self.0.from(entry);
        self.push(Piece::News { life: name, stamp: entry.stamp, from, hops })
    }
    fn word(&mut self, word: Word) -> bool {
        self.push(Piece::Word(word))
    }
    fn graft(&mut self, ask: Ask<u64>) -> bool {
        self.push(Piece::Graft(ask))
    }
    fn prune(&mut self, life: u64) -> bool {
        self.push(Piece::Prune(life))
    }
}

pub(super) struct Peer {
    pub(super) store: Store,
    spread: Spread,
    /// Who is at the other end of each link, and which link it is there.
    pub(super) links: Vec<Option<(usize, Link)>>,
    pub(super) received: u64,
    tick: Instant,
}

enum Happens {
    Frame { to: usize, link: Link, head: Head, pieces: Vec<Piece> },
    Wake(usize),
}

pub(super) struct World {
    pub(super) peers: Vec<Peer>,
    queue: BTreeMap<(Instant, u64), Happens>,
    count: u64,
    now: Instant,
    pub(super) rng: Rng,
    delay: Duration,
    loss: f64,
}

fn link(place: usize) -> Link {
    Link::new(place).expect("few links")
}

impl World {
    pub(super) fn new(count: usize, keeps: bool, delay: Duration, loss: f64, seed: u64) -> Self {
        let peers = (0..count).map(|place| Peer {
            store: Store { keeps, ..Store::default() },
            spread: Spread::new(Pace { interval: INTERVAL }, 0),
            links: std::vec![None; LINKS_MAX],
            received: 0,
            tick: Instant::from_nanos(place as u64 * 7_919_000 % 1_000_000_000),
        });
        let rng = Rng::new(seed, crate::vocab::NodeId::from_name("world"), 1);
        let (peers, now) = (peers.collect(), Instant::from_nanos(0));
        let mut world = Self { peers, queue: BTreeMap::new(), count: 0, now, rng, delay, loss };
        for peer in 0..count {
            world.plan(world.peers[peer].tick, Happens::Wake(peer));
        }
        world
    }

    fn plan(&mut self, at: Instant, what: Happens) {
        self.count += 1;
        self.queue.insert((at, self.count), what);
    }

    /// A ring with chords: connected, few hops.
    pub(super) fn connect(&mut self, chords: usize, lazy: bool) {
        let count = self.peers.len();
        for peer in 0..count {
            self.open(peer, (peer + 1) % count, lazy);
            for _ in 0..chords {
                let other = self.rng.below(u32::try_from(count).expect("few nodes")) as usize;
                self.open(peer, other, lazy);
            }
        }
    }

    pub(super) fn open(&mut self, a: usize, b: usize, lazy: bool) {
        let linked = self.peers[a].links.iter().flatten().any(|&(other, _)| other == b);
        let free = |peer: &Peer| peer.links.iter().position(Option::is_none);
        let (Some(at), Some(bt)) = (free(&self.peers[a]), free(&self.peers[b])) else { return };
        if a == b || linked {
            return;
        }
        for (peer, place, other) in [(a, at, (b, link(bt))), (b, bt, (a, link(at)))] {
            let Peer { store, spread, links, .. } = &mut self.peers[peer];
            links[place] = Some(other);
            spread.link_up(link(place), lazy, self.delay * 2, store);
            self.plan(self.now, Happens::Wake(peer));
        }
    }

    pub(super) fn close(&mut self, a: usize, place: usize) {
        let Some((b, back)) = self.peers[a].links[place].take() else { return };
        self.peers[b].links[back.index()] = None;
        self.peers[a].spread.link_down(link(place));
        self.peers[b].spread.link_down(back);
    }

    pub(super) fn issue(&mut self, peer: usize) {
        let Peer { store, spread, .. } = &mut self.peers[peer];
        let (ix, is_new) = store.place(1000 + peer as u64);
        if is_new {
            spread.on_life(ix);
        }
        let stamp = store.stamp(ix) + 1;
        store.put(ix, stamp, 0);
        spread.on_own(ix);
        self.plan(self.now, Happens::Wake(peer));
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now.after(time);
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) {
            let ((at, _), what) = entry.remove_entry();
            self.now = at;
            match what {
                Happens::Wake(peer) => self.wake(peer),
                Happens::Frame { to, link, head, pieces } => self.hear(to, link, head, &pieces),
            }
        }
        self.now = end;
    }

    fn wake(&mut self, at: usize) {
        let now = self.now;
        let peer = &mut self.peers[at];
        if peer.tick <= now {
            peer.tick = now.after(INTERVAL);
            peer.spread.on_tick();
        }
        peer.spread.on_lacking(now, &peer.store);
        while let Some(link) = self.peers[at].spread.take_due(now) {
            let Peer { store, spread, links, .. } = &mut self.peers[at];
            let mut frame = Pieces(store, Vec::new());
            let Some(head) = spread.compose(link, now, store, &mut frame) else { continue };
            let (to, back) = links[link.index()].expect("it is up");
            let pieces = frame.1;
            let lost = f64::from(self.rng.below(10_000)) < self.loss * 10_000.0;
            if !lost {
                self.plan(now.after(self.delay), Happens::Frame { to, link: back, head, pieces });
            }
        }
        let peer = &mut self.peers[at];
        peer.spread.check();
        let next = peer.spread.next_deadline().min(peer.tick);
        assert!(next > now, "no deadline lies in the past");
        self.plan(next, Happens::Wake(at));
    }

    fn hear(&mut self, at: usize, link: Link, head: Head, pieces: &[Piece]) {
        let now = self.now;
        let Peer { store, spread, received, .. } = &mut self.peers[at];
        if !spread.on_frame(link, head, now) {
            *received += pieces.iter().filter(|piece| matches!(piece, Piece::News { .. })).count() as u64;
            return self.wake(at);
        }
        for piece in pieces {
            match *piece {
                Piece::News { life, stamp, from, hops } => {
                    *received += 1;
                    let known = store.find(life);
                    if from > known.map_or(0, |ix| store.stamp(ix)) {
                        spread.on_gap(link, (life, stamp), now, store);
                        continue;
                    }
                    let (ix, is_new) = store.place(life);
                    if is_new {
                        spread.on_life(ix);
                    }
                    let have = store.stamp(ix);
                    let heard = match stamp.cmp(&have) {
                        core::cmp::Ordering::Equal => Heard::Again,
                        core::cmp::Ordering::Less => Heard::Old,
                        core::cmp::Ordering::Greater => Heard::New,
                    };
                    if heard == Heard::New {
                        store.put(ix, stamp, hops + 1);
                    }
                    spread.on_news(link, ix, hops + 1, heard, store);
                }
                Piece::Word(word) => {
                    let word = Word { hops: word.hops + 1, ..word };
                    spread.on_word((link, head.greets), word, now, store);
                }
                Piece::Graft(ask) => spread.on_graft(link, ask, store),
                Piece::Prune(life) => spread.on_prune(link, life, store),
            }
        }
        spread.on_heard(link, store);
        self.wake(at);
    }

    /// How many (node, life) pairs lack something.
    pub(super) fn lacking(&self) -> usize {
        let newest: Vec<_> = self
            .peers
            .iter()
            .enumerate()
            .map(|(place, peer)| {
                let name = 1000 + place as u64;
                (name, peer.store.find(name).map_or(0, |ix| peer.store.stamp(ix)))
            })
            .collect();
        self.peers
            .iter()
            .map(|peer| {
                newest
                    .iter()
                    .filter(|&&(name, stamp)| peer.store.find(name).map_or(0, |ix| peer.store.stamp(ix)) < stamp)
                    .count()
            })
            .sum()
    }

    /// Over how many links each node is from one of them.
    pub(super) fn distances(&self, from: usize) -> Vec<u8> {
        let mut distances = std::vec![u8::MAX; self.peers.len()];
        let mut rest = std::collections::VecDeque::from([from]);
        distances[from] = 0;
        while let Some(at) = rest.pop_front() {
            for &(other, _) in self.peers[at].links.iter().flatten() {
                if distances[other] == u8::MAX {
                    distances[other] = distances[at] + 1;
                    rest.push_back(other);
                }
            }
        }
        distances
    }

    pub(super) fn received(&self) -> u64 {
        self.peers.iter().map(|peer| peer.received).sum()
    }
}
