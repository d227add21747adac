//! What do a node and its driver say to each other of streams? Types only.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::mail_types::LetterRefused;

/// The name of a stream between a node and its driver. Whoever opens one chooses the number, so that no two names
/// are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StreamId {
    /// One that the node asked for, by its own number.
    Opened(u64),
    /// One that somebody else opened, by a number of the driver's, which it gives once.
    Accepted(u64),
}

/// What a driver is asked to do with streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamRequest {
    /// Open a stream; [`Input::StreamOpened`](crate::Input::StreamOpened) or
    /// [`Input::StreamClosed`](crate::Input::StreamClosed) answers.
    Open {
        /// Its name from now on.
        id: StreamId,
        /// Where to: a stream goes to the address at which the member takes datagrams.
        to: SocketAddr,
    },
    /// Bytes wait: call [`Node::poll_stream`](crate::Node::poll_stream), now and whenever the stream can take more,
    /// until it gives none.
    Write {
        /// Which stream.
        id: StreamId,
    },
    /// End a stream. What was sent shall still arrive. The node has forgotten it.
    Close {
        /// Which stream.
        id: StreamId,
    },
}

/// What is wrong with a stream input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// No such stream is open here: unknown, not open yet, or over.
    #[error("there is no open stream {id:?}")]
    Unknown {
        /// The name that was given.
        id: StreamId,
    },
    /// A stream has the name of one that is there.
    #[error("there is a stream {id:?} already")]
    Twice {
        /// The name that was given.
        id: StreamId,
    },
    /// Others have opened as many streams as may be.
    #[error("at most {most} streams are taken")]
    TooMany {
        /// How many; none where the config knows of no streams.
        most: u32,
    },
    /// A message is empty or too long. The stream is over.
    #[error("a message of {len} bytes, 1 to {most} are taken")]
    Length {
        /// The length that it claims.
        len: usize,
        /// The most that is taken.
        most: usize,
    },
    /// A message is neither a ping or a letter of whoever opened the stream, nor the answer to one. The stream is over.
    #[error("neither a ping, nor a letter, nor the answer to one")]
    Kind,
    /// A letter is not taken. The stream is over, which is what its sender hears of that.
    #[error("{0}")]
    Letter(#[from] LetterRefused),
}
