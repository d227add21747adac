//! What is wrong with gossip here, and who helps to find out?
//!
//! An agent sees one end of everything only: whether what it sends arrives is for others to say. So it asks a few members, who look
//! at it from where they are, over both ways that there are; and what it says of itself is taken together with what they say.
//!
//! * [`asking`] — what does one member see, and what of it comes back?
//! * [`helping`] — what does an agent do that is asked?
//! * [`looking`] — what can be seen from here?
//! * [`seeds`] — what comes of connections to those whom this node was told to join?
//! * [`judging`] — what does all of it mean? Without any input or output.
//! * [`memory`] — who was suspected, and why?

mod asking;
mod helping;
mod judging;
mod letters;
mod looking;
mod memory;
mod seeds;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use quidnunc::{Command, Event, NodeId, NotSent, Rejected, RequestError};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::api::Agent;
use crate::duration::millis;
use crate::hub::{Heard, Watcher};
use crate::mail;
use helping::Helping;
pub(crate) use letters::{By, Words};
use letters::{Dial, Says};
pub(crate) use looking::{Began, diagnose};
use memory::Memory;

/// A connection is waited for so long: a system asks again after one second and after three.
const DIAL_MAX: Duration = Duration::from_secs(4);

/// So many answers to one question wait to be read.
const ANSWERS_WAIT_MAX: usize = 4;

/// Somebody's answers, and how they came.
type Answers = mpsc::Receiver<(By, Says)>;

/// Who is asked, and where the answers go.
type Asked = (NodeId, mpsc::Sender<(By, Says)>);

/// What an agent keeps for its own questions and those of others.
#[derive(Debug, Default)]
pub(crate) struct Doctor {
    memory: Memory,
    number: AtomicU64,
    asked: Mutex<BTreeMap<u64, Asked>>,
    helping: Mutex<Helping>,
    /// One diagnosis at a time; and how many members were asked so far.
    diagnosing: tokio::sync::Mutex<usize>,
}

impl Doctor {
    /// A number for a question, and where its answers come.
    fn ask(&self, whom: NodeId) -> (Question<'_>, Answers) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (sender, answers) = mpsc::channel(ANSWERS_WAIT_MAX);
        locked(&self.asked).insert(number, (whom, sender));
        (Question { doctor: self, number }, answers)
    }

    /// Somebody has answered.
    fn answered(&self, from: NodeId, by: By, number: u64, says: Says) {
        if let Some((_, sender)) = locked(&self.asked).get(&number).filter(|(whom, _)| *whom == from) {
            // What finds no room was said often enough.
            let _ = sender.try_send((by, says.bounded()));
        }
    }

    /// How often this node has contradicted what was said of it in the last hour.
    fn contradictions(&self) -> usize {
        self.memory.contradictions(Instant::now())
    }

    /// Helps nobody any more.
    pub(crate) async fn finish(&self) {
        let mut tasks = locked(&self.helping).finish();
        tasks.shutdown().await;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A question that is open as long as this lives.
struct Question<'d> {
    doctor: &'d Doctor,
    number: u64,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        locked(&self.doctor.asked).remove(&self.number);
    }
}

/// Hears notes, and remembers who is suspected, until the node has stopped.
pub(crate) async fn attend(agent: Arc<Agent>, mut watcher: Watcher) {
    loop {
        match watcher.next().await {
            Heard::Event(told) => {
                if let Event::Note { from, bytes } = &told.event
                    && let Some(mail::Says::Doctor(words)) = mail::read(bytes)
                {
                    agent.take_words(*from, By::Note, words);
                } else if let Event::Member(change) = &told.event {
                    agent.remember(change).await;
                } else if let Event::Refuted { .. } = &told.event {
                    agent.doctor.memory.contradicted(Instant::now());
                }
            }
            Heard::Lost(_) => {}
            Heard::End => return,
        }
    }
}

/// What came of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Letter {
    /// It has arrived.
    Taken,
    /// It has not been sent, which says nothing of the way.
    Unsent(String),
    /// It is not known to have arrived.
    Lost(String),
}

impl Letter {
    fn new(sent: Result<(), RequestError>) -> Self {
        match sent {
            Ok(()) => Self::Taken,
            Err(RequestError::NotSent(why @ (NotSent::NoStream | NotSent::Broken | NotSent::TimeOver))) => {
                Self::Lost(crate::api::of_not_sent(why).to_owned())
            }
            Err(error) => Self::Unsent(error.to_string()),
        }
    }
}

impl Agent {
    /// Somebody has said something.
    pub(crate) fn take_words(self: &Arc<Self>, from: NodeId, by: By, words: Words) {
        match words {
            Words::Answer { number, says, .. } => self.doctor.answered(from, by, number, says),
            Words::Question { number, asks, .. } => self.help(from, (number, asks, words.written(None).len())),
        }
    }

    /// Says something over a stream, and waits so long until it has arrived.
    async fn say_by_letter(&self, to: NodeId, words: Words, wait: Duration) -> Letter {
        let bytes = mail::write(&mail::Says::Doctor(words));
        match timeout(wait, self.node.send(to, &bytes)).await {
            Ok(sent) => Letter::new(sent),
            Err(_) => Letter::Lost("it is not confirmed; one before it may still wait".into()),
        }
    }

    /// Says something in a note, which is of so many bytes if that is said, or as long as one can be.
    async fn say_by_note(&self, to: NodeId, words: &Words, len: Option<usize>) -> Result<(), RequestError> {
        let tell = |len: Option<usize>| {
            let bytes = words.written(len);
            self.node.act(move |driver| driver.command(Command::Note { to, bytes: &bytes }))
        };
        match tell(len).await {
            Err(RequestError::Refused(Rejected::NoteTooLong { most, .. })) => tell(len.map(|_| most)).await,
            said => said,
        }
    }
}

/// Opens a connection, and closes it.
async fn dial(addr: SocketAddr) -> Dial {
    match timeout(DIAL_MAX, TcpStream::connect(addr)).await {
        Ok(Ok(_)) => Dial::Open,
        Ok(Err(error)) => Dial::Failed(error.to_string()),
        Err(_) => Dial::Silent(millis(DIAL_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whoever_was_asked_answers() {
        let doctor = Doctor::default();
        let [asked, other] = [1, 2].map(NodeId::from_u128);
        let (question, mut answers) = doctor.ask(asked);
        doctor.answered(other, By::Note, question.number, Says::Heard);
        doctor.answered(asked, By::Note, question.number + 1, Says::Heard);
        assert!(answers.try_recv().is_err());
        doctor.answered(asked, By::Letter, question.number, Says::Heard);
        assert_eq!(answers.try_recv(), Ok((By::Letter, Says::Heard)));
        drop(question);
        assert!(locked(&doctor.asked).is_empty());
    }

    #[test]
    fn a_letter_that_was_not_sent_says_nothing_of_the_way() {
        assert_eq!(Letter::new(Ok(())), Letter::Taken);
        assert!(matches!(Letter::new(Err(RequestError::NotSent(NotSent::NoStream))), Letter::Lost(_)));
        assert!(matches!(Letter::new(Err(RequestError::NotSent(NotSent::Gone))), Letter::Unsent(_)));
        assert!(matches!(Letter::new(Err(RequestError::Refused(Rejected::ToSelf))), Letter::Unsent(_)));
    }
}
