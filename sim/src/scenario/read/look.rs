//! What is looked at, and of whom, for an expectation?

use super::configure::some_nodes;
use super::mistake::Outcome;
use super::table::{Field, Section};
use super::units::duration_text;
use crate::scenario::{Is, Look, Metric, Scenario, Selector};

/// How what is to be seen is read.
type Read = fn(&Field<'_>) -> Outcome<Is>;

/// What can be looked at, how it is read, and an example.
const LOOKS: [(Metric, Read, &str); 4] = [
    (Metric::Standing, |field| field.word().map(Is::Standing), "\"in-quorum\""),
    (Metric::Loss, |field| field.word().map(Is::Loss), "\"suspect-down\""),
    (Metric::WhoGoes, |field| field.word().map(Is::Goes), "\"the-other\""),
    (Metric::Health, |field| field.word().map(Is::Health), "\"alive\""),
];

/// Whether something goes with a metric.
type Goes = fn(Metric) -> bool;

/// The keys of looks, and with which metrics they go, also in words.
const KEYS: [(&str, Goes, &str); 3] = [
    ("at", Metric::is_looked_at, "`standing`, `loss`, `who_goes` and `health`"),
    ("is", Metric::is_looked_at, "`standing`, `loss`, `who_goes` and `health`"),
    ("of", Metric::has_subjects, "`loss`, `who_goes` and `health`"),
];

/// Reads `nodes` of an expectation: of whom it is. Nobody named is everybody.
pub(super) fn nodes(section: &Section<'_>, metric: Metric, scenario: &Scenario) -> Outcome<Vec<Selector>> {
    if metric.is_looked_at() {
        section.need("nodes", "\"all\"")?;
    }
    let nodes = section.opt("nodes", |field| {
        if !metric.has_nodes() {
            return Err(field.wrong(
                format!("`{metric}` is not measured of some nodes only"),
                "`nodes` goes with `standing`, `loss`, `who_goes`, `health`, `quorum.changes`, `quorum.lost` and \
                 `quorum.gained` only",
            ));
        }
        some_nodes(field, &scenario.faults, scenario.nodes.count)
    })?;
    Ok(nodes.unwrap_or_default())
}

/// Reads what an expectation is to see at an instant, if its metric is about one.
pub(super) fn read(section: &Section<'_>, metric: Metric, scenario: &Scenario) -> Outcome<Option<Look>> {
    for (key, goes, with) in KEYS {
        if let Some(field) = section.get(key).filter(|_| !goes(metric)) {
            return Err(field.wrong(format!("`{metric}` has no `{key}`"), format!("`{key}` goes with {with} only")));
        }
    }
    let Some((_, is, example)) = LOOKS.iter().find(|(of, ..)| *of == metric) else { return Ok(None) };
    let at_ns = instant(&section.need("at", "\"30s\"")?, scenario)?;
    let is = is(&section.need("is", example)?)?;
    let of = if metric.has_subjects() {
        some_nodes(&section.need("of", "\"node:0\"")?, &scenario.faults, scenario.nodes.count)?
    } else {
        Vec::new()
    };
    Ok(Some(Look { at_ns, of, is }))
}

fn instant(field: &Field<'_>, scenario: &Scenario) -> Outcome<u64> {
    let (at_ns, end_ns) = (field.duration()?, scenario.run.duration_ns);
    if at_ns > end_ns {
        return Err(field.wrong(
            format!("nobody looks then: the run ends at {}", duration_text(end_ns)),
            "make the run longer, or look earlier",
        ));
    }
    Ok(at_ns)
}
