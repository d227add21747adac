//! What does an agent do that is asked to look at another one?
//!
//! It goes where its own record of the other one points. That is where the other one says that it is, and where nothing is sealed
//! anybody may ask in its name: so it goes there for a few at a time only, opens no connection to loopback, and answers with no note
//! that is longer than its question.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use quidnunc::{Health, NodeId};
use tokio::task::JoinSet;

use super::letters::{Asks, Dial, Report, Says, Words};
use super::{dial, locked};
use crate::api::Agent;
use crate::hub::wall_ms;

/// An answer by letter is given up after this.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// So many questions are answered at a time, and so many of one member.
const HELPED_MAX: usize = 32;
const HELPED_OF_ONE_MAX: usize = 8;

/// While so many are answered or told that there is no place, whoever finds none hears nothing, and may hold a way for broken. That
/// is for those who ask without end: one agent has two questions open at a time.
const TASKS_MAX: usize = 8 * HELPED_MAX;

/// A question counts for so long at least, whatever is said to it: nobody has an agent connect more often than that allows.
const HELD_MIN: Duration = Duration::from_millis(250);

/// How often and how far apart somebody knocks, so that one that is lost by chance is no finding.
const KNOCKS: u32 = 3;
const KNOCK_EVERY: Duration = Duration::from_millis(50);

/// A datagram that is for nobody to take in, only to be seen: the beginning of a sealed one. Whatever is sealed where it comes, it is
/// refused as cut short, which says nothing of whoever sends it.
const KNOCK: &[u8] = b"qn\x01\x01";

/// Who is being helped.
#[derive(Debug, Default)]
pub(super) struct Helping {
    tasks: JoinSet<()>,
    /// Of each question that is being answered, who asks.
    askers: Vec<Weak<NodeId>>,
    is_over: bool,
}

impl Helping {
    /// A place for one more of somebody's questions; `None` if there is none.
    fn enter(&mut self, asker: NodeId) -> Option<Arc<NodeId>> {
        while self.tasks.try_join_next().is_some() {}
        self.askers.retain(|place| place.strong_count() > 0);
        let of_one = self.askers.iter().filter(|place| place.upgrade().is_some_and(|id| *id == asker)).count();
        let has_room = !self.is_over && self.askers.len() < HELPED_MAX && of_one < HELPED_OF_ONE_MAX;
        has_room.then(|| {
            let place = Arc::new(asker);
            self.askers.push(Arc::downgrade(&place));
            place
        })
    }

    /// Whether whoever has found no place is told so.
    fn may_say_so(&self) -> bool {
        !self.is_over && self.tasks.len() < TASKS_MAX
    }

    /// What is still being answered, when no more is.
    pub(super) fn finish(&mut self) -> JoinSet<()> {
        self.is_over = true;
        std::mem::take(&mut self.tasks)
    }
}

impl Agent {
    /// Does what a member asks in a question of so many bytes, or says that too many ask.
    pub(super) fn help(self: &Arc<Self>, asker: NodeId, (number, asks, len): (u64, Asks, usize)) {
        let mut helping = locked(&self.doctor.helping);
        let place = helping.enter(asker);
        if place.is_none() && !helping.may_say_so() {
            tracing::debug!(%asker, "so many ask to be looked at that some hear nothing");
            return;
        }
        let agent = Arc::clone(self);
        helping.tasks.spawn(async move {
            let say = |says, len| agent.say(asker, Words::answer(number, says), len);
            match asks {
                _ if place.is_none() => say(Says::Busy, None).await,
                Asks::Short => say(Says::Heard, None).await,
                Asks::Long => say(Says::Heard, Some(len)).await,
                Asks::Report => agent.report_on(asker, (number, len)).await,
            }
            tokio::time::sleep(HELD_MIN).await;
            drop(place);
        });
    }

    /// Says something both ways, in a note of so many bytes. Whether that arrives is what the other one wants to know.
    async fn say(&self, asker: NodeId, words: Words, len: Option<usize>) {
        let _ = self.say_by_note(asker, &words, len).await;
        let _ = self.say_by_letter(asker, words, ANSWER_MAX).await;
    }

