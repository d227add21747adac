//! What must hold, according to the `[[expect]]` tables?

use super::look;
use super::mistake::{Mistake, Outcome, advice, shown};
use super::table::{Field, Section};
use super::units::{DURATION, RATE};
use crate::scenario::words::Word;
use crate::scenario::{Anchor, Edge, Expect, Fault, FaultKind, Metric, Op, Scenario, Scope, Stat, Unit};

const KEYS: &[&str] =
    &["id", "metric", "nodes", "of", "at", "is", "fault", "after", "where", "stat", "max", "min", "equals", "across"];

/// Reads every `[[expect]]` of a scenario that is complete but for them.
pub(super) fn read(file: &Section<'_>, scenario: &Scenario) -> Outcome<Vec<Expect>> {
    let mut expects: Vec<Expect> = Vec::new();
    if let Some(field) = file.get("expect") {
        for section in field.sections("[[expect]]")? {
            let expect = read_one(&section, scenario, &expects)?;
            expects.push(expect);
        }
    }
    Ok(expects)
}

fn read_one(section: &Section<'_>, scenario: &Scenario, earlier: &[Expect]) -> Outcome<Expect> {
    section.only(KEYS)?;
    let metric_field = section.need("metric", "\"detection.dead\"")?;
    let metric: Metric = metric_field.word()?;
    let fault = section.opt("fault", |f| crash(f, metric, &scenario.faults))?;
    if metric.is_detection() && !scenario.faults.iter().any(is_crash) {
        return Err(metric_field.wrong(
            format!("`{metric}` measures crashes, and nothing crashes in this file"),
            "add a [[fault]] with kind = \"crash\"",
        ));
    }
    if metric.is_of_state() && scenario.writes.is_empty() {
        return Err(metric_field.wrong(
            format!("`{metric}` measures writes, and nothing is written in this file"),
            "add a [[write]] with nodes = \"all\"",
        ));
    }
    if metric.is_of_infos() && !scenario.has_links() {
        return Err(metric_field.wrong(
            format!("`{metric}` measures links and infos, and nodes of this file have none"),
            "write `profile = \"infos\"` in [protocol]",
        ));
    }
    if metric.is_of_quorum() && scenario.protocol.quorum.is_none() {
        return Err(metric_field.wrong(
            format!("`{metric}` measures the quorum, and nodes of this file have none"),
            "write `profile = \"quorum-store\"` or `quorum = { provider = \"majority\" }` in [protocol]",
        ));
    }
    let nodes = look::nodes(section, metric, scenario)?;
    let look = look::read(section, metric, scenario)?;
    let after = section.opt("after", |f| anchor(f, metric, scenario))?;
    let scope = section.opt("where", |f| scope(f, metric))?;
    let stat = section.opt("stat", |f| stat(f, metric))?;
    let stat = stat.unwrap_or(if metric.is_counter() { Stat::Count } else { Stat::Max });
    let (op, bound) = bound(section, metric, stat)?;
    let id = section.opt("id", |f| id(f, earlier))?;
    Ok(Expect {
        // The number keeps these apart from one another, the dot from every id that a file can give.
        id: id.unwrap_or_else(|| format!("{metric}.{stat}#{}", earlier.len() + 1)),
        metric,
        fault,
        after,
        scope: scope.unwrap_or_default(),
        nodes,
        look,
        stat,
        op,
        bound,
        across: section.opt("across", |f| f.word())?.unwrap_or_default(),
    })
}

fn is_crash(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Crash { says_goodbye: false, .. })
}

fn id(field: &Field<'_>, earlier: &[Expect]) -> Outcome<String> {
    let id = field.id()?;
    if earlier.iter().any(|expect| expect.id == id) {
        return Err(field
            .wrong(format!("two expectations have the id `{id}`"), "reports could not tell them apart; rename one"));
    }
    Ok(id)
}

/// The fault with an id that stands in `field`.
fn find(field: &Field<'_>, id: &str, faults: &[Fault]) -> Outcome<usize> {
    faults.iter().position(|f| f.id == id).ok_or_else(|| {
        let ids: Vec<&str> = faults.iter().map(|f| f.id.as_str()).collect();
        field.wrong(format!("no fault has the id {}", shown(id)), advice("faults", id, &ids))
    })
}

