//! Which nodes does a selector name?

use super::mistake::{Outcome, advice, shown};
use super::table::Field;
use super::units::PART;
use crate::scenario::words::words;
use crate::scenario::{Count, Fault, FaultKind, Selector};

/// Every way to name nodes, for the author who found none of them.
const FORMS: &str = "a selector is \"all\", \"node:17\", \"fault:<id>.target\", \"fault:<id>.from\" or \
                     { pick = \"random\", count = \"1%\" }";

/// How nodes are picked.
#[derive(Clone, Copy)]
enum Pick {
    Random,
    First,
}

words!(Pick {
    Random = "random",
    First = "first",
});

/// Reads a selector of a fault that stands behind `earlier` in a file with so many nodes.
pub(super) fn read(field: &Field<'_>, earlier: &[Fault], nodes: u32) -> Outcome<Selector> {
    let Some(text) = field.as_text() else {
        return pick(field, nodes);
    };
    if text == "all" {
        Ok(Selector::All)
    } else if let Some(number) = text.strip_prefix("node:") {
        node(field, number, nodes)
    } else if let Some(reference) = text.strip_prefix("fault:") {
        borrowed(field, reference, earlier)
    } else {
        Err(field.wrong(format!("{} names no nodes", shown(text)), FORMS))
    }
}

fn node(field: &Field<'_>, number: &str, nodes: u32) -> Outcome<Selector> {
    // The standard parser would take a sign as well.
    let sound = number.bytes().all(|b| b.is_ascii_digit());
    match number.parse().ok().filter(|_| sound) {
        Some(index) if index < nodes => Ok(Selector::Node(index)),
        _ => Err(field.wrong(
            format!("there is no node {}", shown(number)),
            format!("the nodes are node:0 to node:{}", nodes - 1),
        )),
    }
}

fn borrowed(field: &Field<'_>, reference: &str, earlier: &[Fault]) -> Outcome<Selector> {
    let Some((id, part)) = reference.rsplit_once('.') else {
        return Err(field.wrong(
            "this does not say which nodes of the fault are meant",
            "write \"fault:<id>.target\" or \"fault:<id>.from\"",
        ));
    };
    let Some(index) = earlier.iter().position(|fault| fault.id == id) else {
        let ids: Vec<&str> = earlier.iter().map(|fault| fault.id.as_str()).collect();
        return Err(
            field.wrong(format!("no earlier fault has the id {}", shown(id)), advice("earlier faults", id, &ids))
        );
    };
    let fault = &earlier[index];
    let valid = fault.lends().map(|_| match fault.kind {
        FaultKind::Crash { .. } | FaultKind::Inject { .. } | FaultKind::Pause { .. } | FaultKind::Partition { .. } => {
            "target"
        }
        FaultKind::Link { .. } | FaultKind::Noise { .. } => "from",
    });
    match valid {
        Some(valid) if valid == part => Ok(Selector::SameAs(index)),
        Some(valid) => Err(field.wrong(
            format!("the fault `{id}` has no nodes called {}", shown(part)),
            format!("write \"fault:{id}.{valid}\""),
        )),
        None => Err(field.wrong(
            format!("the fault `{id}` has no target"),
            "name a crash, a pause, an injection, a link, or a partition with shape = \"isolate\"",
        )),
    }
}

/// Reads `{ pick = "random", count = "1%" }`.
fn pick(field: &Field<'_>, nodes: u32) -> Outcome<Selector> {
    if !field.is_table() {
        return Err(field.wrong_type("a selector", FORMS));
    }
    let section = field.section("a selector", &["pick", "count"])?;
    let pick = section.need("pick", "\"random\"")?.word()?;
    let count = section.need("count", "\"1%\"")?;
    let count = if count.as_text().is_some() {
        let part = count.quantity(&PART)?;
        match u32::try_from(part) {
            Ok(0) | Err(_) => {
                return Err(count.wrong("this picks nobody", "pick more than 0%, or a number"));
            }
            Ok(part) => Count::Millionths(part),
        }
    } else {
        Count::Nodes(count.small(1..=nodes)?)
    };
    Ok(match pick {
        Pick::Random => Selector::Random(count),
        Pick::First => Selector::First(count),
    })
}