    async fn report_on(&self, asker: NodeId, (number, len): (u64, usize)) {
        let record = self.node.read(move |driver| {
            let view = driver.view();
            Some((view.member(asker)?, view.member(view.id())?.addr.ip()))
        });
        let Ok(Some((record, own))) = record.await else { return };
        let (dial, knocked_from) = visit(own, record.addr).await;
        let (doubts, accusations) = (record.health != Health::Alive, self.doctor.memory.about(asker, Instant::now()));
        let report = Report { unix_ms: wall_ms(), dial, knocked_from, doubts, accusations }.bounded();
        let note = Words::answer(number, Says::Report(report.brief()));
        // Whoever has sent less hears of it by letter only.
        if note.written(None).len() <= len {
            let _ = self.say_by_note(asker, &note, None).await;
        }
        let _ = self.say_by_letter(asker, Words::answer(number, Says::Report(report)), ANSWER_MAX).await;
    }
}

/// What comes of a connection to somebody, and from which port it was knocked there. Nobody who says to be at loopback has an agent
/// go to its own machine, unless it is there itself.
async fn visit(own: IpAddr, addr: SocketAddr) -> (Dial, Option<u16>) {
    if addr.ip().to_canonical().is_loopback() && !own.to_canonical().is_loopback() {
        return (Dial::Failed("that address is everybody's own machine".into()), None);
    }
    tokio::join!(dial(addr), knock(own, addr))
}

