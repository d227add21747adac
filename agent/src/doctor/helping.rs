//! What does an agent do that is asked to look at another one?
//!
//! It goes where its own record of the other one points. That is where the other one says that it is, so it goes there for a few at
//! a time only, and says no more than was said to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
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

/// So many are answered or told that there is no place, at a time; more hear nothing.
const TASKS_MAX: usize = 2 * HELPED_MAX;

/// A question counts for so long at least: nobody has an agent connect more often than that allows.
const HELD_MIN: Duration = Duration::from_millis(250);

/// How often and how far apart somebody knocks, so that one that is lost by chance is no finding.
const KNOCKS: u32 = 3;
const KNOCK_EVERY: Duration = Duration::from_millis(50);

/// What a datagram says that is for nobody to take in, only to be seen.
const KNOCK: &[u8] = b"quidnunc doctor knocks";

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
        if place.is_none() {
            tracing::debug!(%asker, "too many ask to be looked at");
            if helping.tasks.len() >= TASKS_MAX {
                return;
            }
        }
        let agent = Arc::clone(self);
        // A note of a few bytes is worth no place.
        helping.tasks.spawn(async move {
            if place.is_none() {
                let busy = Words::Answer { number, says: Says::Busy, pad: String::new() };
                let _ = agent.say_by_note(asker, &busy, None).await;
                return;
            }
            match asks {
                Asks::Short => agent.confirm(asker, number, None).await,
                Asks::Long => agent.confirm(asker, number, Some(len)).await,
                Asks::Report => agent.report_on(asker, number).await,
            }
            tokio::time::sleep(HELD_MIN).await;
            drop(place);
        });
    }

    /// Says both ways that a note has come. Whether that arrives is what the other one wants to know.
    async fn confirm(&self, asker: NodeId, number: u64, len: Option<usize>) {
        let words = Words::Answer { number, says: Says::Heard, pad: String::new() };
        let _ = self.say_by_note(asker, &words, len).await;
        let _ = self.say_by_letter(asker, words, ANSWER_MAX).await;
    }

    async fn report_on(&self, asker: NodeId, number: u64) {
        let record = self.node.read(move |driver| {
            let view = driver.view();
            Some((view.member(asker)?, view.member(view.id())?.addr.ip()))
        });
        let Ok(Some((record, own))) = record.await else { return };
        let (dial, knocked_from) = tokio::join!(dial_from(own, record.addr), knock(record.addr));
        let (doubts, accusations) = (record.health != Health::Alive, self.doctor.memory.about(asker, Instant::now()));
        let report = Report { unix_ms: wall_ms(), dial, knocked_from, doubts, accusations };
        let answer = |report| Words::Answer { number, says: Says::Report(report), pad: String::new() };
        let _ = self.say_by_note(asker, &answer(report.brief()), None).await;
        let _ = self.say_by_letter(asker, answer(report), ANSWER_MAX).await;
    }
}

/// Nobody who says to be at loopback has an agent connect to its own machine, unless it is there itself.
async fn dial_from(own: IpAddr, addr: SocketAddr) -> Dial {
    if addr.ip().is_loopback() && !own.is_loopback() {
        return Dial::Failed("that address is everybody's own machine".into());
    }
    dial(addr).await
}

/// Sends datagrams that nobody has asked for, from a port to which nobody has sent any: what lets in answers only does not let
/// in these. Returns the port.
async fn knock(addr: SocketAddr) -> Option<u16> {
    let any = if addr.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.set_nonblocking(true).ok()?;
    let port = socket.local_addr().ok()?.port();
    for _ in 0..KNOCKS {
        // One that the system does not take is lost like others.
        let _ = socket.send_to(KNOCK, addr);
        tokio::time::sleep(KNOCK_EVERY).await;
    }
    Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(helping.enter(id(1)).is_none(), "it is over");
    }

    #[tokio::test]
    async fn nobody_has_an_agent_look_at_its_own_machine() {
        let closed = SocketAddr::from(([127, 0, 0, 1], 1));
        let elsewhere = Dial::Failed("that address is everybody's own machine".into());
        assert_eq!(dial_from(IpAddr::from([10, 0, 0, 1]), closed).await, elsewhere);
        assert_ne!(dial_from(IpAddr::from([127, 0, 0, 1]), closed).await, elsewhere);
    }
}
