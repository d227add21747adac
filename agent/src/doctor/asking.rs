//! What does one member see of this node, and what of it comes back?

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quidnunc::std::RefusedSource;
use quidnunc::{NOTE_BYTES_MAX, NodeId, Rejected, RequestError};
use tokio::time::{Instant, timeout_at};

use super::letters::{Asks, By, Dial, Report, Says, Words};
use super::{Answers, Letter, dial};
use crate::api::Agent;
use crate::hub::wall_ms;

/// A note is repeated so often, and each time waited for so long: one that is lost by chance is no finding.
const NOTE_TRIES: usize = 4;
const NOTE_WAIT: Duration = Duration::from_millis(700);

/// A letter is waited for so long: as long as a connection, and then some.
const LETTER_MAX: Duration = Duration::from_secs(5);

/// A report is waited for so long by one way, and then asked for by the other one: whoever makes it may have waited for a connection.
const REPORT_WAIT: Duration = Duration::from_secs(5);

/// Nothing takes longer than to ask for a report both ways.
const EXAM_MAX: Duration = LETTER_MAX.saturating_add(REPORT_WAIT);

/// What came of notes to a member and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Notes {
    /// The member has heard one, as it says itself.
    pub(super) there: bool,
    /// One of the member's has come.
    pub(super) back: bool,
}

/// Which words of a member have come: it sends them where its record of this node points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Came {
    pub(super) by_letter: bool,
    pub(super) by_note: bool,
    /// It has said that it has no time.
    pub(super) busy: bool,
}

impl Came {
    fn note(&mut self, by: By, says: &Says) {
        match by {
            By::Letter => self.by_letter = true,
            By::Note => self.by_note = true,
        }
        self.busy |= *says == Says::Busy;
    }

    const fn and(self, other: Self) -> Self {
        Self {
            by_letter: self.by_letter || other.by_letter,
            by_note: self.by_note || other.by_note,
            busy: self.busy || other.busy,
        }
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) report: Report,
    /// How much later it is there than here, in milliseconds; less than its way has taken is nothing.
    pub(super) skew_ms: i64,
    /// Whether its datagrams that nobody has asked for were seen; `None` if it could send none.
    pub(super) knocked: Option<bool>,
}

/// What was found out with one member's help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exam {
    /// What it is called.
    pub(super) name: String,
    pub(super) addr: SocketAddr,
    /// What came of a connection to it.
    pub(super) dial: Dial,
    pub(super) letter: Letter,
    pub(super) came: Came,
    pub(super) short: Notes,
    /// The same with notes that are as long as any datagram; `None` where short ones do not come both ways.
    pub(super) long: Option<Notes>,
    pub(super) told: Option<Told>,
}

/// Examines the way to a member and back.
pub(super) async fn examine(agent: &Arc<Agent>, (id, name, addr): (NodeId, String, SocketAddr)) -> Exam {
    let (mut reporting, mut noting) = (Came::default(), Came::default());
    let ((letter, report), (short, long), dial) =
        tokio::join!(ask_for_report(agent, id, &mut reporting), exchange_notes(agent, id, &mut noting), dial(addr));
    let told = match report {
        Some((report, skew_ms)) => Some(Told { knocked: knocked(agent, addr, &report).await, report, skew_ms }),
        None => None,
    };
    Exam { name, addr, dial, letter, came: reporting.and(noting), short, long, told }
}

/// Whether a letter arrives, and what the member reports then, whichever way; with how much later it is there.
async fn ask_for_report(agent: &Arc<Agent>, id: NodeId, came: &mut Came) -> (Letter, Option<(Report, i64)>) {
    let (question, mut answers) = agent.doctor.ask(id);
    let words = Words::question(question.number, Asks::Report);
    let (began, over) = (wall_ms(), Instant::now() + EXAM_MAX);
    let letter = agent.say_by_letter(id, words.clone(), LETTER_MAX).await;
    let mut told = None;
    if letter == Letter::Taken {
        told = report(&mut answers, (began, over), came).await;
    }
    if told.is_none() && !came.busy && agent.say_by_note(id, &words, None).await.is_ok() {
        told = report(&mut answers, (began, over), came).await;
    }
    (letter, told)
}

