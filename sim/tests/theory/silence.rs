//! How often does loss alone make a live member look silent?
//!
//! With `q` the chance that a packet arrives, a probe's direct way needs two packets and each of its `k`
//! helpers' ways needs four (request, ping, answer, answer passed on), all lost independently, so that a
//! live target is silent with the chance `(1 − q²)·(1 − q⁴)^k` (SWIM, section 3.1, with live helpers).

use std::collections::BTreeMap;

use quidnunc_core::{Health, Purpose, Reason};

use super::limits::assert_share;
use super::trace::{Change, Trace};
use super::{MS, S, scenario};

const NODES: u32 = 100;
const WARMUP_NS: u64 = 20 * S;
const END_NS: u64 = 220 * S;
const PERIOD_NS: u64 = S;
const TIMEOUT_NS: u64 = 500 * MS;

/// What came of the probes of one run.
#[derive(Debug, Default)]
struct Tally {
    probes: u64,
    helped: u64,
    judged: u64,
    silent: u64,
}

impl Tally {
    fn of(trace: &Trace, helpers: usize) -> Self {
        let mut tally = Self::default();
        let asked = requests(trace);
        let beliefs = Beliefs::of(trace);
        for (prober, own) in (0..).zip(trace.probes(NODES, PERIOD_NS)) {
            // The last probe's end lies beyond the run.
            for pair in own.windows(2).filter(|pair| pair[0].0 >= WARMUP_NS) {
                let ((at_ns, target), (end_ns, _)) = (pair[0], pair[1]);
                tally.probes += 1;
                let requests = asked.get(&(prober, at_ns + TIMEOUT_NS)).copied().unwrap_or(0);
                assert!(requests == 0 || requests == helpers, "{requests} helpers were asked, not {helpers}");
                tally.helped += u64::from(requests > 0);
                // Who is suspected already is not suspected again: such a probe is not judged.
                let (before, verdict) = beliefs.at(prober, target, end_ns);
                if before == Health::Alive {
                    tally.judged += 1;
                    tally.silent += u64::from(verdict);
                }
            }
        }
        let all = trace.changes.iter().filter(|change| change.reason == Reason::Silence).count();
        assert_eq!(all as u64, tally.silent, "every silence is the end of a probe that was judged");
        tally
    }
}

/// How many requests to helpers, or answers passed on, a node sent at an instant.
fn requests(trace: &Trace) -> BTreeMap<(u32, u64), usize> {
    let mut asked = BTreeMap::new();
    for sent in trace.sent.iter().filter(|sent| sent.purpose == Purpose::Relay) {
        *asked.entry((sent.from, sent.at_ns)).or_insert(0) += 1;
    }
    asked
}

/// Who believed what of whom when.
struct Beliefs {
    changes: BTreeMap<(u32, u32), Vec<Change>>,
}

impl Beliefs {
    fn of(trace: &Trace) -> Self {
        let mut changes: BTreeMap<(u32, u32), Vec<Change>> = BTreeMap::new();
        for &change in &trace.changes {
            changes.entry((change.observer, change.subject)).or_default().push(change);
        }
        Self { changes }
    }

    /// What the observer believed just before an instant, and whether it found the subject silent then.
    fn at(&self, observer: u32, subject: u32, at_ns: u64) -> (Health, bool) {
        let changes = &self.changes[&(observer, subject)];
        let next = changes.partition_point(|change| change.at_ns < at_ns);
        let before = changes[next - 1].health;
        let mut now = changes[next..].iter().take_while(|change| change.at_ns == at_ns);
        (before, now.any(|change| change.reason == Reason::Silence))
    }
}

/// Loss in percent, helpers, and how many seeds.
fn silences(loss: u32, helpers: u32, seeds: u64) {
    // Suspicions are so long that no last chance (a ping that belongs to no probe) falls into the run; the
    // delay is so short against the timeout that an answer which is not lost is in time.
    let rest = format!(
        "[protocol]\nindirect_probes = {helpers}\nsuspicion_mult = 1000\nsuspicion_max_mult = 1\n\
         local_health_max = 0\ntombstone_life = \"5h\"\n\n\
         [net]\ndelay = {{ time = \"5ms\", jitter = \"4ms\" }}\nloss = {{ random = \"{loss}%\" }}\n"
    );
    let scenario = scenario(NODES, "duration = \"220s\"\nwarmup = \"20s\"", &rest);
    assert_eq!(scenario.run.duration_ns, END_NS);
    let mut sum = Tally::default();
    for seed in 1..=seeds {
        let (_, trace) = Trace::of(&scenario, seed);
        trace.assert_settled(NODES, WARMUP_NS);
        let tally = Tally::of(&trace, helpers as usize);
        sum.probes += tally.probes;
        sum.helped += tally.helped;
        sum.judged += tally.judged;
        sum.silent += tally.silent;
    }
    let q = 1.0 - f64::from(loss) / 100.0;
    let direct = 1.0 - q * q;
    let helper = 1.0 - q * q * q * q;
    let name = |what| format!("{what} at {loss} % loss with {helpers} helpers");
    assert_share(&name("probes that need helpers"), sum.helped, sum.probes, direct);
    let theory = direct * libm::pow(helper, f64::from(helpers));
    assert_share(&name("probes that end in silence"), sum.silent, sum.judged, theory);
}

#[test]
fn one_packet_in_ten_lost_and_three_helpers() {
    silences(10, 3, 4);
}

#[test]
fn one_packet_in_ten_lost_and_one_helper() {
    silences(10, 1, 1);
}

#[test]
fn one_packet_in_five_lost_and_three_helpers() {
    silences(20, 3, 1);
}