fn crash(field: &Field<'_>, metric: Metric, faults: &[Fault]) -> Outcome<usize> {
    let index = find(field, field.text()?, faults)?;
    if !metric.is_detection() && metric != Metric::Hops {
        return Err(field.wrong(
            format!("`{metric}` is not measured per fault"),
            "`fault` goes with `detection.*` and `hops` only",
        ));
    }
    let fault = &faults[index];
    if !is_crash(fault) {
        return Err(field.wrong(
            format!("`{metric}` of a fault measures a crash, and `{}` is none", fault.id),
            "name a fault with kind = \"crash\"",
        ));
    }
    Ok(index)
}

fn anchor(field: &Field<'_>, metric: Metric, scenario: &Scenario) -> Outcome<Anchor> {
    if !metric.has_anchor() {
        return Err(field.wrong(
            format!("`{metric}` is not measured from an instant"),
            "`after` goes with `converged`, `agreed`, `links.joined`, `links.last_asked`, `infos.connected`, `quorum.lost` and \
             `quorum.gained` only",
        ));
    }
    let text = field.text()?;
    let edge_of = |word| Edge::ALL.iter().copied().find(|e| e.name() == word);
    let split = text.rsplit_once('.');
    let Some((id, edge)) = split.and_then(|(id, word)| Some((id, edge_of(word)?))) else {
        return Err(
            field.wrong(format!("{} is no instant", shown(text)), "write \"<fault id>.start\" or \"<fault id>.end\"")
        );
    };
    let fault = find(field, id, &scenario.faults)?;
    if edge == Edge::End && scenario.fault_end_ns(fault).is_none() {
        let stops = matches!(scenario.faults[fault].kind, FaultKind::Crash { .. });
        let key = if stops { "restart" } else { "for" };
        return Err(field.wrong(
            format!("the fault `{id}` has no end: it lasts to the end of the run"),
            format!("give the fault a `{key}`, or write \"{id}.start\""),
        ));
    }
    Ok(Anchor { fault, edge })
}

fn scope(field: &Field<'_>, metric: Metric) -> Outcome<Scope> {
    if !metric.has_sides() {
        return Err(
            field.wrong(format!("`{metric}` does not distinguish sides"), "`where` goes with `false_positive*` only")
        );
    }
    field.word()
}

fn stat(field: &Field<'_>, metric: Metric) -> Outcome<Stat> {
    let stat = field.word()?;
    if metric.is_counter() && stat != Stat::Count {
        return Err(
            field.wrong(format!("`{metric}` is a counter and has no `{stat}`"), "leave out `stat`, or write \"count\"")
        );
    }
    Ok(stat)
}

fn bound(section: &Section<'_>, metric: Metric, stat: Stat) -> Outcome<(Op, u64)> {
    let mut given: Vec<(Op, Field<'_>)> =
        Op::ALL.iter().filter_map(|op| Some((*op, section.get(op.name())?))).collect();
    given.sort_by_key(|(_, field)| field.span.start);
    match given.as_slice() {
        // Of what is looked at there is to be no exception.
        [] if metric.is_looked_at() => Ok((Op::Max, 0)),
        [] => Err(Mistake {
            span: section.span.clone(),
            message: "this expectation has no bound".to_owned(),
            help: Some("add one of `max`, `min` and `equals`".to_owned()),
        }),
        [(op, field)] => Ok((*op, bound_value(field, metric, stat)?)),
        [_, (_, second), ..] => Err(second.wrong("this expectation has two bounds", "write one [[expect]] for each")),
    }
}

fn bound_value(field: &Field<'_>, metric: Metric, stat: Stat) -> Outcome<u64> {
    let plain = |help: String| field.integer(0..=u64::MAX).map_err(|mistake| Mistake { help: Some(help), ..mistake });
    if stat == Stat::Count {
        return plain("a number of samples is a plain number, such as 3".to_owned());
    }
    match metric.unit() {
        Unit::Nanoseconds => field.quantity(&DURATION),
        Unit::BytesPerSecond => field.quantity(&RATE),
        Unit::Count | Unit::Hops | Unit::PacketsPerSecond => plain(format!("`{metric}` is a plain number, such as 3")),
    }
}
