//! Why something is believed of a member: a word that crosses rooms.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Why a belief is held, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// A rumour said so.
    Rumour,
    /// A repair or a welcome said so.
    Repair,
    /// The member itself said so.
    Contact,
    /// It did not answer this node.
    Silence,
    /// It did not contradict a suspicion in time.
    Expiry,
    /// The application said so: [`Command::Remove`](crate::Command::Remove).
    Command,
    /// The snapshot with which this node began said so. No event has this reason.
    Snapshot,
    /// It is this node itself. No event has this reason.
    Own,
}

/// As half a sentence, of what is believed of a member.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rumour => "a rumour says so",
            Self::Repair => "a comparison with another member says so",
            Self::Contact => "it says so itself",
            Self::Silence => "it did not answer this node",
            Self::Expiry => "it did not contradict a suspicion in time",
            Self::Command => "somebody removed it",
            Self::Snapshot => "the state file says so",
            Self::Own => "it is this node itself",
        })
    }
}

impl Reason {
    /// In the order of their numbers; they fit into three bits.
    const ALL: [Self; 8] = [
        Self::Rumour,
        Self::Repair,
        Self::Contact,
        Self::Silence,
        Self::Expiry,
        Self::Command,
        Self::Snapshot,
        Self::Own,
    ];

    /// The reason with a number; of a larger one, its last three bits count.
    pub(crate) const fn from_number(number: u8) -> Self {
        Self::ALL[number as usize % Self::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_number() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_number(reason as u8), reason);
        }
    }
}
