//! What goes wrong, according to the `[[fault]]` tables?

use super::mistake::{Mistake, Outcome};
use super::table::{Field, Section};
use super::units::{FREQUENCY, duration_text};
use super::write::{instant, too_late};
use super::{net, overlap, selector};
use crate::scenario::extent::last_start_ns;
use crate::scenario::words::{Word, words};
use crate::scenario::{Damage, Direction, Fault, FaultKind, Run, Selector, Share};

/// The kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Crash,
    Inject,
    Leave,
    Link,
    Pause,
    Partition,
}

words!(Kind {
    Crash = "crash",
    Inject = "inject",
    Leave = "leave",
    Link = "link",
    Pause = "pause",
    Partition = "partition",
});

/// Every key, in the order in which messages list them, and the kinds that have it: whatever is not here is a typing
/// error, not a wrong kind.
const KEYS: &[(&str, &[Kind])] = &[
    ("id", Kind::ALL),
    ("kind", Kind::ALL),
    ("at", Kind::ALL),
    ("for", &[Kind::Inject, Kind::Link, Kind::Pause, Kind::Partition]),
    ("target", &[Kind::Crash, Kind::Inject, Kind::Leave, Kind::Pause, Kind::Partition]),
    ("stagger", &[Kind::Crash, Kind::Leave]),
    ("restart", &[Kind::Crash, Kind::Leave]),
    ("from", &[Kind::Link]),
    ("to", &[Kind::Link]),
    ("direction", &[Kind::Link, Kind::Partition]),
    ("loss", &[Kind::Link]),
    ("delay", &[Kind::Link]),
    ("corrupt", &[Kind::Link]),
    ("truncate", &[Kind::Link]),
    ("datagrams_only", &[Kind::Link]),
    ("shape", &[Kind::Partition]),
    ("groups", &[Kind::Partition]),
    ("rate", &[Kind::Inject]),
    ("what", &[Kind::Inject]),
    ("stops", &[Kind::Pause]),
    ("every", &[Kind::Pause, Kind::Partition]),
    ("until", &[Kind::Pause, Kind::Partition]),
];

/// The keys that any of these kinds has.
fn keys_of(kinds: &[Kind]) -> Vec<&'static str> {
    let known = |(_, of): &&(&str, &[Kind])| kinds.iter().any(|kind| of.contains(kind));
    KEYS.iter().filter(known).map(|&(key, _)| key).collect()
}

impl Kind {
    /// What messages call a fault of this kind.
    const fn place(self) -> &'static str {
        match self {
            Self::Crash => "a crash fault",
            Self::Inject => "an inject fault",
            Self::Leave => "a leave fault",
            Self::Link => "a link fault",
            Self::Pause => "a pause fault",
            Self::Partition => "a partition fault",
        }
    }
}

/// Reads every `[[fault]]`.
pub(super) fn read(file: &Section<'_>, run: &Run, nodes: u32) -> Outcome<Vec<Fault>> {
    let mut faults = Vec::new();
    if let Some(field) = file.get("fault") {
        for section in field.sections("[[fault]]")? {
            let reader = Reader { run, nodes, earlier: &faults };
            let fault = reader.fault(section)?;
            faults.push(fault);
        }
    }
    Ok(faults)
}

/// What a fault is judged by.
pub(super) struct Reader<'a> {
    pub(super) run: &'a Run,
    pub(super) nodes: u32,
    pub(super) earlier: &'a [Fault],
}

