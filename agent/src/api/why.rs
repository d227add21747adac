//! Why is something believed of a member, in sentences?

use axum::extract::State;
use quidnunc::{Evidence, HelperView, NodeId, ProbeView, Reason, View};

use super::extract::Params;
use super::members::who;
use super::{Answer, Of, Problem, reply};
use crate::duration::shown;
use crate::model::{OfMember, WhyReport};

/// `GET /v1/why`
pub(super) async fn why(State(agent): Of, Params(OfMember { member }): Params<OfMember>) -> Answer<WhyReport> {
    let id = agent.find(member).await?;
    let report = agent.node.read(move |driver| {
        let view = driver.view();
        let why = view.why(id)?;
        let because = because(view, why.reason, why.evidence.as_ref());
        Some(WhyReport { who: who(view, id), addr: view.member(id)?.addr, status: why.health.into(), because })
    });
    // It may have been forgotten since it was found.
    let report = report.await?.ok_or_else(|| Problem::bad("unknown_member", "it is forgotten"))?;
    reply(report)
}

/// What speaks for a belief.
pub(crate) fn because(view: View<'_>, reason: Reason, evidence: Option<&Evidence>) -> Vec<String> {
    let mut said = vec![reason.to_string()];
    let Some(Evidence { source, accusers, death_from, probe, last_chance, heard: _ }) = evidence else { return said };
    let name = |id: &NodeId| who(view, *id).shown();
    said.extend(source.as_ref().map(|source| format!("{} told it", name(source))));
    if !accusers.is_empty() {
        said.push(format!("accused by {}", accusers.iter().map(name).collect::<Vec<_>>().join(", ")));
    }
    said.extend(death_from.as_ref().map(|from| format!("{} said first that it is dead", name(from))));
    said.extend(probe.as_ref().map(|probe| of_probe(view, "a ping", probe)));
    said.extend(last_chance.as_ref().map(|probe| of_probe(view, "the last question", probe)));
    said
}

fn of_probe(view: View<'_>, what: &str, probe: &ProbeView) -> String {
    let ProbeView { sent, direct_wait, until, answered, helpers } = probe;
    let whole = sent.map(|sent| until.since(sent));
    let came = match (whole, answered) {
        (None, _) => "has not left yet".to_owned(),
        (Some(_), true) => "was answered too late, or without a contradiction".to_owned(),
        (Some(whole), false) if direct_wait.is_zero() => format!("had no answer within {}", shown(whole)),
        (Some(whole), false) => {
            format!("had no answer within {}, nor with help within {}", shown(*direct_wait), shown(whole))
        }
    };
    let helper = |HelperView { id, said }: &HelperView| format!("{} {said}", who(view, *id).shown());
    let helpers: Vec<_> = helpers.iter().map(helper).collect();
    if helpers.is_empty() { format!("{what} {came}") } else { format!("{what} {came}; {}", helpers.join(", ")) }
}
