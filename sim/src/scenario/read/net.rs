//! What does the file say about the network: delays, loss, duplicates, reordering?

use super::mistake::Outcome;
use super::table::{Field, Section};
use super::units::duration_text;
use crate::scenario::{Damage, Delay, Distribution, Fault, FaultKind, NET_CORRUPT, NET_TRUNCATE, Net, Run, Share};

/// The delay of a network about which the file says nothing: anything from 5 to 50 ms.
const DELAY: Delay =
    Delay { time_ns: 27_500_000, jitter_ns: 22_500_000, floor_ns: 1_000_000, distribution: Distribution::Uniform };

/// The floor of a delay that names none, unless the delay itself is shorter.
const FLOOR_NS: u64 = 100_000;

/// The keys of `[net]`.
const KEYS: &[&str] = &["delay", "loss", "duplicate", "reorder", "corrupt", "truncate"];

/// Reads `[net]`, but for what it says of damage.
pub(super) fn read(file: &Section<'_>) -> Outcome<Net> {
    let mut net =
        Net { delay: DELAY, loss: Share::NEVER, duplicate: Share::NEVER, reorder: Share::NEVER, reorder_by_ns: 0 };
    let Some(field) = file.get("net") else {
        return Ok(net);
    };
    let section = field.section("[net]", KEYS)?;
    if let Some(found) = section.opt("delay", delay)? {
        net.delay = found;
    }
    if let Some(found) = section.opt("loss", loss)? {
        net.loss = found;
    }
    if let Some(found) = section.opt("duplicate", Field::share)? {
        net.duplicate = found;
    }
    if let Some(field) = section.get("reorder") {
        let reorder = field.section("`reorder`", &["share", "by"])?;
        net.reorder = reorder.need("share", "\"1%\"")?.share()?;
        net.reorder_by_ns = reorder.need("by", "\"50ms\"")?.some_time()?;
    }
    Ok(net)
}

/// Reads what `[net]` says of damage: one fault for each way of it.
pub(super) fn noise(file: &Section<'_>, run: &Run) -> Outcome<Vec<Fault>> {
    let Some(field) = file.get("net") else { return Ok(Vec::new()) };
    let both = damage(&field.section("[net]", KEYS)?)?;
    let corrupt = Damage { truncate: Share::NEVER, ..both };
    let truncate = Damage { corrupt: Share::NEVER, ..both };
    let ways = [(NET_CORRUPT, corrupt), (NET_TRUNCATE, truncate)];
    let fault = |(id, damage): (&str, Damage)| Fault {
        id: id.to_owned(),
        at_ns: run.warmup_ns,
        for_ns: None,
        kind: FaultKind::Noise { damage },
    };
    Ok(ways.into_iter().filter(|(_, damage)| *damage != Damage::default()).map(fault).collect())
}

/// Reads `corrupt` and `truncate`.
pub(super) fn damage(section: &Section<'_>) -> Outcome<Damage> {
    Ok(Damage {
        corrupt: section.opt("corrupt", |field| random(field, "`corrupt`"))?.unwrap_or_default(),
        truncate: section.opt("truncate", |field| random(field, "`truncate`"))?.unwrap_or_default(),
    })
}

/// Reads `{ random = "1%" }`.
pub(super) fn loss(field: &Field<'_>) -> Outcome<Share> {
    random(field, "`loss`")
}

fn random(field: &Field<'_>, place: &'static str) -> Outcome<Share> {
    field.section(place, &["random"])?.need("random", "\"1%\"")?.share()
}

/// Reads `{ time = "25ms", jitter = "10ms", … }`.
pub(super) fn delay(field: &Field<'_>) -> Outcome<Delay> {
    let section = field.section("`delay`", &["time", "jitter", "distribution", "floor"])?;
    let time_ns = section.need("time", "\"25ms\"")?.duration()?;
    let jitter = section.get("jitter");
    let jitter_ns = jitter.as_ref().map_or(Ok(0), Field::duration)?;
    let named = section.get("distribution");
    let distribution = match &named {
        Some(field) => field.word()?,
        None if jitter_ns == 0 => Distribution::Constant,
        None => Distribution::Uniform,
    };
    if let Some(field) = jitter {
        if distribution == Distribution::Constant && jitter_ns > 0 {
            return Err(
                field.wrong("a constant delay has no jitter", "leave out the jitter, or name another distribution")
            );
        }
        if distribution == Distribution::Uniform && jitter_ns > time_ns {
            return Err(field.wrong(
                "the jitter is larger than the delay, so that packets would arrive before they leave",
                format!("it can be at most {}", duration_text(time_ns)),
            ));
        }
    }
    if let Some(field) = named
        && distribution != Distribution::Constant
        && jitter_ns == 0
    {
        let name = distribution.name();
        return Err(field.wrong(
            format!("a delay with the distribution `{name}` needs a jitter"),
            "add, for example, `jitter = \"10ms\"`",
        ));
    }
    let floor_ns = section.opt("floor", |field| {
        let floor_ns = field.duration()?;
        if floor_ns > time_ns {
            return Err(field.wrong(
                "the floor is higher than the delay itself",
                format!("it can be at most {}", duration_text(time_ns)),
            ));
        }
        Ok(floor_ns)
    })?;
    Ok(Delay { time_ns, jitter_ns, floor_ns: floor_ns.unwrap_or(FLOOR_NS.min(time_ns)), distribution })
}
