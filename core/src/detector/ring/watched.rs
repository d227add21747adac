//! What was sent to one member, and what came back?

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::detector::phi::{Detector, History};
use crate::vocab::{Incarnation, Instant, Nonce, Rng, Slot, mix};

/// How far the present silence has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// It is not suspicious.
    Listens,
    /// It is, and the member is asked once more.
    Asked(Question),
    /// It has answered that over a stream then; a datagram may still come.
    Streamed(Instant),
}

/// The last question to a member that is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) nonce: Nonce,
    /// How long the answer is waited for.
    pub(super) patience: Duration,
    /// When it left; `None` while it waits to be sent.
    pub(super) left: Option<Instant>,
}

/// One member that is watched.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Watched {
    /// How far behind this node it stands, and its row.
    pub(super) place: (u64, Slot),
    pub(super) life: Incarnation,
    /// What its nonces are made of, so that nobody else can make them.
    key: u64,
    /// How many contacts were sent, and which one was answered last.
    sent: u64,
    answered: u64,
    sent_at: Option<Instant>,
    /// When it is contacted next.
    pub(super) next: Instant,
    pub(super) history: History,
    /// The present silence counts from the last answer, from another sign of life, or from the last accusation.
    pub(super) since: Instant,
    /// Contacts since then.
    pub(super) unanswered: u32,
    pub(super) stage: Stage,
    /// When it is looked at.
    pub(super) look: Instant,
}

impl Watched {
    /// A member begins with the first estimate, and is contacted first at a random point of an interval.
    pub(super) fn new(
        place: (u64, Slot),
        life: Incarnation,
        detector: &Detector,
        interval: Duration,
        now: Instant,
        rng: &mut Rng,
    ) -> Self {
        let next = now.after(rng.within(interval));
        let (key, stage) = (rng.next(), Stage::Listens);
        let mut history = History::new();
        detector.on_heartbeat(&mut history, 0, now);
        let (sent, answered, sent_at, since, unanswered) = (0, 0, None, now, 0);
        let mut new =
            Self { place, life, key, sent, answered, sent_at, next, history, since, unanswered, stage, look: now };
        new.look = now.after(new.wait(detector));
        new
    }

    pub(super) const fn slot(&self) -> Slot {
        self.place.1
    }

    /// How long a silence lasts until it is suspicious.
    pub(super) fn wait(&self, detector: &Detector) -> Duration {
        detector.timeout(self.history.window(), detector.settings().threshold).unwrap_or(Duration::MAX)
    }

    /// The silence begins anew.
    pub(super) fn listen_from(&mut self, now: Instant, detector: &Detector) {
        (self.since, self.unanswered) = (now, 0);
        let due = now.after(self.wait(detector));
        // A look that is too early costs little.
        if self.stage != Stage::Listens || due < self.look {
            (self.stage, self.look) = (Stage::Listens, due);
        }
    }

    /// A contact is packed; see [`Contacts::on_packed`](super::Contacts::on_packed).
    pub(super) fn on_packed(&mut self, gap: Duration, now: Instant) -> Option<(Nonce, bool)> {
        if self.sent_at.is_some_and(|at| now.since(at) < gap) {
            return None;
        }
        let missed = self.sent > self.answered;
        (self.sent_at, self.unanswered) = (Some(now), self.unanswered.saturating_add(1));
        self.sent += 1;
        Some((self.nonce(self.sent), missed))
    }

    /// The silence is suspicious. Returns the nonce of the last question.
    pub(super) const fn ask(&mut self, patience: Duration) -> Nonce {
        self.sent += 1;
        let nonce = self.nonce(self.sent);
        self.stage = Stage::Asked(Question { nonce, patience, left: None });
        nonce
    }

    /// The last question has left, or is lost before it could.
    pub(super) fn on_question(&mut self, nonce: Nonce, has_left: bool, (now, pause): (Instant, Duration)) {
        let Stage::Asked(question) = self.stage else { return };
        if question.nonce != nonce || question.left.is_some() {
            return;
        }
        if has_left {
            self.stage = Stage::Asked(Question { left: Some(now), ..question });
            self.look = now.after(question.patience);
        } else {
            (self.stage, self.look) = (Stage::Listens, now.after(pause));
        }
    }

    /// An answer over a stream. Returns whether it was awaited.
    pub(super) fn on_stream_answer(&mut self, nonce: Nonce, detector: &Detector, now: Instant) -> bool {
        let Stage::Asked(question) = self.stage else { return false };
        if question.nonce != nonce {
            return false;
        }
        if question.left.is_some() {
            self.stage = Stage::Streamed(now);
        } else {
            // No datagram can answer what has not left.
            self.listen_from(now, detector);
        }
        true
    }

    /// An answer, to one of so many latest contacts. Returns whether it was awaited; each is once.
    pub(super) fn on_answer(&mut self, (nonce, late): (Nonce, u64), detector: &Detector, now: Instant) -> bool {
        let Some(number) = self.number_of(nonce, late) else { return false };
        if self.answered == 0 {
            // The time since it is watched is none between two answers.
            self.history = History::new();
        }
        detector.on_heartbeat(&mut self.history, number, now);
        self.answered = number;
        self.listen_from(now, detector);
        true
    }

    /// Which contact a nonce belongs to, of so many latest that were sent since the last one that was answered.
    pub(super) fn number_of(&self, nonce: Nonce, late: u64) -> Option<u64> {
        let first = self.sent.saturating_sub(late).max(self.answered) + 1;
        (first..=self.sent).rev().find(|&number| self.nonce(number) == nonce)
    }

    const fn nonce(&self, number: u64) -> Nonce {
        Nonce(mix([self.key, number, self.place.0, 12]).to_le_bytes())
    }
}
