//! Who is in the cluster?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use quidnunc::{Event, NodeId, Record, View};

use super::extract::Params;
use super::lines::{Gone, Lines, told_by};
use super::room::{Room, too_large};
use super::{Agent, Answer, Of, Problem, reply};
use crate::hub::{Heard, Watcher};
use crate::model::{Brief, Member, MemberFilter, MemberLine, Members, Status, Who, list};
use crate::names::{self, TAG_PREFIX, TAGS_MAX};

/// Of so many members the rows are read in one go: the node waits that long.
const STEP_MEMBERS: usize = 64;

/// `GET /v1/members`
pub(super) async fn members(State(agent): Of, Params(filter): Params<MemberFilter>) -> Answer<Members> {
    let wanted = Wanted::new(&filter)?;
    reply(Members { members: wanted.all(&agent).await? })
}

/// `GET /v1/members/watch`
pub(super) async fn watch(State(agent): Of, Params(filter): Params<MemberFilter>) -> Result<Response, Problem> {
    let wanted = Wanted::new(&filter)?;
    // Before the members are read, so that no change is missed between.
    let watcher = agent.hub.watch();
    Ok(told_by(move |lines| tell(agent, wanted, watcher, lines)))
}

async fn tell(agent: Arc<Agent>, wanted: Wanted, mut watcher: Watcher, lines: Lines) -> Result<(), Gone> {
    // Whoever was told as wanted is told once more when it is so no longer: its reader takes it off its list.
    let mut shown = tell_all(&agent, &wanted, &lines).await?;
    loop {
        match lines.hear(&mut watcher).await {
            Heard::Event(told) => {
                let Some(id) = changed(&told.event) else { continue };
                let one = agent.node.read(move |driver| row(driver.view(), id)).await.map_err(|_| Gone)?;
                let Some(member) = one else { continue };
                let is_told = if wanted.fits(&member) {
                    shown.insert(member.brief.who.id.clone());
                    true
                } else {
                    shown.remove(&member.brief.who.id)
                };
                if is_told {
                    lines.say(MemberLine::Member(member)).await?;
                }
            }
            Heard::Lost(count) => {
                lines.say(MemberLine::Lost(count)).await?;
                shown = tell_all(&agent, &wanted, &lines).await?;
            }
            Heard::End => return Ok(()),
        }
    }
}

/// Tells all that are wanted, however many, and returns their ids. Who changes meanwhile is heard of.
async fn tell_all(agent: &Agent, wanted: &Wanted, lines: &Lines) -> Result<BTreeSet<String>, Gone> {
    let mut shown = BTreeSet::new();
    let in_order = |view: View<'_>| {
        let mut ids: Vec<_> = view.members().map(|record| (who(view, record.id), record.id)).collect();
        ids.sort();
        ids.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    let ids = agent.node.read(move |driver| in_order(driver.view())).await.map_err(|_| Gone)?;
    for step in ids.chunks(STEP_MEMBERS) {
        let step = step.to_vec();
        let rows = move |view: View<'_>| step.iter().filter_map(|&id| row(view, id)).collect::<Vec<_>>();
        let rows = agent.node.read(move |driver| rows(driver.view())).await.map_err(|_| Gone)?;
        for member in rows.into_iter().filter(|member| wanted.fits(member)) {
            shown.insert(member.brief.who.id.clone());
            lines.say(MemberLine::Member(member)).await?;
        }
    }
    Ok(shown)
}

/// The member whose row an event changes.
fn changed(event: &Event) -> Option<NodeId> {
    let is_shown = |key: &[u8]| names::RESERVED.iter().any(|prefix| key.starts_with(prefix.as_bytes()));
    if let Event::Member(change) = event {
        Some(change.id)
    } else if let Event::Value(change) = event {
        is_shown(&change.key).then_some(change.owner)
    } else {
        None
    }
}

