//! What does `[protocol]` set of the quorum?

use super::mistake::Outcome;
use super::table::{Field, Section};
use crate::scenario::words::words;
use crate::scenario::{Profile, QuorumKeys, QuorumProvider, SuspectDownKeys};

const KEYS: &[&str] = &[
    "provider",
    "needed",
    "breaks_ties",
    "lease",
    "stable_after",
    "quorum_timeout",
    "looks",
    "suspect_down",
    "members_max",
];

/// What stands for the absence of a lease or of an enquiry.
const NONE: &str = "none";

/// The words for providers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProviderWord {
    Majority,
    FailureDomains,
    None,
    Static,
    Weighted,
    MajorityOfDomains,
}

words!(ProviderWord {
    Majority = "majority",
    FailureDomains = "failure-domains",
    None = "none",
    Static = "static",
    Weighted = "weighted",
    MajorityOfDomains = "majority-of-domains",
});

/// Reads `quorum` in `[protocol]`. `None`: nodes have no quorum.
pub(super) fn read(protocol: &Section<'_>, profile: Profile) -> Outcome<Option<QuorumKeys>> {
    let Some(field) = protocol.get("quorum") else {
        return Ok((profile == Profile::QuorumStore).then(QuorumKeys::default));
    };
    let section = field.section("`quorum`", KEYS)?;
    Ok(Some(QuorumKeys {
        provider: provider(&section)?,
        breaks_ties: section.opt("breaks_ties", Field::switch)?,
        lease_ns: section.opt("lease", |field| or_none(field, |field| field.some_time()))?,
        stable_after_ns: section.opt("stable_after", Field::duration)?,
        quorum_timeout_ns: section.opt("quorum_timeout", Field::duration)?,
        looks: section.opt("looks", Field::word)?,
        suspect_down: section.opt("suspect_down", |field| or_none(field, suspect_down))?,
        members_max: section.opt("members_max", |field| field.small(1..=u32::MAX))?,
    }))
}

fn or_none<T>(field: &Field<'_>, read: impl FnOnce(&Field<'_>) -> Outcome<T>) -> Outcome<Option<T>> {
    if field.as_text() == Some(NONE) { Ok(None) } else { read(field).map(Some) }
}

fn provider(section: &Section<'_>) -> Outcome<Option<QuorumProvider>> {
    let word = section.opt("provider", Field::word)?;
    let needed = section.opt("needed", |field| {
        if word != Some(ProviderWord::Static) {
            return Err(field.wrong("only a static provider needs a number", "write `provider = \"static\"`"));
        }
        field.small(1..=u32::MAX)
    })?;
    Ok(match word {
        None => None,
        Some(ProviderWord::Majority) => Some(QuorumProvider::Majority),
        Some(ProviderWord::FailureDomains) => Some(QuorumProvider::FailureDomains),
        Some(ProviderWord::None) => Some(QuorumProvider::None),
        Some(ProviderWord::Weighted) => Some(QuorumProvider::Weighted),
        Some(ProviderWord::MajorityOfDomains) => Some(QuorumProvider::MajorityOfDomains),
        Some(ProviderWord::Static) => {
            section.need("needed", "3")?;
            needed.map(QuorumProvider::Static)
        }
    })
}

fn suspect_down(field: &Field<'_>) -> Outcome<SuspectDownKeys> {
    let section = field.section("`suspect_down`", &["asks", "patience", "probation"])?;
    Ok(SuspectDownKeys {
        asks: section.opt("asks", |field| field.small(1..=u32::MAX))?,
        patience_ns: section.opt("patience", Field::some_time)?,
        probation_ns: section.opt("probation", Field::some_time)?,
    })
}