/// The member's report, of a question that began then and ends at last then: the long one that comes by letter, or else the short one.
async fn report(answers: &mut Answers, (began, over): (u64, Instant), came: &mut Came) -> Option<(Report, i64)> {
    let until = over.min(Instant::now() + REPORT_WAIT);
    let mut told = None;
    while let Ok(Some((by, says))) = timeout_at(until, answers.recv()).await {
        came.note(by, &says);
        match says {
            Says::Report(report) => {
                let skew_ms = skew(report.unix_ms, began, wall_ms());
                told = Some((report, skew_ms));
            }
            Says::Busy => break,
            Says::Heard => continue,
        }
        if by == By::Letter {
            break;
        }
    }
    told
}

/// Whether a member's knocks were seen: a datagram that was refused, from its address and another port than its own.
async fn knocked(agent: &Agent, addr: SocketAddr, report: &Report) -> Option<bool> {
    let knock = SocketAddr::new(addr.ip(), report.knocked_from?);
    let is_one = move |refused: &RefusedSource| refused.from == knock;
    agent.node.read(move |driver| driver.refused_sources().iter().any(is_one)).await.ok()
}

/// How much later it is there than here, if there it was `theirs` at an instant between two of here.
fn skew(theirs: u64, began: u64, ended: u64) -> i64 {
    let between = |from: u64, to: u64| i64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0);
    if theirs > ended {
        between(ended, theirs)
    } else if theirs < began {
        between(began, theirs)
    } else {
        0
    }
}

/// What comes of notes, short ones and then long ones.
async fn exchange_notes(agent: &Arc<Agent>, id: NodeId, came: &mut Came) -> (Notes, Option<Notes>) {
    let short = exchange(agent, id, (Asks::Short, false), came).await;
    if short != (Notes { there: true, back: true }) {
        return (short, None);
    }
    let Notes { there, .. } = exchange(agent, id, (Asks::Short, true), came).await;
    // No answer is longer than its question.
    let back = there && exchange(agent, id, (Asks::Long, true), came).await.back;
    (short, Some(Notes { there, back }))
}

/// Sends a note until one is answered by a note, and notes what was heard of where.
async fn exchange(agent: &Arc<Agent>, id: NodeId, (asks, full): (Asks, bool), came: &mut Came) -> Notes {
    let (question, mut answers) = agent.doctor.ask(id);
    let words = Words::question(question.number, asks);
    let mut notes = Notes::default();
    for _ in 0..NOTE_TRIES {
        match agent.say_by_note(id, &words, full.then_some(NOTE_BYTES_MAX)).await {
            // What finds no room is tried again.
            Ok(()) | Err(RequestError::Refused(Rejected::TooManyNotes)) => {}
            Err(_) => return notes,
        }
        let until = Instant::now() + NOTE_WAIT;
        while let Ok(Some((by, says))) = timeout_at(until, answers.recv()).await {
            came.note(by, &says);
            notes.there |= says == Says::Heard;
            notes.back |= says == Says::Heard && by == By::Note;
            if notes.back || came.busy {
                return notes;
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use quidnunc::Config;

    use super::*;
    use crate::within::Within;

    #[test]
    fn a_clock_is_wrong_by_what_its_way_does_not_explain() {
        assert_eq!(skew(1500, 1000, 2000), 0);
        assert_eq!(skew(900, 1000, 2000), -100);
        assert_eq!(skew(2100, 1000, 2000), 100);
        assert_eq!(skew(u64::MAX, 0, 0), 0, "no clock is so wrong");
    }

    #[tokio::test]
    async fn what_is_refused_is_not_waited_for() {
        let within = Within::start("n1", Config::local()).await;
        let stranger = NodeId::from_u128(7);
        tokio::time::pause();
        let began = Instant::now();
        let (letter, told) = ask_for_report(&within.agent, stranger, &mut Came::default()).await;
        assert!(matches!(letter, Letter::Unsent(_)) && told.is_none());
        let notes = exchange_notes(&within.agent, stranger, &mut Came::default()).await;
        assert_eq!(notes, (Notes::default(), None));
        assert!(began.elapsed() < NOTE_WAIT, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_exam_has_an_end() {
        let (_sender, mut answers) = tokio::sync::mpsc::channel(1);
        let (began, mut came) = (Instant::now(), Came::default());
        for seconds in [5, 8] {
            assert!(report(&mut answers, (0, began + Duration::from_secs(8)), &mut came).await.is_none());
            assert_eq!(began.elapsed().as_secs(), seconds);
        }
    }
}
