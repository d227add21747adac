//! Who was suspected here, when, and why? And how often was that this node?

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use quidnunc::{Health, MemberChange, NodeId};

use super::letters::{ACCUSATIONS_TOLD, Accusation};
use super::locked;
use crate::api::{Agent, because};
use crate::duration::millis;

/// So much is remembered, of all members together.
const REMEMBERED_MAX: usize = 256;

/// For so long it is worth being told.
const REMEMBERED_FOR: Duration = Duration::from_secs(3600);

/// What was said of others and of this node, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Memory {
    suspicions: Mutex<VecDeque<Suspicion>>,
    contradictions: Mutex<VecDeque<Instant>>,
}

#[derive(Debug)]
struct Suspicion {
    about: NodeId,
    at: Instant,
    dead: bool,
    because: Vec<String>,
}

impl Memory {
    fn add(&self, suspicion: Suspicion) {
        push(&mut locked(&self.suspicions), suspicion);
    }

    /// This node has contradicted what was said of it.
    pub(super) fn contradicted(&self, at: Instant) {
        push(&mut locked(&self.contradictions), at);
    }

    /// How often it has in the last hour.
    pub(super) fn contradictions(&self, now: Instant) -> usize {
        let is_of_interest = |at: &&Instant| now.saturating_duration_since(**at) <= REMEMBERED_FOR;
        locked(&self.contradictions).iter().filter(is_of_interest).count()
    }

    /// The latest accusations of a member, the latest last.
    pub(super) fn about(&self, id: NodeId, now: Instant) -> Vec<Accusation> {
        let all = locked(&self.suspicions);
        let of = all.iter().rev().filter(|it| it.about == id);
        let told = of.filter_map(|Suspicion { at, dead, because, .. }| {
            let ago = now.saturating_duration_since(*at);
            let told = Accusation { ago_ms: millis(ago), dead: *dead, because: because.clone() };
            (ago <= REMEMBERED_FOR).then_some(told)
        });
        let mut told: Vec<_> = told.take(ACCUSATIONS_TOLD).collect();
        told.reverse();
        told
    }
}

fn push<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() == REMEMBERED_MAX {
        all.pop_front();
    }
    all.push_back(one);
}

impl Agent {
    /// Something is believed of a member now: if it is bad, it is remembered, with what speaks for it.
    pub(super) async fn remember(&self, change: &MemberChange) {
        let dead = match change.health {
            Health::Suspect => false,
            Health::Dead => true,
            Health::Alive | Health::Left | Health::Removed => return,
        };
        let (about, reason, evidence) = (change.id, change.reason, change.evidence.clone());
        let because = self.node.read(move |driver| because(driver.view(), reason, evidence.as_deref()));
        // A node that has stopped remembers nothing.
        if let Ok(because) = because.await {
            self.doctor.memory.add(Suspicion { about, at: Instant::now(), dead, because });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_accusations_are_told_for_an_hour() {
        let memory = Memory::default();
        let began = Instant::now();
        let [about, other] = [1, 2].map(NodeId::from_u128);
        for second in 0..5 {
            let at = began + Duration::from_secs(second);
            memory.add(Suspicion { about, at, dead: second == 4, because: vec![second.to_string()] });
            memory.add(Suspicion { about: other, at, dead: false, because: Vec::new() });
        }
        let told = |seconds| memory.about(about, began + Duration::from_secs(seconds));
        let said = |told: Vec<Accusation>| told.into_iter().map(|it| (it.ago_ms, it.dead)).collect::<Vec<_>>();
        assert_eq!(said(told(4)), [(2000, false), (1000, false), (0, true)]);
        assert_eq!(said(told(3603)), [(3_600_000, false), (3_599_000, true)]);
        for _ in 0..REMEMBERED_MAX {
            memory.add(Suspicion { about: other, at: began, dead: false, because: Vec::new() });
        }
        assert_eq!(told(4), [], "there is an end to memory");
        memory.contradicted(began);
        memory.contradicted(began + REMEMBERED_FOR);
        let contradictions = |seconds| memory.contradictions(began + Duration::from_secs(seconds));
        assert_eq!((contradictions(3600), contradictions(3601)), (2, 1));
    }
}
