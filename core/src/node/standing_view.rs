//! Whether a node may act, to be read and not to be changed.

use crate::quorum::{Change, Loss, Quorum, Standing};
use crate::vocab::NodeId;

use super::View;

impl<'a> View<'a> {
    fn quorum(self) -> Option<&'a Quorum> {
        self.node().cold.quorum.as_deref()
    }

    /// Whether this node may act, as of the latest input: hand in [`Input::Timeout`](crate::Input::Timeout) before it is
    /// asked, if the deadline may have passed. `None` without [`Config::quorum`](crate::Config::quorum).
    ///
    /// It is advice and no lock. Two sides of a partition are not both in quorum once a lease has passed, if all nodes were
    /// told the same configuration and nobody hears both sides. Who must exclude others needs a fencing token.
    #[must_use]
    pub fn standing(self) -> Option<Standing> {
        self.quorum().map(Quorum::standing)
    }

    /// The standing and all that speaks for it, as if it had just come to be what it is; `None` as with
    /// [`View::standing`].
    #[must_use]
    pub fn standing_report(self) -> Option<Change> {
        self.quorum().map(Quorum::report)
    }

    /// How sure the loss of a voter is; `None` of whoever is not lost, or not known to be.
    #[must_use]
    pub fn loss(self, id: NodeId) -> Option<Loss> {
        self.quorum()?.loss(id)
    }

    /// Of this node and another one, which cannot both stay, who is to go? The other one, as long as this node may act.
    /// Advice again, of which nothing follows here. `None` as with [`View::standing`].
    #[must_use]
    pub fn who_goes(self, other: NodeId) -> Option<NodeId> {
        self.quorum().map(|quorum| quorum.who_goes(other))
    }
}
