//! What does one member see of this node, and what of it comes back?

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quidnunc::NodeId;
use tokio::time::{Instant, timeout_at};

use super::letters::{By, Dial, Report, Words};
use super::{Answers, dial};
use crate::api::Agent;
use crate::hub::wall_ms;

/// A note is repeated so often, and each time waited for so long: one that is lost by chance is no finding.
const NOTE_TRIES: usize = 4;
const NOTE_WAIT: Duration = Duration::from_millis(500);

/// A letter is waited for so long.
const LETTER_MAX: Duration = Duration::from_secs(3);

/// A report is waited for so long by one way, and then asked for by the other one.
const REPORT_WAIT: Duration = Duration::from_secs(3);

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
}

impl Came {
    const fn note(&mut self, by: By) {
        match by {
            By::Letter => self.by_letter = true,
            By::Note => self.by_note = true,
        }
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) report: Report,
    /// How much later it is there than here, in milliseconds; less than its way has taken is nothing.
    pub(super) skew_ms: i64,
}

/// What was found out with one member's help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exam {
    /// What it is called.
    pub(super) name: String,
    pub(super) addr: SocketAddr,
    /// What came of a connection to it.
    pub(super) dial: Dial,
    /// Whether it has confirmed a letter, or why it has not.
    pub(super) letter: Result<(), String>,
    /// What of its own has come: a letter, a note.
    pub(super) came: Came,
    pub(super) short: Notes,
    /// The same with notes that are as long as can be; `None` where short ones do not come both ways.
    pub(super) long: Option<Notes>,
    /// How many datagrams came from it meanwhile, of whatever kind: some answer to where they see this node's come from.
    pub(super) heard: u64,
    pub(super) told: Option<Told>,
}

/// Examines the way to a member and back.
pub(super) async fn examine(agent: &Arc<Agent>, (id, name, addr): (NodeId, String, SocketAddr)) -> Exam {
    let watched = LETTER_MAX + REPORT_WAIT * 2 + NOTE_WAIT * 12;
    // Without room for it, its notes alone tell whether it is heard.
    let _ = agent.node.act(move |driver| Ok(driver.watch_source(addr, watched))).await;
    let (mut reporting, mut noting) = (Came::default(), Came::default());
    let ((letter, told), (short, long), dial) =
        tokio::join!(ask_for_report(agent, id, &mut reporting), exchange_notes(agent, id, &mut noting), dial(addr));
    let came =
        Came { by_letter: reporting.by_letter || noting.by_letter, by_note: reporting.by_note || noting.by_note };
    let heard = agent.node.read(move |driver| driver.heard_from(addr)).await.ok().flatten().unwrap_or(0);
    Exam { name, addr, dial, letter, came, short, long, heard, told }
}

/// Whether a letter arrives, and what the member reports then, whichever way.
async fn ask_for_report(agent: &Arc<Agent>, id: NodeId, came: &mut Came) -> (Result<(), String>, Option<Told>) {
    let (question, mut answers) = agent.doctor.ask(id);
    let words = Words::Examine { number: question.number };
    let mut began = wall_ms();
    let letter = agent.say_by_letter(id, words.clone(), LETTER_MAX).await;
    let mut told = if letter.is_ok() { report(&mut answers, began, came).await } else { None };
    if told.is_none() {
        began = wall_ms();
        let _ = agent.say_by_note(id, &words, false).await;
        told = report(&mut answers, began, came).await;
    }
    (letter, told)
}

/// The member's report: the long one that comes by letter, or else the short one.
async fn report(answers: &mut Answers, began: u64, came: &mut Came) -> Option<Told> {
    let until = Instant::now() + REPORT_WAIT;
    let mut told = None;
    while let Ok(Some((by, words))) = timeout_at(until, answers.recv()).await {
        let Words::Report { report, .. } = words else { continue };
        came.note(by);
        let skew_ms = skew(report.unix_ms, began, wall_ms());
        told = Some(Told { report: report.bounded(), skew_ms });
        if by == By::Letter {
            break;
        }
    }
    told
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
    let short = exchange(agent, id, (false, false), came).await;
    if short != (Notes { there: true, back: true }) {
        return (short, None);
    }
    // A long one there is answered by a short one, and a short one by a long one.
    let there = exchange(agent, id, (true, false), came).await.there;
    let back = exchange(agent, id, (false, true), came).await.back;
    (short, Some(Notes { there, back }))
}

/// Sends a note until one is answered by a note, and notes what was heard of where.
async fn exchange(agent: &Arc<Agent>, id: NodeId, (there, back): (bool, bool), came: &mut Came) -> Notes {
    let (question, mut answers) = agent.doctor.ask(id);
    let words = Words::Ask { number: question.number, full: back, pad: String::new() };
    let mut notes = Notes::default();
    for _ in 0..NOTE_TRIES {
        // What finds no room is tried again.
        let _ = agent.say_by_note(id, &words, there).await;
        let until = Instant::now() + NOTE_WAIT;
        while let Ok(Some((by, _))) = timeout_at(until, answers.recv()).await {
            came.note(by);
            notes.there = true;
            notes.back |= by == By::Note;
            if notes.back {
                return notes;
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_by_what_its_way_does_not_explain() {
        assert_eq!(skew(1500, 1000, 2000), 0);
        assert_eq!(skew(900, 1000, 2000), -100);
        assert_eq!(skew(2100, 1000, 2000), 100);
        assert_eq!(skew(u64::MAX, 0, 0), 0, "no clock is so wrong");
    }
}