/// Whom somebody wants to see.
#[derive(Clone)]
pub(super) struct Wanted {
    statuses: Vec<Status>,
    domain: Option<String>,
    tags: Vec<(String, Option<String>)>,
}

impl Wanted {
    pub(super) fn new(filter: &MemberFilter) -> Result<Self, Problem> {
        let statuses = filter.statuses().map_err(|word| {
            let valid = Status::ALL.map(Status::word).join(", ");
            Problem::bad("bad_status", format!("there is no status `{word}`")).hint(format!("there are {valid}"))
        })?;
        let tag = |text: &str| match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text.to_owned(), None),
        };
        let tags = list(filter.tag.as_deref()).map(tag).collect();
        Ok(Self { statuses, domain: filter.domain.clone(), tags })
    }

    fn fits(&self, member: &Member) -> bool {
        let has = |(name, value): &(String, Option<String>)| {
            member.tags.get(name).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
        };
        let is_wanted = match &self.statuses[..] {
            // Somebody has said that these will not come back.
            [] => member.brief.status != Status::Removed,
            statuses => statuses.contains(&member.brief.status),
        };
        is_wanted && (self.domain.is_none() || self.domain == member.brief.domain) && self.tags.iter().all(has)
    }

    pub(super) async fn all(&self, agent: &Agent) -> Result<Vec<Member>, Problem> {
        let wanted = self.clone();
        let rows = agent.node.read(move |driver| wanted.rows(driver.view())).await?;
        let mut rows = rows.ok_or_else(|| too_large("ask for less: a status, a tag or a domain"))?;
        rows.sort_by(|a, b| a.brief.who.cmp(&b.brief.who));
        Ok(rows)
    }

    /// `None` if they find no room.
    fn rows(&self, view: View<'_>) -> Option<Vec<Member>> {
        let (mut rows, mut room) = (Vec::new(), Room::new());
        for row in view.members().map(|record| member(view, &record)).filter(|row| self.fits(row)) {
            room.take(row.tags.iter().map(|(name, value)| name.len() + value.len()).sum())?;
            rows.push(row);
        }
        Some(rows)
    }
}

fn row(view: View<'_>, id: NodeId) -> Option<Member> {
    view.member(id).map(|record| member(view, &record))
}

/// Who is meant by an id.
pub(crate) fn who(view: View<'_>, id: NodeId) -> Who {
    Who { name: names::name_of(view, id), id: id.to_string() }
}

impl Agent {
    /// Who is meant by an id, for a stream of lines.
    pub(super) async fn who(&self, id: NodeId) -> Result<Who, Gone> {
        self.node.read(move |driver| who(driver.view(), id)).await.map_err(|_| Gone)
    }
}

/// What every list shows of a member.
pub(super) fn brief(view: View<'_>, record: &Record) -> Brief {
    Brief {
        who: who(view, record.id),
        addr: record.addr,
        status: record.health.into(),
        own: record.id == view.id(),
        domain: names::domain_of(view, record),
        gone_ms: (!record.health.is_live()).then_some(record.age_ms),
    }
}

fn member(view: View<'_>, record: &Record) -> Member {
    Member {
        brief: brief(view, record),
        boot: record.incarnation.boot,
        counter: record.incarnation.counter,
        version: names::version_of(view, record.id),
        tags: tags(view, record.id),
    }
}

/// The tags that a member has published: the first of them, since others decide how many there are, and only what can be one.
pub(super) fn tags(view: View<'_>, id: NodeId) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let tag = |key: &[u8], value: &[u8]| Some((text(key.strip_prefix(TAG_PREFIX.as_bytes())?), text(value)));
    let fits = |(name, value): &(String, String)| names::is_tag_name(name) && names::is_tag_value(value);
    let looked_at = view.values(id, TAG_PREFIX.as_bytes()).take(TAGS_MAX);
    looked_at.filter_map(|entry| tag(entry.key, entry.value)).filter(fits).collect()
}
