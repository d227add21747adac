//! What do agents say to each other when one of them looks for what is wrong?
//!
//! The same words go as a note, in one datagram, and as a letter, over a stream: where one of the two ways is broken the other one
//! tells of it.

use serde::{Deserialize, Serialize};

use crate::mail;

/// How words came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// In a datagram.
    Note,
    /// Over a stream.
    Letter,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Words {
    Question {
        number: u64,
        asks: Asks,
        /// Makes it long.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pad: String,
    },
    Answer {
        number: u64,
        says: Says,
        /// Makes it long.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pad: String,
    },
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Asks {
    /// "Do you hear this note? Say so in one that is no longer, and in a letter."
    Short,
    /// The same; the answer is to be as long as this one.
    Long,
    /// "Look at me from where you are."
    Report,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Says {
    /// "I have heard your note."
    Heard,
    /// "So you look from here."
    Report(Report),
    /// "I look at too many already." It, too, goes both ways.
    Busy,
}

/// What one member sees of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// What its clock says: milliseconds since 1970.
    pub(crate) unix_ms: u64,
    /// What came of a connection to the other's address.
    pub(crate) dial: Dial,
    /// From which port it has sent datagrams that nobody has asked for, if it could.
    pub(crate) knocked_from: Option<u16>,
    /// Whether it holds the other for suspect or dead.
    pub(crate) doubts: bool,
    /// Why the other was suspected, the latest last.
    pub(crate) accusations: Vec<Accusation>,
}

/// What came of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dial {
    /// It was taken.
    Open,
    /// There was no answer within so many milliseconds.
    Silent(u64),
    /// What the system says.
    Failed(String),
}

/// Why somebody was suspected, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accusation {
    /// So many milliseconds ago.
    pub(crate) ago_ms: u64,
    /// Whether as dead.
    pub(crate) dead: bool,
    pub(crate) because: Vec<String>,
}

/// So many accusations go into a report, with so many sentences and bytes each at most.
pub(super) const ACCUSATIONS_TOLD: usize = 3;
const SENTENCES_MAX: usize = 8;
const SENTENCE_BYTES_MAX: usize = 400;

/// So many bytes of what a system says go into a report in a note.
const BRIEF_SENTENCE_BYTES_MAX: usize = 64;

/// No report in a note is longer.
const BRIEF_BYTES_MAX: usize = 300;

/// What a padding costs beside its own bytes.
const PAD_BYTES: usize = ",\"pad\":\"\"".len();

impl Words {
    /// A question. It is no shorter than what is answered in a note.
    pub(super) fn question(number: u64, asks: Asks) -> Self {
        let pad = match asks {
            Asks::Short | Asks::Long => String::new(),
            Asks::Report => "x".repeat(BRIEF_BYTES_MAX),
        };
        Self::Question { number, asks, pad }
    }

    /// An answer.
    pub(super) const fn answer(number: u64, says: Says) -> Self {
        Self::Answer { number, says, pad: String::new() }
    }

    /// As bytes: as few as can be, or so many if those are more.
    pub(super) fn written(&self, len: Option<usize>) -> Vec<u8> {
        let bytes = mail::write(&mail::Says::Doctor(self.clone()));
        let Some(more) = len.and_then(|len| len.checked_sub(bytes.len())) else { return bytes };
        let mut words = self.clone();
        let (Self::Question { pad, .. } | Self::Answer { pad, .. }) = &mut words;
        // An empty one is left out.
        let head = if pad.is_empty() { PAD_BYTES } else { 0 };
        pad.push_str(&"x".repeat(more.saturating_sub(head)));
        mail::write(&mail::Says::Doctor(words))
    }
}

impl Says {
    /// What is kept of an answer: no more than would ever be written.
    pub(super) fn bounded(self) -> Self {
        match self {
            Self::Report(report) => Self::Report(report.bounded()),
            Self::Heard | Self::Busy => self,
        }
    }
}

impl Report {
    pub(super) fn bounded(mut self) -> Self {
        self.accusations.truncate(ACCUSATIONS_TOLD);
        for accusation in &mut self.accusations {
            accusation.because.truncate(SENTENCES_MAX);
            accusation.because.iter_mut().for_each(|sentence| cut(sentence, SENTENCE_BYTES_MAX));
        }
        if let Dial::Failed(why) = &mut self.dial {
            cut(why, SENTENCE_BYTES_MAX);
        }
        self
    }

    /// The same without what is long, for a note.
    pub(super) fn brief(&self) -> Self {
        let Self { unix_ms, ref dial, knocked_from, doubts, .. } = *self;
        let mut dial = dial.clone();
        if let Dial::Failed(why) = &mut dial {
            cut(why, BRIEF_SENTENCE_BYTES_MAX);
        }
        Self { unix_ms, dial, knocked_from, doubts, accusations: Vec::new() }
    }
}

/// At most so many bytes of a text.
fn cut(text: &mut String, bytes_max: usize) {
    let end = (0..=bytes_max.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    text.truncate(end.unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_no_longer_than_one_is_ever_written() {
        let accusation = Accusation { ago_ms: 0, dead: false, because: vec!["é".repeat(1000); 100] };
        let dial = Dial::Failed("x".repeat(1 << 16));
        let accusations = vec![accusation; 100];
        let report = Report { unix_ms: 0, dial, knocked_from: None, doubts: false, accusations }.bounded();
        assert_eq!(report.accusations.len(), ACCUSATIONS_TOLD);
        assert!(report.accusations.iter().all(|it| it.because.len() == 8 && it.because[0] == "é".repeat(200)));
        assert_eq!(report.dial, Dial::Failed("x".repeat(400)));
        assert!(report.brief().accusations.is_empty());
    }

    #[test]
    fn a_note_is_as_long_as_it_is_to_be() {
        let words = Words::question(7, Asks::Long);
        assert_eq!(words.written(Some(1024)).len(), 1024);
        let read = mail::read(&words.written(Some(200)));
        assert!(matches!(read, Some(mail::Says::Doctor(Words::Question { number: 7, asks: Asks::Long, .. }))));
        let bare = words.written(None).len();
        for len in 0..100 {
            assert!(words.written(Some(len)).len() <= bare.max(len), "{len}");
        }
    }

    #[test]
    fn no_note_is_longer_than_what_it_answers() {
        let dial = Dial::Failed("x".repeat(1 << 16));
        let report =
            Report { unix_ms: u64::MAX, dial, knocked_from: Some(u16::MAX), doubts: false, accusations: Vec::new() };
        let len = |words: Words| words.written(None).len();
        let brief = len(Words::answer(u64::MAX, Says::Report(report.brief())));
        assert!(brief <= len(Words::question(0, Asks::Report)), "{brief}");
        for says in [Says::Heard, Says::Busy] {
            assert!(len(Words::answer(7, says)) <= len(Words::question(7, Asks::Short)));
        }
    }
}
