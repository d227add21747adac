//! What did the recorded node come to believe of a member, when, and on whose word?
//!
//! After each call the node is asked why it believes what it believes, and what is new in the answer is told with the
//! instant of that call. Only probes are told later than they were: that a ping had no answer is known to be of interest once
//! somebody is suspected for it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{Evidence, Health, HelperView, Instant, Node, NodeId, ProbeView, Said, View, Why};
use quidnunc_record::{Call, Given, Opening, PlayError, Played, Tape, Watch, play};

use crate::world::address_of;

/// Sorts of things that happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The recording begins, at its start or behind a gap.
    Recording,
    /// The recorded node asks a question of its own.
    Probe,
    /// Somebody who was asked for help says something.
    Helper,
    /// Somebody says something against the member.
    Word,
    /// The recorded node believes something else than before.
    Belief,
}

impl Kind {
    /// Its name in text and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Probe => "probe",
            Self::Helper => "helper",
            Self::Word => "word",
            Self::Belief => "belief",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When, on the node's clock, which begins anew with each of its lives.
    pub at: Instant,
    /// When, on the wall's: milliseconds since 1970.
    pub unix_ms: u64,
    /// In which stretch that was recorded without a gap, counted from 1.
    pub stretch: u32,
    /// Which sort of thing.
    pub kind: Kind,
    /// What.
    pub text: String,
}

/// What there is to tell of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// How far the recording was played, or why not to its end.
    pub played: Result<Played, PlayError>,
    /// Everything, in the order of time.
    pub lines: Vec<Line>,
}

/// Nobody of this name, id or address was a member while it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nobody is called {asked} in this recording{}", if members.is_empty() { String::new() } else { format!("; there are {}", members.join(", ")) })]
pub struct Unknown {
    /// What was asked for.
    pub asked: String,
    /// Who there is.
    pub members: Vec<String>,
}

/// So many members are named to whoever asks for one that there is not.
const NAMED_MAX: usize = 20;

/// Plays a recording and tells what there is to tell of one member: a name, an id or an address.
///
/// # Errors
/// [`Unknown`] when it was no member.
pub fn explain(tape: &Tape<'_>, about: &str) -> Result<Explained, Unknown> {
    let mut teller = Teller {
        asked: about,
        sought: sought(about),
        known: None,
        ever: false,
        lines: Vec::new(),
        members: Vec::new(),
        began: (Instant::from_nanos(0), 0),
        stretch: 0,
        over: BTreeSet::new(),
    };
    let played = play(tape, &mut teller);
    let Teller { ever, mut lines, members, .. } = teller;
    if played.is_ok() && !ever {
        return Err(Unknown { asked: about.to_owned(), members });
    }
    // What was told of one instant stays in its order.
    lines.sort_by_key(|line| (line.stretch, line.at));
    Ok(Explained { played, lines })
}

/// Who is meant.
#[derive(Debug, Clone, Copy)]
enum Sought {
    Id(NodeId),
    Addr(SocketAddr),
}

fn sought(about: &str) -> Sought {
    // As scenarios name the nodes that are simulated.
    let simulated = about.strip_prefix("node:").and_then(|number| number.parse().ok()).map(address_of);
    if let Some(addr) = simulated.or_else(|| about.parse().ok()) {
        return Sought::Addr(addr);
    }
    let number = Some(about).filter(|text| text.len() == 32).and_then(|text| u128::from_str_radix(text, 16).ok());
    Sought::Id(number.map_or_else(|| NodeId::from_name(about), NodeId::from_u128))
}

/// What is known of the member that is asked for.
struct Known {
    id: NodeId,
    why: Why,
}

struct Teller<'a> {
    asked: &'a str,
    sought: Sought,
    known: Option<Known>,
    /// Whether it was ever known.
    ever: bool,
    lines: Vec<Line>,
    /// Who there is at the end, for whoever asks for nobody.
    members: Vec<String>,
    /// What both clocks said when the present part began.
    began: (Instant, u64),
    stretch: u32,
    /// The questions of which it was told that their time is over, by when they left.
    over: BTreeSet<(Instant, &'static str)>,
}

impl Watch for Teller<'_> {
    fn on_opening(&mut self, opening: &Opening<'_>, node: &Node) {
        let (at, view) = (Instant::from_nanos(opening.at), node.view());
        self.began = (at, opening.unix_ms);
        if !opening.follows {
            self.known = None;
            self.stretch += 1;
            self.say(at, Kind::Recording, format!("{} is recorded from here on", opening.name));
        }
        self.look(at, view, None);
    }

    fn on_end(&mut self, node: &Node) {
        let view = node.view();
        self.members = view.members().take(NAMED_MAX).map(|member| shown(view, member.id)).collect();
    }

    fn on_call(&mut self, at: Instant, call: &Call<'_>, _given: &Given, node: &Node) {
        let from = if let Call::Datagram { from, .. } = call { Some(*from) } else { None };
        self.look(at, node.view(), from);
    }
}

