//! What is wrong with gossip here, and who helps to find out?
//!
//! An agent sees one end of everything only: whether what it sends arrives is for others to say. So it asks a few members, who look
//! at it from where they are, over both ways that there are; and what it says of itself is taken together with what they say.
//!
//! * [`asking`] — what does one member see, and what of it comes back?
//! * [`helping`] — what does an agent do that is asked?
//! * [`looking`] — what can be seen from here?
//! * [`judging`] — what does all of it mean? Without any input or output.
//! * [`memory`] — who was suspected, and why?

mod asking;
mod helping;
mod judging;
mod letters;
mod looking;
mod memory;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quidnunc::{Command, Event, NOTE_BYTES_MAX, NodeId, Rejected, RequestError};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::api::Agent;
use crate::hub::{Heard, Watcher};
use crate::mail::{self, Says};
use letters::Dial;
pub(crate) use letters::{By, Words};
pub(crate) use looking::{Began, diagnose};
use memory::Memory;

/// A connection is waited for so long.
const DIAL_MAX: Duration = Duration::from_secs(2);

/// So many members are helped at a time; whoever asks beyond that asks again.
const HELPED_MAX: usize = 4;

/// So many answers of one member wait to be read.
const ANSWERS_WAIT_MAX: usize = 16;

/// Somebody's answers, and how they came.
type Answers = mpsc::Receiver<(By, Words)>;

/// Who is asked, and where the answers go.
type Asked = (NodeId, mpsc::Sender<(By, Words)>);

/// What an agent keeps for its own questions and those of others.
#[derive(Debug)]
pub(crate) struct Doctor {
    memory: Memory,
    number: AtomicU64,
    asked: Mutex<BTreeMap<u64, Asked>>,
    helping: Arc<Semaphore>,
    /// One diagnosis at a time: another one waits.
    diagnosing: tokio::sync::Mutex<()>,
}

impl Doctor {
    pub(crate) fn new() -> Self {
        Self {
            memory: Memory::default(),
            number: AtomicU64::new(0),
            asked: Mutex::default(),
            helping: Arc::new(Semaphore::new(HELPED_MAX)),
            diagnosing: tokio::sync::Mutex::default(),
        }
    }

    /// A number for a question, and where its answers come.
    fn ask(&self, whom: NodeId) -> (Question<'_>, Answers) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (sender, answers) = mpsc::channel(ANSWERS_WAIT_MAX);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (whom, sender));
        (Question { doctor: self, number }, answers)
    }

    /// Somebody has answered.
    fn answered(&self, from: NodeId, by: By, number: u64, words: Words) {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sender)) = asked.get(&number).filter(|(whom, _)| *whom == from) {
            // What finds no room was said often enough.
            let _ = sender.try_send((by, words));
        }
    }
}

/// A question that is open as long as this lives.
struct Question<'d> {
    doctor: &'d Doctor,
    number: u64,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.doctor.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// Hears notes, and remembers who is suspected, until the node has stopped.
pub(crate) async fn attend(agent: Arc<Agent>, mut watcher: Watcher) {
    loop {
        match watcher.next().await {
            Heard::Event(told) => {
                if let Event::Note { from, bytes } = &told.event
                    && let Some(Says::Doctor(words)) = mail::read(bytes)
                {
                    agent.take_words(*from, By::Note, words);
                } else if let Event::Member(change) = &told.event {
                    agent.remember(change).await;
                }
            }
            Heard::Lost(_) => {}
            Heard::End => return,
        }
    }
}

impl Agent {
    /// Somebody has said something.
    pub(crate) fn take_words(self: &Arc<Self>, from: NodeId, by: By, words: Words) {
        match words {
            Words::Heard { number, .. } | Words::Report { number, .. } => self.doctor.answered(from, by, number, words),
            Words::Ask { .. } | Words::Examine { .. } => self.help(from, words),
        }
    }

    /// Says something over a stream, and waits so long until it has arrived.
    async fn say_by_letter(&self, to: NodeId, words: Words, wait: Duration) -> Result<(), String> {
        let bytes = mail::write(&Says::Doctor(words));
        match timeout(wait, self.node.send(to, &bytes)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err("it is not confirmed".into()),
        }
    }

    /// Says something in a datagram, which is as long as one with a note can be if `full`.
    async fn say_by_note(&self, to: NodeId, words: &Words, full: bool) -> Result<(), RequestError> {
        let tell = |most: usize| {
            let bytes = if full { words.padded(most) } else { mail::write(&Says::Doctor(words.clone())) };
            self.node.act(move |driver| driver.command(Command::Note { to, bytes: &bytes }))
        };
        match tell(NOTE_BYTES_MAX).await {
            Err(RequestError::Refused(Rejected::NoteTooLong { most, .. })) => tell(most).await,
            said => said,
        }
    }
}

impl Words {
    /// As a note of so many bytes.
    fn padded(&self, bytes: usize) -> Vec<u8> {
        let mut words = self.clone();
        let short = mail::write(&Says::Doctor(words.clone())).len();
        if let Self::Ask { pad, .. } | Self::Heard { pad, .. } = &mut words {
            *pad = "x".repeat(bytes.saturating_sub(short));
        }
        mail::write(&Says::Doctor(words))
    }
}

/// Opens a connection, and closes it.
async fn dial(addr: SocketAddr) -> Dial {
    match timeout(DIAL_MAX, TcpStream::connect(addr)).await {
        Ok(Ok(_)) => Dial::Open,
        Ok(Err(error)) => Dial::Failed(error.to_string()),
        Err(_) => Dial::Silent(crate::duration::millis(DIAL_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_as_long_as_it_is_to_be() {
        let words = Words::Ask { number: 7, full: true, pad: String::new() };
        assert_eq!(words.padded(1024).len(), 1024);
        assert!(matches!(mail::read(&words.padded(200)), Some(Says::Doctor(Words::Ask { number: 7, full: true, .. }))));
    }

    #[test]
    fn only_whoever_was_asked_answers() {
        let doctor = Doctor::new();
        let [asked, other] = [1, 2].map(NodeId::from_u128);
        let (question, mut answers) = doctor.ask(asked);
        let words = |number| Words::Heard { number, pad: String::new() };
        doctor.answered(other, By::Note, question.number, words(question.number));
        doctor.answered(asked, By::Note, question.number + 1, words(question.number + 1));
        assert!(answers.try_recv().is_err());
        doctor.answered(asked, By::Letter, question.number, words(question.number));
        assert_eq!(answers.try_recv(), Ok((By::Letter, words(question.number))));
        drop(question);
        assert!(doctor.asked.lock().expect("nobody panics").is_empty());
    }
}
