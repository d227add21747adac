//! Where does a recording go, and when does it begin anew?
//!
//! Steps gather in memory and go out every so often, or when there are many. Whoever takes them decides what becomes of
//! them; if it cannot take one piece, what follows cannot be played, so that the recording begins anew with a frozen node as soon as
//! there is room. It does so too when a part is long, so that what is kept can be the latest parts only.

use core::time::Duration;

use quidnunc_core::{Instant, Node};

use crate::calls::Call;
use crate::frozen::{freeze, layout};
use crate::tape::{MAGIC, Opening, begin_steps, finish, is_empty, write_opening};

/// So many bytes of steps go out at once.
const FLUSH_BYTES: usize = 1 << 16;

/// Whether a piece was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was.
    Yes,
    /// There is no room; perhaps later.
    Full,
    /// Nothing is taken any more.
    Closed,
}

/// Where a recording goes. It must not wait: a node does meanwhile.
pub trait Sink: Send {
    /// Whether a node would be taken now, which may be large: it is frozen only then.
    fn has_room(&self) -> bool;

    /// Takes bytes in that follow those before. `opens`: a file may begin with them, because they begin with all that it
    /// takes; they do so whatever was before.
    fn take(&mut self, bytes: Vec<u8>, opens: bool) -> Taken;
}

/// A function that has room always.
impl<F: FnMut(Vec<u8>, bool) -> Taken + Send> Sink for F {
    fn has_room(&self) -> bool {
        true
    }

    fn take(&mut self, bytes: Vec<u8>, opens: bool) -> Taken {
        self(bytes, opens)
    }
}

/// Who records whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Which program records, with its version.
    pub program: String,
    /// What the node is called.
    pub name: String,
}

/// A recording that is made.
pub struct Recorder {
    about: About,
    sink: Box<dyn Sink>,
    /// After so many bytes of steps a part is long enough.
    part_bytes: usize,
    /// So often at least steps go out.
    flush_every: Duration,
    /// A piece that was begun.
    piece: Vec<u8>,
    last: Instant,
    /// When something went out last, or was to; `None` when the next part is due at once.
    flushed: Option<Instant>,
    /// How many bytes of steps the present part has; `None` when one has to begin. The node before them does not count: one that
    /// is larger than a part would begin another part at every turn.
    part: Option<usize>,
    /// Whether what comes next is what happened next.
    follows: bool,
    closed: bool,
}

impl core::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Recorder").field("about", &self.about).field("part", &self.part).finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recording that begins with the next [`turn`](Self::turn), and anew after so many bytes of steps. What was recorded goes
    /// out so often: each time costs waking whoever takes it, and a process that is killed loses as much.
    #[must_use]
    pub fn new(about: About, part_bytes: usize, flush_every: Duration, sink: impl Sink + 'static) -> Self {
        Self {
            about,
            sink: Box::new(sink),
            part_bytes: part_bytes.max(1),
            flush_every,
            piece: begin_steps(),
            last: Instant::from_nanos(0),
            flushed: None,
            part: None,
            follows: false,
            closed: false,
        }
    }

    /// Whether nobody takes what is recorded any more.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Between two calls: lets out what has gathered, and begins a part when one is due. `unix_ms` is asked for what the wall's
    /// clock says, in milliseconds since 1970.
    pub fn turn(&mut self, node: &Node, now: Instant, unix_ms: impl FnOnce() -> u64) {
        if self.part.is_some() && (self.is_due(now) || self.piece.len() >= FLUSH_BYTES) {
            self.flush(now);
        }
        if self.part.is_some_and(|steps| steps >= self.part_bytes) {
            self.flush(now);
            (self.part, self.flushed) = (None, None);
        }
        // Not at every turn: to freeze a node costs as much as it is large.
        if self.part.is_none() && !self.closed && self.is_due(now) {
            self.flushed = Some(now);
            if self.sink.has_room() {
                self.open(node, now, unix_ms());
            } else {
                // No call is noted until there is.
                self.follows = false;
            }
        }
    }

    /// Whether it is time that something goes out.
    fn is_due(&self, now: Instant) -> bool {
        self.flushed.is_none_or(|flushed| now.since(flushed) >= self.flush_every)
    }

    /// Notes a call that was made. Calls before the first part are not.
    pub(crate) fn note(&mut self, now: Instant, refused: bool, call: &Call<'_>) {
        if self.part.is_none() {
            return;
        }
        let (now_ns, last_ns) = (now.as_nanos(), self.last.as_nanos());
        let after = i64::try_from(i128::from(now_ns) - i128::from(last_ns)).unwrap_or(i64::MAX);
        self.last = now;
        // As a `Step`.
        let piece = core::mem::take(&mut self.piece);
        match postcard::to_extend(&(after, refused, call), piece) {
            Ok(piece) => self.piece = piece,
            // Nothing that a driver calls is like that. What follows would not be what happened.
            Err(_) => (self.piece, self.part, self.follows) = (begin_steps(), None, false),
        }
    }

    /// When the call before was made.
    pub(crate) const fn last(&self) -> Instant {
        self.last
    }

    /// Lets out what has gathered.
    fn flush(&mut self, now: Instant) {
        self.flushed = Some(now);
        if is_empty(&self.piece) {
            return;
        }
        let piece = finish(core::mem::replace(&mut self.piece, begin_steps()));
        let len = piece.len();
        if self.offer(piece, false) {
            self.part = self.part.map(|steps| steps.saturating_add(len));
        }
    }

    fn open(&mut self, node: &Node, now: Instant, unix_ms: u64) {
        let frozen = freeze(node);
        let About { program, name } = &self.about;
        let (layout, at, follows) = (layout(), now.as_nanos(), self.follows);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(write_opening(&Opening { layout, program, name, unix_ms, at, follows, node: &frozen }));
        if self.offer(bytes, true) {
            (self.part, self.follows) = (Some(0), true);
            (self.last, self.piece) = (now, begin_steps());
        }
    }

    /// Whether it was taken. If not, the part is over.
    fn offer(&mut self, bytes: Vec<u8>, opens: bool) -> bool {
        match self.sink.take(bytes, opens) {
            Taken::Yes => return true,
            Taken::Full => {}
            Taken::Closed => self.closed = true,
        }
        (self.part, self.follows) = (None, false);
        false
    }
}

/// What was recorded last is let out.
impl Drop for Recorder {
    fn drop(&mut self) {
        if self.part.is_some() {
            self.flush(self.last);
        }
    }
}
