//! What do two nodes say to each other that use one identity?

use serde::{Deserialize, Serialize};

use crate::vocab::Cookie;

/// What an instance says of itself to another one with the same identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// The boot with which the instance began.
    pub(crate) born: u64,
    /// Drawn when it began: two instances differ in it, one that hears itself does not.
    pub(crate) instance: u64,
    /// Others hold to another instance than to this one, or nobody knows it yet.
    pub(crate) doubted: bool,
    pub(crate) step: Step,
}

/// The three steps in which both show that they receive what is sent to their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// "Is somebody there who is me?"
    Ask {
        /// To be repeated by the answer.
        cookie: Cookie,
    },
    /// "I am."
    Answer {
        /// The cookie of the question.
        echo: Cookie,
        /// To be repeated by the verdict.
        cookie: Cookie,
    },
    /// "Then one of us stops." The asker decides, so that both believe the same.
    Verdict {
        /// The cookie of the answer.
        echo: Cookie,
        /// Whether the receiver is the one that stops.
        you_stop: bool,
        /// Whether only births told the two apart.
        by_birth: bool,
    },
}
