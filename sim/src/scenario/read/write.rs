//! What do nodes write, according to the `[[write]]` tables?

use super::mistake::{Mistake, Outcome};
use super::selector;
use super::table::{Field, Section};
use super::units::{SIZE, duration_text};
use crate::scenario::writes::WriteKind;
use crate::scenario::{Fault, Run, When, Write, Written};

const KEYS: &[&str] = &["id", "nodes", "initial", "at", "every", "until", "keys", "kind", "value", "ttl"];

/// Most keys that a node may write to: the metrics keep a few bytes for each of them and each observer.
const KEYS_MAX: u32 = 10_000;

/// Most bytes of a value; how many of them go into a datagram is for the protocol to judge.
const VALUE_BYTES_MAX: u64 = 1 << 20;

/// Reads every `[[write]]` of a file that has these faults.
pub(super) fn read(file: &Section<'_>, run: &Run, faults: &[Fault], nodes: u32) -> Outcome<Vec<Write>> {
    let mut writes: Vec<Write> = Vec::new();
    if let Some(field) = file.get("write") {
        for section in field.sections("[[write]]")? {
            let write = read_one(&section, run, (faults, nodes), &writes)?;
            writes.push(write);
        }
    }
    Ok(writes)
}

fn read_one(section: &Section<'_>, run: &Run, (faults, nodes): (&[Fault], u32), earlier: &[Write]) -> Outcome<Write> {
    section.only(KEYS)?;
    let id_field = section.need("id", "\"load\"")?;
    let id = id_field.id()?;
    if earlier.iter().any(|write| write.id == id) {
        return Err(
            id_field.wrong(format!("two writes have the id `{id}`"), "they would have the same chances; rename one")
        );
    }
    let nodes = selector::read(&section.need("nodes", "\"all\"")?, faults, nodes)?;
    let when = when(section, run, "write")?;
    let keys = section.opt("keys", |field| field.small(1..=KEYS_MAX))?.unwrap_or(1);
    Ok(Write { id, nodes, when, keys, what: what(section, when)? })
}

/// When something happens that a message calls by this name.
pub(super) fn when(section: &Section<'_>, run: &Run, name: &str) -> Outcome<When> {
    if section.opt("initial", Field::switch)? == Some(true) {
        return match ["at", "every", "until"].into_iter().find_map(|key| section.get(key)) {
            Some(field) => Err(field.wrong(
                format!("an initial {name} has no `{}`: it happens when nodes start", field.key),
                format!("leave out `{}`, or `initial`", field.key),
            )),
            None => Ok(When::AtStart),
        };
    }
    let at_ns = instant(&section.need("at", "\"20s\"")?, run, &format!("the {name} never happens"))?;
    let every = section.get("every");
    let until = section.opt("until", |field| {
        if every.is_none() {
            return Err(field.wrong("what happens once has no end", "leave out `until`, or add `every`"));
        }
        let until_ns = field.duration()?;
        if until_ns > run.duration_ns {
            return Err(field.wrong(
                format!("the run ends before, at {}", duration_text(run.duration_ns)),
                "leave out `until` if it goes on to the end of the run",
            ));
        }
        if until_ns <= at_ns {
            return Err(field.wrong(
                format!("the {name}s end before they begin"),
                format!("they begin at {}; end later", duration_text(at_ns)),
            ));
        }
        Ok(until_ns)
    })?;
    Ok(match every {
        None => When::Once { at_ns },
        Some(every) => When::Every { at_ns, every_ns: every.some_time()?, until_ns: until.unwrap_or(run.duration_ns) },
    })
}

/// When something happens that must happen before the run ends; `what` is what messages say if it does not.
pub(super) fn instant(field: &Field<'_>, run: &Run, what: &str) -> Outcome<u64> {
    let at_ns = field.duration()?;
    if at_ns >= run.duration_ns { Err(too_late(field, run, what)) } else { Ok(at_ns) }
}

/// Something would happen after the run.
pub(super) fn too_late(field: &Field<'_>, run: &Run, what: &str) -> Mistake {
    let end = duration_text(run.duration_ns);
    field.wrong(format!("{what}: the run ends at {end}"), "make the run longer, or the times shorter")
}

fn what(section: &Section<'_>, when: When) -> Outcome<Written> {
    let kind_field = section.get("kind");
    let kind: WriteKind = kind_field.as_ref().map(Field::word).transpose()?.unwrap_or_default();
    if kind == WriteKind::Delete {
        if let (When::AtStart, Some(kind)) = (when, kind_field) {
            return Err(kind.wrong("a node has nothing to delete when it starts", "leave out `initial`, or `kind`"));
        }
        return match ["value", "ttl"].into_iter().find_map(|key| section.get(key)) {
            Some(field) => Err(field.wrong(
                format!("a deletion has no {}", field.key),
                format!("leave out `{}`, or write `kind = \"put\"`", field.key),
            )),
            None => Ok(Written::Delete),
        };
    }
    let bytes = size(&section.need("value", "\"20B\"")?)?;
    Ok(Written::Put { bytes, ttl_ns: section.opt("ttl", |field| field.some_time())? })
}

fn size(field: &Field<'_>) -> Outcome<u32> {
    let too_large = || -> Mistake {
        field.wrong("no value is that large", "a value has 1024KiB at most, and must fit into a datagram")
    };
    let bytes = field.quantity(&SIZE)?;
    let fits = |bytes: &u32| u64::from(*bytes) <= VALUE_BYTES_MAX;
    u32::try_from(bytes).ok().filter(fits).ok_or_else(too_large)
}