impl Teller<'_> {
    fn say(&mut self, at: Instant, kind: Kind, text: String) {
        let (began, unix_ms) = self.began;
        let (before, after) = (millis(began.since(at)), millis(at.since(began)));
        let unix_ms = unix_ms.saturating_sub(before).saturating_add(after);
        self.lines.push(Line { at, unix_ms, stretch: self.stretch, kind, text });
    }

    /// Whether anything is believed otherwise than before, after a packet from there if there was one.
    fn look(&mut self, at: Instant, view: View<'_>, from: Option<SocketAddr>) {
        let id = match (&self.known, self.sought) {
            (Some(known), _) => known.id,
            (None, Sought::Id(id)) => id,
            (None, Sought::Addr(addr)) => match view.members().find(|member| member.addr == addr) {
                Some(member) => member.id,
                None => return,
            },
        };
        let Some(why) = view.why(id) else {
            if self.known.take().is_some() {
                self.say(at, Kind::Belief, format!("{} is forgotten", self.asked));
            }
            return;
        };
        self.ever = true;
        let before = self.known.replace(Known { id, why: why.clone() }).map(|known| known.why);
        if before.as_ref() == Some(&why) {
            return;
        }
        let by = from.map(|from| format!(", in a packet from {}", at_address(view, from)));
        let nothing = Evidence::default();
        let had = before.as_ref().and_then(|why| why.evidence.as_ref()).unwrap_or(&nothing);
        if let Some(has) = &why.evidence {
            self.tell_probe(at, view, "a ping", (had.probe.as_ref(), has.probe.as_ref()));
            self.tell_probe(at, view, "the last question", (had.last_chance.as_ref(), has.last_chance.as_ref()));
            self.tell_words(at, view, (had, has), by.as_deref().unwrap_or_default());
        }
        self.tell_belief(at, view, (before.as_ref(), &why), by.as_deref());
    }

    fn tell_belief(&mut self, at: Instant, view: View<'_>, (before, now): (Option<&Why>, &Why), by: Option<&str>) {
        let health = |health: Health| match health {
            Health::Alive => "alive",
            Health::Suspect => "suspect",
            Health::Dead => "dead",
            Health::Left => "left",
            Health::Removed => "removed",
        };
        let name = self.asked.to_owned();
        match before {
            None => self.say(at, Kind::Belief, format!("{name} is {}: {}", health(now.health), now.reason)),
            Some(before) if before.health != now.health => {
                let source = now.evidence.as_ref().and_then(|evidence| evidence.source);
                let source = source.map_or_else(String::new, |source| format!("; {} told it", shown(view, source)));
                let by =
                    by.filter(|_| source.is_empty() && now.reason != quidnunc_core::Reason::Expiry).unwrap_or_default();
                let (was, is) = (health(before.health), health(now.health));
                self.say(at, Kind::Belief, format!("{name} is {is}, was {was}: {}{source}{by}", now.reason));
            }
            Some(_) => {}
        }
    }

    /// Who accuses the member, and who says that it is dead.
    fn tell_words(&mut self, at: Instant, view: View<'_>, (had, has): (&Evidence, &Evidence), by: &str) {
        for accuser in has.accusers.iter().filter(|accuser| !had.accusers.contains(accuser)) {
            self.say(at, Kind::Word, format!("{} accuses it by its own probes{by}", shown(view, *accuser)));
        }
        if let Some(from) = has.death_from.filter(|_| had.death_from.is_none()) {
            self.say(at, Kind::Word, format!("{} says that it is dead{by}", shown(view, from)));
        }
    }

    /// A question, when it was put, who was asked for help, and what came of it.
    fn tell_probe(
        &mut self,
        at: Instant,
        view: View<'_>,
        what: &'static str,
        (had, has): (Option<&ProbeView>, Option<&ProbeView>),
    ) {
        let Some(&ProbeView { sent: Some(sent), direct_wait, until, answered, ref helpers }) = has else { return };
        if had.is_none_or(|had| had.sent != Some(sent)) {
            self.say(sent, Kind::Probe, format!("{what} leaves"));
        }
        let before = |helper: &HelperView| had.and_then(|had| had.helpers.iter().find(|other| other.id == helper.id));
        let asked: Vec<_> = helpers.iter().filter(|helper| before(helper).is_none()).collect();
        if !asked.is_empty() {
            let names = asked.iter().map(|helper| shown(view, helper.id)).collect::<Vec<_>>().join(", ");
            // Of a question that is told when it is over it is known when help was asked for.
            let asked_at = if had.is_none() { sent.after(direct_wait) } else { at };
            let waited =
                if direct_wait.is_zero() { String::new() } else { format!("no answer within {direct_wait:?}: ") };
            self.say(asked_at, Kind::Probe, format!("{waited}asked for help: {names}"));
        }
        if at >= until && self.over.insert((sent, what)) {
            self.say(until, Kind::Probe, format!("the time for an answer to {what} is over"));
        }
        let by_then = if had.is_none() { " by then" } else { "" };
        for helper in helpers {
            if helper.said != before(helper).map_or(Said::Nothing, |other| other.said) {
                self.say(at, Kind::Helper, format!("{} {}{by_then}", shown(view, helper.id), helper.said));
            }
        }
        if answered && had.is_none_or(|had| !had.answered) {
            self.say(at, Kind::Probe, format!("{what} is answered after all: too late, or without contradicting"));
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A member's name; its address where it has none, and its id where it is none.
fn shown(view: View<'_>, id: NodeId) -> String {
    if id == view.id() {
        return "this node".to_owned();
    }
    let name = view.name(id).map(quidnunc_terminal::plain);
    name.or_else(|| Some(view.member(id)?.addr.to_string())).unwrap_or_else(|| id.to_string())
}

/// Who is reached there; the address where nobody is.
fn at_address(view: View<'_>, addr: SocketAddr) -> String {
    let member = view.members().find(|member| member.addr == addr);
    member.map_or_else(|| addr.to_string(), |member| shown(view, member.id))
}