/// Sends datagrams that nobody has asked for, from the address where the other one knows this node to be, and a port to which nobody
/// has sent any: what lets in answers only does not let in these. Returns the port; `None` if none has left, such as from behind a
/// NAT, where the machine does not have that address.
async fn knock(own: IpAddr, addr: SocketAddr) -> Option<u16> {
    let socket = UdpSocket::bind((own, 0)).ok()?;
    socket.set_nonblocking(true).ok()?;
    let port = socket.local_addr().ok()?.port();
    let mut has_left = false;
    for _ in 0..KNOCKS {
        has_left |= socket.send_to(KNOCK, addr).is_ok();
        tokio::time::sleep(KNOCK_EVERY).await;
    }
    has_left.then_some(port)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use quidnunc::seal::{Key, KeyRing, Mode};
    use quidnunc::std::Driver;
    use quidnunc::{Config, Event, Options, SealOptions, StreamLimits};

    use super::super::letters::By;
    use super::super::looking::misfit;
    use super::*;
    use crate::mail;
    use crate::within::Within;

    #[tokio::test]
    async fn nobody_takes_the_places_of_all() {
        let mut helping = Helping::default();
        let id = NodeId::from_u128;
        let mut places: Vec<_> = (0..HELPED_OF_ONE_MAX).map(|_| helping.enter(id(1)).expect("a place")).collect();
        assert!(helping.enter(id(1)).is_none(), "one asks for too much");
        places.push(helping.enter(id(2)).expect("another one's place"));
        places.remove(0);
        places.push(helping.enter(id(1)).expect("a place that was left"));
        for asker in 3.. {
            let Some(place) = helping.enter(id(asker)) else { break };
            places.push(place);
        }
        assert_eq!(places.len(), HELPED_MAX);
        drop(places);
        drop(helping.finish());
        assert!(helping.enter(id(1)).is_none() && !helping.may_say_so(), "it is over");
    }

    #[tokio::test]
    async fn nobody_has_an_agent_look_at_its_own_machine() {
        let [here, away] = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 1])];
        let nowhere = (Dial::Failed("that address is everybody's own machine".into()), None);
        for ip in [here, Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), Ipv6Addr::LOCALHOST.into()] {
            assert_eq!(visit(away, (ip, 1).into()).await, nowhere, "{ip}");
        }
        assert_ne!(visit(here, (here, 1).into()).await, nowhere);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_knock_comes_from_where_its_sender_is_known_to_be() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let addr = socket.local_addr().expect("it is bound");
        let own = IpAddr::from([127, 0, 0, 2]);
        let port = knock(own, addr).await.expect("loopback is all of this machine's");
        let mut bytes = [0; 64];
        let (len, from) = socket.recv_from(&mut bytes).expect("it has come");
        assert_eq!((&bytes[..len], from), (KNOCK, SocketAddr::new(own, port)));
        assert_eq!(knock(IpAddr::from([192, 0, 2, 1]), addr).await, None, "nobody has that address");
        assert_eq!(knock(own, "[::1]:1".parse().expect("an address")).await, None, "none leaves");
    }

    #[test]
    fn a_knock_is_nobodys_that_does_not_fit() {
        let mut ring = KeyRing::empty();
        ring.install(Key::new(&[7; 32]).expect("as long as a key is")).expect("there is room");
        let sealed = |mode| SealOptions { mode, ..SealOptions::new(ring.clone()) };
        let seals = [None, Some(Mode::Off), Some(Mode::Accept), Some(Mode::Require)].map(|mode| mode.map(sealed));
        for seal in seals {
            let mode = seal.as_ref().map(|seal| seal.mode);
            let options = Options { seal, ..Options::new(NodeId::from_u128(1), (Ipv4Addr::LOCALHOST, 0).into()) };
            let mut driver = Driver::bind(options).expect("a port is free");
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
            socket.send_to(KNOCK, driver.local_addr()).expect("it is taken");
            while driver.refused_sources().is_empty() {
                driver.turn(Duration::from_secs(1)).expect("its socket is well");
            }
            let refused: Vec<_> = driver.refused_sources().iter().map(|it| (it.from, misfit(it.why))).collect();
            assert_eq!(refused, [(socket.local_addr().expect("it is bound"), None)], "{mode:?}");
        }
    }

    /// A helper, and one who asks, which has the node and hears the events.
    async fn pair() -> (Within, NodeId, quidnunc::tokio::Handle, quidnunc::tokio::Events) {
        let within = Within::start("n1", Config::local()).await;
        let asker = NodeId::from_u128(2);
        let config = Config { streams: Some(StreamLimits::default()), ..Config::local() };
        let options = Options { config, ..Options::new(asker, (Ipv4Addr::LOCALHOST, 0).into()) };
        let (node, events) = quidnunc::tokio::spawn(options).await.expect("a port is free");
        node.join(&[within.agent.node.local_addr()]).await.expect("it is an address");
        while within.agent.node.read(move |driver| driver.view().member(asker).is_none()).await.expect("it runs") {
            tokio::task::yield_now().await;
        }
        (within, asker, node, events)
    }

    /// The next words of a helper, and how they come.
    async fn heard(events: &mut quidnunc::tokio::Events) -> (By, Words) {
        loop {
            let event = events.recv().await.expect("it runs");
            let (by, bytes) = if let Event::Message { bytes, .. } = event {
                (By::Letter, bytes)
            } else if let Event::Note { bytes, .. } = event {
                (By::Note, bytes)
            } else {
                continue;
            };
            let Some(mail::Says::Doctor(words)) = mail::read(&bytes) else { panic!("no words") };
            return (by, words);
        }
    }

    #[tokio::test]
    async fn who_finds_no_place_hears_so_both_ways() {
        let (within, asker, _node, mut events) = pair().await;
        let enter = |_| locked(&within.agent.doctor.helping).enter(asker).expect("a place");
        let places: Vec<_> = (0..HELPED_OF_ONE_MAX).map(enter).collect();
        within.agent.take_words(asker, By::Letter, Words::question(7, Asks::Report));
        let heard = [heard(&mut events).await, heard(&mut events).await];
        drop(places);
        let busy = Words::answer(7, Says::Busy);
        for by in [By::Letter, By::Note] {
            assert!(heard.contains(&(by, busy.clone())), "{heard:?}");
        }
    }

    #[tokio::test]
    async fn a_report_that_is_longer_than_its_question_goes_by_letter_only() {
        let (within, asker, _node, mut events) = pair().await;
        let short = Words::Question { number: 7, asks: Asks::Report, pad: String::new() };
        within.agent.take_words(asker, By::Note, short);
        let is_report =
            |words: &Words, of| matches!(words, Words::Answer { number, says: Says::Report(_), .. } if *number == of);
        let (by, words) = heard(&mut events).await;
        assert!(by == By::Letter && is_report(&words, 7), "{words:?}");
        within.agent.take_words(asker, By::Note, Words::question(8, Asks::Report));
        let both = [heard(&mut events).await, heard(&mut events).await];
        assert!(both.iter().all(|(_, words)| is_report(words, 8)), "{both:?}");
        assert_ne!(both[0].0, both[1].0);
    }
}