impl Reader<'_> {
    fn fault(&self, mut section: Section<'_>) -> Outcome<Fault> {
        section.only(&keys_of(Kind::ALL))?;
        let id = self.id(&section.need("id", "\"stop\"")?)?;
        let kind: Kind = section.need("kind", "\"crash\"")?.word()?;
        section.place = kind.place();
        section.only(&keys_of(&[kind]))?;
        let at_ns = self.begin(&section.need("at", "\"30s\"")?)?;
        let for_ns = section.opt("for", |field| self.length(field, at_ns))?;
        let read = match kind {
            Kind::Crash => Self::crash,
            Kind::Inject => Self::inject,
            Kind::Leave => Self::leave,
            Kind::Link => Self::link,
            Kind::Pause => Self::pause,
            Kind::Partition => Self::partition,
        };
        let fault = Fault { id, at_ns, for_ns, kind: read(self, &section, at_ns)? };
        if let Some(target) = section.get("target") {
            overlap::check(&target, &fault, self.earlier, self.nodes)?;
        }
        Ok(fault)
    }

    fn id(&self, field: &Field<'_>) -> Outcome<String> {
        let id = field.id()?;
        if self.earlier.iter().any(|fault| fault.id == id) {
            return Err(field.wrong(
                format!("two faults have the id `{id}`"),
                "expectations could not tell them apart; rename one",
            ));
        }
        Ok(id)
    }

    fn begin(&self, field: &Field<'_>) -> Outcome<u64> {
        let at_ns = instant(field, self.run, "the fault never begins")?;
        if at_ns < self.run.warmup_ns {
            return Err(field.wrong(
                "the fault begins during the warm-up, in which nothing goes wrong",
                format!("the warm-up ends at {}; begin then or later", duration_text(self.run.warmup_ns)),
            ));
        }
        Ok(at_ns)
    }

    fn length(&self, field: &Field<'_>, at_ns: u64) -> Outcome<u64> {
        let for_ns = field.some_time()?;
        if at_ns.saturating_add(for_ns) > self.run.duration_ns {
            return Err(field.wrong(
                format!("the fault would end after the run, which ends at {}", duration_text(self.run.duration_ns)),
                "leave out `for` if the fault lasts to the end of the run",
            ));
        }
        Ok(for_ns)
    }

    pub(super) fn selector(&self, field: &Field<'_>) -> Outcome<Selector> {
        selector::read(field, self.earlier, self.nodes)
    }

    fn crash(&self, section: &Section<'_>, at_ns: u64) -> Outcome<FaultKind> {
        let target = self.selector(&section.need("target", "\"node:17\"")?)?;
        let count = target.size(self.earlier, self.nodes);
        let mut last_ns = at_ns;
        let stagger_ns = section.opt("stagger", |field| {
            let stagger_ns = field.duration()?;
            last_ns = last_start_ns(at_ns, stagger_ns, count);
            if last_ns >= self.run.duration_ns {
                return Err(too_late(field, self.run, "the last target never stops"));
            }
            Ok(stagger_ns)
        })?;
        let restart = section.opt("restart", |field| {
            if field.as_text() == Some("never") {
                return Ok(None);
            }
            let restart_ns = field.some_time()?;
            if last_ns.saturating_add(restart_ns) >= self.run.duration_ns {
                return Err(too_late(field, self.run, "the last target never starts again"));
            }
            Ok(Some(restart_ns))
        })?;
        let (stagger_ns, restart_after_ns) = (stagger_ns.unwrap_or(0), restart.flatten());
        Ok(FaultKind::Crash { target, stagger_ns, restart_after_ns, says_goodbye: false })
    }

    /// A crash but for the goodbye.
    fn leave(&self, section: &Section<'_>, at_ns: u64) -> Outcome<FaultKind> {
        let mut kind = self.crash(section, at_ns)?;
        if let FaultKind::Crash { says_goodbye, .. } = &mut kind {
            *says_goodbye = true;
        }
        Ok(kind)
    }

    fn link(&self, section: &Section<'_>, _at_ns: u64) -> Outcome<FaultKind> {
        let from = section.opt("from", |f| self.selector(f))?;
        let to = section.opt("to", |f| self.selector(f))?;
        let loss = section.opt("loss", net::loss)?;
        let delay = section.opt("delay", net::delay)?;
        let damage = net::damage(section)?;
        let missing = |message: &str, help: &str| Mistake {
            span: section.span.clone(),
            message: message.to_owned(),
            help: Some(help.to_owned()),
        };
        if from.is_none() && to.is_none() {
            return Err(missing(
                "a link fault needs `from`, `to` or both",
                "name whose packets suffer: `from = { pick = \"random\", count = \"1%\" }`",
            ));
        }
        if loss.unwrap_or_default() == Share::NEVER && delay.is_none() && damage == Damage::default() {
            return Err(missing(
                "a link fault needs one of `loss`, `delay`, `corrupt` and `truncate` at least",
                "say what happens to the packets: `loss = { random = \"80%\" }`",
            ));
        }
        Ok(FaultKind::Link {
            from: from.unwrap_or(Selector::All),
            to: to.unwrap_or(Selector::All),
            direction: section.opt("direction", |f| f.word())?.unwrap_or(Direction::AToB),
            loss: loss.unwrap_or_default(),
            delay,
            damage,
            datagrams_only: section.opt("datagrams_only", Field::switch)?.unwrap_or(false),
        })
    }

    fn inject(&self, section: &Section<'_>, _at_ns: u64) -> Outcome<FaultKind> {
        let rate = section.need("rate", "\"10/s\"")?;
        let per_1000_s = rate.quantity(&FREQUENCY)?;
        if per_1000_s == 0 {
            return Err(rate.wrong("this injects nothing", "write more than 0/s, or leave out the fault"));
        }
        Ok(FaultKind::Inject {
            target: self.selector(&section.need("target", "\"all\"")?)?,
            per_1000_s,
            what: section.need("what", "\"noise\"")?.word()?,
        })
    }
}
