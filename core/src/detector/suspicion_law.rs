//! Do the open suspicions hold together, whatever happens to them in whatever order?

use core::time::Duration;

use proptest::prelude::*;

use super::suspicion::{Due, Length, Suspicions, Witness};
use crate::vocab::{Instant, NodeId, Nonce, Slot};

const CHANCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_secs(1);
const OWN: u64 = 100;

/// What may happen to one of a few suspects.
#[derive(Debug, Clone, Copy)]
enum Step {
    Open { hearsay: bool },
    Accuse { accuser: u64 },
    Shorten,
    Close,
    Due { cut_off: bool, room: bool, witness: Witness },
    Left { old: bool },
    Lost { old: bool },
    HelperAsked { helper: u8, old: bool },
    Word { helper: u8, old: bool },
    Heard,
}

fn any_step() -> impl Strategy<Value = Step> {
    let witness = prop::sample::select(&[Witness::Needless, Witness::Wanted][..]);
    let due = (any::<bool>(), prop::bool::weighted(0.8), witness);
    prop_oneof![
        3 => any::<bool>().prop_map(|hearsay| Step::Open { hearsay }),
        3 => (OWN..OWN + 6).prop_map(|accuser| Step::Accuse { accuser }),
        1 => Just(Step::Shorten),
        1 => Just(Step::Close),
        8 => due.prop_map(|(cut_off, room, witness)| Step::Due { cut_off, room, witness }),
        3 => any::<bool>().prop_map(|old| Step::Left { old }),
        1 => any::<bool>().prop_map(|old| Step::Lost { old }),
        3 => (0..4_u8, any::<bool>()).prop_map(|(helper, old)| Step::HelperAsked { helper, old }),
        3 => (0..4_u8, any::<bool>()).prop_map(|(helper, old)| Step::Word { helper, old }),
        1 => Just(Step::Heard),
    ]
}

/// Some suspicions, and the nonces of the questions so far.
struct Run {
    suspicions: Suspicions,
    now: Instant,
    nonces: u64,
}

impl Run {
    /// The nonce of the last question, or of the one before.
    fn nonce(&self, old: bool) -> Nonce {
        Nonce(self.nonces.saturating_sub(old.into()).to_le_bytes())
    }

    fn step(&mut self, slot: Slot, step: Step) {
        let (now, suspicions) = (self.now, &mut self.suspicions);
        match step {
            Step::Open { hearsay } => {
                let extra = if hearsay { PAUSE } else { Duration::ZERO };
                suspicions.open(slot, Length::new((4, 6), 100, PAUSE), extra, now);
            }
            Step::Accuse { accuser } => _ = suspicions.confirm(slot, accuser, now),
            Step::Shorten => suspicions.shorten(slot, now),
            Step::Close => suspicions.close(slot),
            Step::Due { cut_off, room, witness } => match suspicions.on_deadline(now, OWN, |_| cut_off) {
                Some(Due::LastChance(slot)) if room => {
                    self.nonces += 1;
                    suspicions.on_asked(slot, Nonce(self.nonces.to_le_bytes()), witness);
                }
                Some(Due::Convict(slot)) => assert!(!suspicions.is_open(slot), "a verdict ends it"),
                Some(Due::PutOff(slot)) => assert!(suspicions.is_open(slot), "nothing is decided"),
                Some(Due::LastChance(_)) | None => {}
            },
            Step::Left { old } => {
                let nonce = self.nonce(old);
                self.suspicions.on_left(slot, nonce, now);
            }
            Step::Lost { old } => {
                let nonce = self.nonce(old);
                self.suspicions.on_lost(slot, nonce);
            }
            Step::HelperAsked { helper, old } => {
                let nonce = self.nonce(old);
                self.suspicions.on_helper_asked(slot, nonce, NodeId::from_u128(helper.into()));
            }
            Step::Word { helper, old } => {
                let (nonce, helper) = (self.nonce(old), NodeId::from_u128(helper.into()));
                self.suspicions.on_witness(nonce, helper, now);
                assert!(!self.suspicions.on_witness(nonce, helper, now), "who has spoken owes nothing");
            }
            Step::Heard => suspicions.on_heard(now),
        }
    }
}

proptest! {
    #[test]
    fn what_is_known_of_questions_is_what_is_open(
        steps in prop::collection::vec((any_step(), 1..5_u32, prop::sample::select(&[0, 100, 600, 5000][..])), 1..200),
    ) {
        let suspicions = Suspicions::new(CHANCE, PAUSE, 0);
        let mut run = Run { suspicions, now: Instant::from_nanos(0), nonces: 0 };
        for (step, slot, wait_ms) in steps {
            run.now = run.now.after(Duration::from_millis(wait_ms));
            run.step(Slot(slot), step);
            run.suspicions.check();
        }
        (1..5).for_each(|slot| run.suspicions.close(Slot(slot)));
        prop_assert!(run.suspicions.is_empty());
        run.suspicions.check();
    }
}
