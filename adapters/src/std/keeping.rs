//! How does a running node keep what must survive it?
//!
//! The disk takes its time, and a node that waits for it is deaf; so a thread of its own saves, one state after the other. What
//! changes while a save runs goes into the next one. Changes are numbered: whoever made one knows that it is kept when all up to
//! its number are.
//!
//! Invariant: a change is called kept only after a save that began after it has returned.

use ::std::net::SocketAddr;
use ::std::sync::Arc;
use ::std::sync::mpsc::{self, Receiver, Sender};
use ::std::thread::{self, JoinHandle};
use ::std::time::Duration;

use mio::Waker;
use quidnunc_core::{Health, Instant, NodeId, SEEDS_MAX, View};

use crate::durable::{Durable, DurableError, Kept, KeptMap, KeptRing, KeptValue, Secret, State};
use crate::error::Error;
use crate::options::{Options, StateFile};

/// Addresses of others that have changed wait for so long, and so does a save that failed.
const LAZY: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(1);

/// How far what must survive is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The number of the last change.
    pub changed: u64,
    /// All changes up to this one are kept.
    pub kept: u64,
    /// All changes up to this one were in a save that failed; they go into the next one.
    pub failed: u64,
}

/// What the life before has kept, and where.
pub(super) fn recall(options: &Options) -> Result<(Option<Durable>, Kept), Error> {
    let Some(StateFile { path, .. }) = &options.state else { return Ok((None, Kept::default())) };
    let (durable, kept) = Durable::open(path, options.id)?;
    Ok((Some(durable), kept))
}

/// What keeps the state of the new life, which begins here.
pub(super) fn remember(
    (mut durable, kept): (Durable, &Kept),
    options: &mut Options,
    addr: SocketAddr,
    waker: &Arc<Waker>,
) -> Result<Keeper, Error> {
    options.boot = durable.begin_life()?;
    let keeps_map = options.state.take().is_some_and(|state| state.keeps_map);
    let keeper = Keeper::start(durable, (options.id, options.boot), (kept, keeps_map), Arc::clone(waker));
    keeper.map_err(|source| Error::Thread { addr, source })
}

/// One state, on its way to the disk.
struct Job {
    boot: u64,
    peers: Vec<SocketAddr>,
    ring: Arc<KeptRing>,
    map: Option<KeptMap>,
}

/// What keeps a node's state.
#[derive(Debug)]
pub(super) struct Keeper {
    id: NodeId,
    boot: u64,
    ring: Arc<KeptRing>,
    /// Addresses of others, as they were kept last.
    peers: Vec<SocketAddr>,
    /// The fingerprint of the roster that they were taken from.
    roster: Option<u64>,
    keeps_map: bool,
    /// Nobody is joined again by whoever has said goodbye.
    has_left: bool,
    jobs: Option<Sender<Job>>,
    done: Receiver<Result<(), DurableError>>,
    thread: Option<JoinHandle<()>>,
    progress: Progress,
    /// The last change that the save under way holds.
    saving: Option<u64>,
    /// When the next save begins, if something has changed.
    due: Option<Instant>,
    error: Option<DurableError>,
}

impl Keeper {
    /// Keeps the state of a life that has begun with this boot number.
    pub(super) fn start(
        mut durable: Durable,
        (id, boot): (NodeId, u64),
        (kept, keeps_map): (&Kept, bool),
        waker: Arc<Waker>,
    ) -> ::std::io::Result<Self> {
        let (jobs, jobs_in) = mpsc::channel::<Job>();
        let (done_out, done) = mpsc::channel();
        let save = move || {
            for job in jobs_in {
                let done = save(&mut durable, &job);
                // Whoever has gone wants no answer, but what it gave is kept.
                if done_out.send(done).is_ok() {
                    let _ = waker.wake();
                }
            }
        };
        let thread = thread::Builder::new().name("quidnunc state".into()).spawn(save)?;
        Ok(Self {
            id,
            boot,
            ring: Arc::new(kept.ring()),
            peers: kept.peers.clone(),
            roster: None,
            keeps_map,
            has_left: false,
            jobs: Some(jobs),
            done,
            thread: Some(thread),
            progress: Progress::default(),
            saving: None,
            due: None,
            error: None,
        })
    }

