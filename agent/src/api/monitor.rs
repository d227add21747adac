//! What happens, as typed events that say why?

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use quidnunc::{Event, LinkChange, MemberChange, NodeId, View};

use super::detail::detail;
use super::extract::Params;
use super::lines::{Gone, Lines, told_by};
use super::members::who;
use super::why::because;
use super::{Agent, Of, Problem, overlay, phrases, quorum};
use crate::duration::shown;
use crate::hub::{Heard, Told, Watcher};
use crate::model::{Bytes, Happening, MonitorFilter, MonitorLine, Status, list};

/// All kinds of events.
const KINDS: [&str; 19] = [
    "member",
    "joined",
    "refuted",
    "moved",
    "conflict",
    "replicated",
    "leaving",
    "left",
    "value",
    "info",
    "event",
    "query",
    "link",
    "links",
    "healed",
    "stream-only",
    "quorum",
    "ping",
    "mail",
];

/// `GET /v1/monitor`
pub(super) async fn monitor(State(agent): Of, Params(filter): Params<MonitorFilter>) -> Result<Response, Problem> {
    let kinds: Vec<String> = list(filter.kind.as_deref()).map(str::to_owned).collect();
    if let Some(wrong) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        let problem = Problem::bad("bad_kind", format!("there is no kind of event `{wrong}`"));
        return Err(problem.hint(format!("there are {}", KINDS.join(", "))));
    }
    let watcher = agent.hub.watch();
    Ok(told_by(move |lines| tell(agent, kinds, watcher, lines)))
}

async fn tell(agent: Arc<Agent>, kinds: Vec<String>, mut watcher: Watcher, lines: Lines) -> Result<(), Gone> {
    lines.say(MonitorLine::Watching(true)).await?;
    loop {
        match lines.hear(&mut watcher).await {
            Heard::Event(told) => {
                let happened =
                    agent.node.read(move |driver| happening(driver.view(), &told)).await.map_err(|_| Gone)?;
                if kinds.is_empty() || kinds.contains(&happened.kind) {
                    lines.say(MonitorLine::Event(Box::new(happened))).await?;
                }
            }
            Heard::Lost(count) => lines.say(MonitorLine::Lost(count)).await?,
            Heard::End => return Ok(()),
        }
    }
}

/// An event for people and programs.
fn happening(view: View<'_>, Told { at_ms, event }: &Told) -> Happening {
    let (kind, about, text) = words(view, event);
    let because = if let Event::Member(change) = event {
        because(view, change.reason, change.evidence.as_deref())
    } else {
        Vec::new()
    };
    let (kind, about) = (kind.into(), about.map(|id| who(view, id)));
    Happening { at_ms: *at_ms, kind, about, text, because, detail: detail(view, event) }
}

fn of_member(view: View<'_>, change: &MemberChange) -> String {
    let name = who(view, change.id).shown();
    let now = Status::from(change.health).word();
    let was = change.was.map_or("new", |was| Status::from(was).word());
    let moved = change.moved_from.map_or_else(String::new, |from| format!(", moved from {from}"));
    format!("{name} at {} is {now}, was {was}{moved}", change.addr)
}

fn of_link(view: View<'_>, change: &LinkChange) -> String {
    let name = who(view, change.id).shown();
    let direction = if change.outgoing { "to" } else { "from" };
    match change.ended {
        None => format!("a link {direction} {name} has opened"),
        Some(why) => format!("a link {direction} {name} has closed: {}", phrases::of_end(why)),
    }
}

/// The kind of an event, whom it is about, and what it says.
fn words(view: View<'_>, event: &Event) -> (&'static str, Option<NodeId>, String) {
    let name = |id: NodeId| who(view, id).shown();
    let text = |bytes: &[u8]| Bytes::new(bytes).shown();
    match event {
        Event::Joined { members } => ("joined", None, format!("joined: {members} live members are known")),
        Event::Refuted { incarnation, cause } => {
            let cause = phrases::of_cause(*cause);
            ("refuted", None, format!("this node contradicts what is said of it as {incarnation}: {cause}"))
        }
        Event::Moved { from, to, .. } => {
            ("moved", None, format!("this node is reached at {to} from now on: nobody reaches it at {from}"))
        }
        Event::Conflict(conflict) => {
            let stops = if conflict.stops { "this one" } else { "that one" };
            ("conflict", None, format!("{} has this node's identity; {stops} stops", conflict.addr))
        }
        Event::Leaving(it) => ("leaving", None, format!("{} of {} have confirmed the goodbye", it.peers, it.of)),
        Event::Left(it) => ("left", None, format!("left; {} of {} have confirmed", it.peers, it.of)),
        Event::Value(it) => {
            let now = if it.value.is_some() { "has changed" } else { "stands for nothing" };
            ("value", Some(it.owner), format!("{} of {} {now}", text(&it.key), name(it.owner)))
        }
        Event::Info(it) => {
            ("info", None, format!("{} {}", text(&it.key), if it.ended { "has ended" } else { "has changed" }))
        }
        Event::User(it) => {
            ("event", Some(it.origin), format!("{} says {}: {}", name(it.origin), text(&it.name), text(&it.payload)))
        }
        Event::LinksStanding { standing } => {
            ("links", None, format!("links: {}", overlay::word(*standing).replace('-', " ")))
        }
        Event::PartitionHealed(it) => {
            let away = shown(it.away);
            ("healed", Some(it.sample), format!("a partition has healed: {} are back after up to {away}", it.returned))
        }
        Event::StreamOnly { id } => ("stream-only", Some(*id), format!("{} answers by stream only", name(*id))),
        Event::Standing(it) => {
            let [to, from] = [it.to, it.from].map(|standing| quorum::word(standing).replace('-', " "));
            ("quorum", None, format!("{to}, was {from}: {}", quorum::because(it.why)))
        }
        Event::Lost { id, loss } => {
            ("quorum", Some(*id), format!("{} is lost: {}", name(*id), phrases::of_loss(*loss)))
        }
        Event::Replicated { version, replicas, .. } => {
            ("replicated", None, format!("{replicas} others hold version {version}"))
        }
        Event::NotReplicated { version, replicas, .. } => {
            ("replicated", None, format!("only {replicas} others are known to hold version {version}"))
        }
        Event::Message { from, .. } => ("mail", Some(*from), format!("a letter from {}", name(*from))),
        Event::Note { from, .. } => ("mail", Some(*from), format!("a note from {}", name(*from))),
        Event::Answer(it) => ("query", Some(it.from), format!("{} answers query {}", name(it.from), it.query)),
        Event::QueryEnded { query, answers } => ("query", None, format!("query {query} has {answers} answers")),
        Event::GroupConflict(key) => ("info", None, format!("{} is defined otherwise elsewhere", text(key))),
        Event::Member(change) => ("member", Some(change.id), of_member(view, change)),
        Event::Link(change) => ("link", Some(change.id), of_link(view, change)),
        Event::Sent { number } => ("mail", None, format!("letter {number} has arrived")),
        Event::NotSent { number, why } => {
            let why = phrases::of_not_sent(*why);
            ("mail", None, format!("letter {number} is not known to have arrived: {why}"))
        }
        Event::Pinged { id, rtt } => {
            let rtt = rtt.map_or_else(|| "no answer".into(), shown);
            ("ping", Some(*id), format!("ping of {}: {rtt}", name(*id)))
        }
        Event::EventsLost { count } => ("lost", None, format!("{count} events were missed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        let mut kinds = KINDS.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), KINDS.len());
    }
}
