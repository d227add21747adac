//! May this list of changes go onto this copy, and what would that copy be given?
//!
//! A copy whose version is below its watermark is being made anew and has keys missing. It takes nothing from
//! another such copy that has come less far than the watermark: what was deleted in between would stay for ever.

use crate::vocab::{Head, Span};

/// What becomes of a list of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on from what the copy has.
    Take,
    /// It begins a new copy, which takes the old one's place when it is whole.
    Reset,
    /// The copy has all of it.
    Known,
    Refuse(Refusal),
}

/// Why a list of changes is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It begins after what the copy has come to.
    Gap,
    /// It is of an earlier map of the same owner.
    Epoch,
    /// Tombstones that the copy lacks are gone from it.
    Watermark,
    /// The sender's own copy is being made anew, and has come less far than this one must.
    Unfinished,
    /// Its items are out of order or outside its bounds.
    Malformed,
    /// There is no room for it.
    Full,
    /// It is about this node itself, about a stranger, or of an epoch that its owner cannot have.
    Owner,
}

pub(super) const fn judge(copy: Head, span: Span) -> Verdict {
    let Span { head, from, to } = span;
    if head.epoch < copy.epoch {
        return Verdict::Refuse(Refusal::Epoch);
    }
    if head.epoch > copy.epoch {
        return if from == 0 { Verdict::Reset } else { Verdict::Refuse(Refusal::Gap) };
    }
    if from > copy.version {
        return Verdict::Refuse(Refusal::Gap);
    }
    if is_lost_to(copy, head) {
        return if from == 0 { Verdict::Reset } else { Verdict::Refuse(Refusal::Watermark) };
    }
    if to <= copy.version {
        return Verdict::Known;
    }
    if !may_serve(head, copy) {
        return Verdict::Refuse(Refusal::Unfinished);
    }
    Verdict::Take
}

/// From which version on a copy would be given another one's changes; `None` when it needs or may take nothing.
pub(super) const fn offered_from(holder: Head, copy: Head) -> Option<u64> {
    if holder.version == 0 || holder.epoch < copy.epoch {
        return None;
    }
    if holder.epoch > copy.epoch {
        return Some(0);
    }
    if holder.version <= copy.version {
        return None;
    }
    if is_lost_to(copy, holder) {
        return Some(0);
    }
    if may_serve(holder, copy) { Some(copy.version) } else { None }
}

/// Whether the holder has forgotten tombstones that the copy never saw.
const fn is_lost_to(copy: Head, holder: Head) -> bool {
    holder.watermark > copy.watermark && holder.watermark > copy.version
}

const fn may_serve(holder: Head, copy: Head) -> bool {
    copy.version >= copy.watermark || holder.version >= copy.watermark || holder.watermark >= copy.watermark
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn head(epoch: u64, watermark: u64, version: u64) -> Head {
        Head { epoch, watermark, version, sum: 0 }
    }

    #[test]
    fn table() {
        use Refusal::{Epoch, Gap, Unfinished, Watermark};
        let copy = head(5, 10, 20);
        let unfinished = head(5, 30, 20);
        let rows = [
            (copy, head(5, 10, 30), 20, 30, Verdict::Take, "it goes on"),
            (copy, head(5, 10, 30), 15, 25, Verdict::Take, "it overlaps"),
            (copy, head(5, 10, 30), 21, 30, Verdict::Refuse(Gap), "a gap of one"),
            (copy, head(5, 10, 20), 10, 20, Verdict::Known, "all known"),
            (copy, head(5, 20, 30), 20, 30, Verdict::Take, "the copy has come to the watermark"),
            (copy, head(5, 21, 30), 20, 30, Verdict::Refuse(Watermark), "and here it has not"),
            (copy, head(5, 21, 30), 0, 15, Verdict::Reset, "a reset, though its first part ends before the copy does"),
            (copy, head(5, 21, 30), 0, 25, Verdict::Reset, "a reset"),
            (copy, head(4, 0, 99), 0, 99, Verdict::Refuse(Epoch), "an older map"),
            (copy, head(6, 0, 3), 0, 3, Verdict::Reset, "a newer map"),
            (copy, head(6, 0, 3), 1, 3, Verdict::Refuse(Gap), "a newer map, but not from its start"),
            (unfinished, head(5, 10, 25), 20, 25, Verdict::Refuse(Unfinished), "a stale third"),
            (unfinished, head(5, 10, 30), 20, 25, Verdict::Take, "a third that has come to the watermark"),
            (unfinished, head(5, 30, 25), 20, 25, Verdict::Take, "another one that is made anew, further on"),
        ];
        for (copy, head, from, to, verdict, why) in rows {
            assert_eq!(judge(copy, Span { head, from, to }), verdict, "{why}");
        }
    }

    /// Whatever a holder offers is taken, unless something came in between.
    #[test]
    fn what_is_offered_is_taken() {
        let numbers = || (0..6_u64).flat_map(|w| (0..6).flat_map(move |v| (1..3).map(move |e| head(e, w, v))));
        for holder in numbers() {
            for copy in numbers() {
                let Some(from) = offered_from(holder, copy) else { continue };
                let verdict = judge(copy, Span { head: holder, from, to: holder.version });
                assert!(matches!(verdict, Verdict::Take | Verdict::Reset), "{holder:?} to {copy:?}: {verdict:?}");
                let goes_on = copy.epoch == holder.epoch && from == copy.version;
                assert!(if verdict == Verdict::Take { goes_on } else { from == 0 }, "{holder:?} to {copy:?}");
            }
        }
    }
}