    /// Looks at the node. What of it must be kept, is.
    fn look(&mut self, view: View<'_>, now: Instant) {
        let (boot, has_left) = (view.incarnation().boot, view.has_left());
        if boot > self.boot || has_left != self.has_left {
            (self.boot, self.has_left) = (boot, has_left);
            self.change(now);
        }
        let roster = view.fingerprint();
        if self.roster.replace(roster).is_some_and(|before| before != roster) {
            let is_first = self.peers.is_empty();
            self.change(if is_first { now } else { now.after(LAZY) });
        }
    }

    /// Whether the own map is kept.
    pub(super) const fn keeps_map(&self) -> bool {
        self.keeps_map
    }

    /// The own map has changed.
    pub(super) fn note_map(&mut self, now: Instant) {
        if self.keeps_map {
            self.change(now);
        }
    }

    /// The key ring, or what is done with it, has changed.
    #[cfg(feature = "crypto")]
    pub(super) fn note_ring(&mut self, ring: KeptRing, now: Instant) {
        self.ring = Arc::new(ring);
        self.change(now);
    }

    fn change(&mut self, due: Instant) {
        self.progress.changed += 1;
        self.save_at(due);
    }

    fn save_at(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    pub(super) const fn progress(&self) -> Progress {
        self.progress
    }

    pub(super) const fn error(&self) -> Option<&DurableError> {
        self.error.as_ref()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.due.filter(|_| self.saving.is_none())
    }

    /// Takes note of what has changed and what is done, and begins what is due.
    pub(super) fn turn(&mut self, view: View<'_>, now: Instant) {
        self.look(view, now);
        while let Ok(done) = self.done.try_recv() {
            let Some(saved) = self.saving.take() else { continue };
            self.error = done.err();
            if self.error.is_none() {
                self.progress.kept = saved;
            } else {
                self.progress.failed = saved;
                self.save_at(now.after(AGAIN));
            }
        }
        if self.next_deadline().is_some_and(|due| due <= now) {
            self.begin(view);
        }
    }

    /// The node ends. What has changed is kept still.
    pub(super) fn finish(&mut self, view: View<'_>, now: Instant) {
        self.look(view, now);
        if self.due.is_some() {
            self.begin(view);
        }
    }

    fn begin(&mut self, view: View<'_>) {
        self.peers = self.peers(view);
        let job = Job { boot: self.boot, peers: self.peers.clone(), ring: Arc::clone(&self.ring), map: self.map(view) };
        self.due = None;
        if self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok()) {
            self.saving = Some(self.progress.changed);
        }
    }

    /// Those who live, and then those who did before: whoever is cut off forgets nobody.
    fn peers(&self, view: View<'_>) -> Vec<SocketAddr> {
        let mut peers = Vec::new();
        if self.has_left {
            return peers;
        }
        let live = view.members().filter(|member| member.id != self.id && member.health == Health::Alive);
        for addr in live.map(|member| member.addr).chain(self.peers.iter().copied()) {
            if peers.len() == SEEDS_MAX {
                break;
            }
            if !peers.contains(&addr) {
                peers.push(addr);
            }
        }
        peers
    }

    fn map(&self, view: View<'_>) -> Option<KeptMap> {
        let version = view.map_version(self.id).filter(|_| self.keeps_map)?;
        Some(KeptMap { version, values: view.values(self.id, b"").map(KeptValue::from).collect() })
    }
}

impl Drop for Keeper {
    /// What has begun to be saved is saved, and the file is free.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic, and who drops this could do nothing about it.
            let _ = thread.join();
        }
    }
}

fn save(durable: &mut Durable, job: &Job) -> Result<(), DurableError> {
    let keys: Vec<&[u8]> = job.ring.keys.iter().map(Secret::bytes).collect();
    let values: Vec<_> = job.map.iter().flat_map(KeptMap::views).collect();
    let map = job.map.as_ref().map(|map| map.snapshot(&values));
    let KeptRing { removed: removed_keys, mode: seal_mode, .. } = &*job.ring;
    durable.save(&State { boot: job.boot, peers: &job.peers, keys: &keys, removed_keys, seal_mode: *seal_mode, map })
}
