//! What do agents say to each other when one of them looks for what is wrong?
//!
//! The same words go as a note, in one datagram, and as a letter, over a stream: where one of the two ways is broken the other one
//! tells of it.

use serde::{Deserialize, Serialize};

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
        /// Makes a note long.
        #[serde(default)]
        pad: String,
    },
    Answer {
        number: u64,
        says: Says,
        /// Makes a note long.
        #[serde(default)]
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
    /// "I look at too many already."
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
        Self { accusations: Vec::new(), ..self.clone() }
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
}
