//! What do the node's words for causes and ends mean, as half a sentence for people?

use quidnunc::{Cause, LinkEnd, Loss, NotSent};

pub(super) const fn of_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Accusation => "it was suspected, or said to be gone",
        Cause::LaterBoot => "a life with a later boot was known",
        Cause::BootReused => "another life had the same boot",
    }
}

pub(super) const fn of_end(end: LinkEnd) -> &'static str {
    match end {
        LinkEnd::Silent => "nothing came for too long",
        LinkEnd::Gone => "its node is gone",
        LinkEnd::ByPeer => "the other side closed it",
        LinkEnd::Reborn => "the other side lives again",
        LinkEnd::Evicted => "somebody who is cut off has its place",
        LinkEnd::Swapped => "a link that brings more has its place",
        LinkEnd::Redundant => "there were two between the same two",
        LinkEnd::Stopped => "this node takes no further part",
    }
}

pub(super) const fn of_loss(loss: Loss) -> &'static str {
    match loss {
        Loss::Down => "it alone is down",
        Loss::SuspectDown => "perhaps its whole domain is cut off",
    }
}

pub(crate) const fn of_not_sent(why: NotSent) -> &'static str {
    match why {
        NotSent::NoStream => "no stream could be opened",
        NotSent::Broken => "its stream was ended before it was confirmed",
        NotSent::TimeOver => "it was not confirmed in time",
        NotSent::Gone => "the member is gone",
        NotSent::NewLife => "the member has begun a new life",
        NotSent::Left => "this node leaves, or has stopped",
    }
}
