//! What is said of letters to an application, and to a driver: types and bounds only.

use serde::{Deserialize, Serialize};

use crate::config::LETTER_BYTES_MAX;
use crate::vocab::NodeId;

/// The most letters of a node that wait: to be sent, to be confirmed, or for [`poll_event`](crate::Node::poll_event) to say
/// how they ended.
pub const LETTERS_MAX: usize = 256;

/// The most of them that are for one member.
pub const LETTERS_TO_ONE_MAX: usize = 64;

/// The most bytes of all letters that wait.
pub const LETTERS_BYTES_MAX: usize = 16 << 20;

/// The most bytes of those that are for one member: one letter at least.
pub const LETTERS_TO_ONE_BYTES_MAX: usize = LETTER_BYTES_MAX;

/// Why a letter is refused. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterRejected {
    /// The driver offers no streams: [`Config::streams`](crate::Config::streams) is not set.
    #[error("letters go over streams, and this node has none")]
    NoStreams,
    /// It does not go into one message.
    #[error("a letter of {len} bytes, at most {most} are taken")]
    TooLong {
        /// Its length.
        len: usize,
        /// The most that is taken.
        most: usize,
    },
    /// A letter of this number waits.
    #[error("a letter of number {number} waits already")]
    Number {
        /// The number.
        number: u64,
    },
    /// As many letters to this member wait as may, or as many bytes of them.
    #[error(
        "no more than {LETTERS_TO_ONE_MAX} letters wait for {to:?}, nor more than {LETTERS_TO_ONE_BYTES_MAX} bytes"
    )]
    TooManyToOne {
        /// To whom.
        to: NodeId,
    },
    /// As many letters wait as may, or as many bytes of them.
    #[error("no more than {LETTERS_MAX} letters wait, nor more than {LETTERS_BYTES_MAX} bytes")]
    TooMany,
}

/// Why a letter is not known to have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NotSent {
    /// The stream could not be opened.
    NoStream,
    /// The stream was ended from outside before the letter was confirmed. So ends every stream on which a letter is not
    /// taken: because the receiver does not know its sender, is an earlier release, or has too much that its application
    /// has not seen.
    Broken,
    /// It was not confirmed in time.
    TimeOver,
    /// The member has died, left or been removed, as far as this node knows.
    Gone,
    /// The member has begun a new life.
    NewLife,
    /// This node leaves, or has stopped.
    Left,
}

/// Why a letter of somebody else is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterRefused {
    /// Its sender is no member that lives here, or is so in another life.
    #[error("the letter is of nobody who lives here")]
    Stranger,
    /// It is for another node, or for another life of this one.
    #[error("the letter is for somebody else")]
    NotMine,
    /// A later letter has come before it, or the answer to the one before it has not been taken from here.
    #[error("the letter comes out of turn")]
    OutOfTurn,
    /// The application has not seen enough of what has come.
    #[error("too much waits to be seen")]
    NoRoom,
    /// This node leaves.
    #[error("this node leaves")]
    Leaving,
}
