//! What do nodes tell everybody, according to the `[[info]]` tables?

use quidnunc_core::{INFO_KEY_BYTES_MAX, INFO_VALUE_BYTES_MAX};

use super::mistake::Outcome;
use super::table::{Field, Section};
use super::units::SIZE;
use super::{selector, write};
use crate::scenario::{Fault, Info, Issuers, Profile, Run, When};

const KEYS: &[&str] = &["id", "nodes", "key", "initial", "at", "every", "until", "spread", "keys", "value", "ttl"];

/// Most keys that a node may issue infos under: the metrics keep a few bytes for each of them.
const KEYS_MAX: u32 = 1000;

/// Most tables: every node watches the keys of each.
const TABLES_MAX: usize = 16;

/// Reads every `[[info]]` of a file that has these faults.
pub(super) fn read(
    file: &Section<'_>,
    (run, profile): (&Run, Profile),
    faults: &[Fault],
    nodes: u32,
) -> Outcome<Vec<Info>> {
    let mut infos: Vec<Info> = Vec::new();
    if let Some(field) = file.get("info") {
        if profile != Profile::Infos {
            return Err(field.wrong(
                format!("nodes of the profile `{}` tell no infos", profile.name()),
                "write `profile = \"infos\"` in [protocol]",
            ));
        }
        let sections = field.sections("[[info]]")?;
        if sections.len() > TABLES_MAX {
            let help = format!("a file has at most {TABLES_MAX} of them; let one issue more keys");
            return Err(field.wrong(format!("there are {} tables [[info]]", sections.len()), help));
        }
        for section in sections {
            let info = read_one(&section, run, (faults, nodes), &infos)?;
            infos.push(info);
        }
    }
    Ok(infos)
}

fn read_one(section: &Section<'_>, run: &Run, (faults, nodes): (&[Fault], u32), earlier: &[Info]) -> Outcome<Info> {
    section.only(KEYS)?;
    let id_field = section.need("id", "\"own\"")?;
    let id = id_field.id()?;
    if earlier.iter().any(|info| info.id == id) {
        return Err(
            id_field.wrong(format!("two infos have the id `{id}`"), "they would have the same keys; rename one")
        );
    }
    let nodes_field = section.need("nodes", "\"all\"")?;
    let when = write::when(section, run, "info")?;
    let issuers = match nodes_field.as_text() {
        Some("lowest") if when == When::AtStart => {
            return Err(nodes_field.wrong(
                "who runs with the lowest number is asked at an instant, not at a start",
                "leave out `initial`, or name the nodes",
            ));
        }
        Some("lowest") => Issuers::Lowest,
        _ => Issuers::Nodes(selector::read(&nodes_field, faults, nodes)?),
    };
    let key = section.opt("key", key)?;
    let keys = section.opt("keys", |field| {
        if key.is_some() {
            return Err(field.wrong("all issue this info under one key", "leave out `keys`, or `key`"));
        }
        field.small(1..=KEYS_MAX)
    })?;
    let spread = section.opt("spread", |field| {
        if !matches!(when, When::Every { .. }) {
            return Err(field.wrong("what is issued once has no interval to be spread over", "add `every`"));
        }
        field.switch()
    })?;
    Ok(Info {
        id,
        issuers,
        key,
        when,
        spread: spread.unwrap_or(false),
        keys: keys.unwrap_or(1),
        bytes: section.opt("value", size)?,
        ttl_ns: section.opt("ttl", Field::some_time)?,
    })
}

fn key(field: &Field<'_>) -> Outcome<String> {
    let key = field.words()?;
    if key.len() > INFO_KEY_BYTES_MAX {
        let help = format!("a key has {INFO_KEY_BYTES_MAX} bytes at most");
        return Err(field.wrong(format!("a key of {} bytes is too long", key.len()), help));
    }
    // Such keys are those of infos without a key of their own, or of events, which nobody may issue.
    if key.contains('.') || key.starts_with("event/") || key.starts_with("node-") && key != "node-count" {
        return Err(field.wrong(
            format!("the key `{key}` may be somebody else's"),
            "a key has no dot, and does not begin with `event/` or `node-`",
        ));
    }
    Ok(key)
}

fn size(field: &Field<'_>) -> Outcome<u32> {
    let bytes = field.quantity(&SIZE)?;
    u32::try_from(bytes).ok().filter(|&bytes| bytes as usize <= INFO_VALUE_BYTES_MAX).ok_or_else(|| {
        field.wrong("no info is that large", format!("the value of an info has {INFO_VALUE_BYTES_MAX}B at most"))
    })
}
