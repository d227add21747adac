//! What does a settled cluster cost in the simulator, lap by lap?
//!
//! A meter (processor time, allocations) is read at fixed simulated instants of one run. Laps begin when
//! the cluster has long settled, so start-up, joining and the final report are in none of them.

use quidnunc_core::Purpose;
use quidnunc_sim::scenario::parse;
use quidnunc_sim::world::{RunOptions, Sent, Witness, run_with};

/// Which run, and when its meter is read.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// How many nodes.
    pub nodes: u32,
    /// Seed of the run.
    pub seed: u64,
    /// Simulated seconds before the first lap.
    pub settle_s: u64,
    /// Simulated seconds of a lap.
    pub lap_s: u64,
    /// How many laps.
    pub laps: u64,
}

/// What one lap took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lap {
    /// By how much the meter moved.
    pub metered: u64,
    /// Packets that were sent.
    pub packets: u64,
    /// Payload of those.
    pub bytes: u64,
    /// Packets that a settled cluster does not send: anything but pings and their answers.
    pub unsettled: u64,
}

impl Lap {
    /// Movement of the meter per packet.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    pub fn per_packet(&self) -> f64 {
        self.metered as f64 / self.packets as f64
    }

    /// Mean length of a packet.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    pub fn bytes_per_packet(&self) -> f64 {
        self.bytes as f64 / self.packets as f64
    }
}

/// Runs a course and reads `meter` at the end of every lap.
///
/// # Panics
/// When the scenario or the simulator is broken.
pub fn drive(course: Course, meter: impl FnMut() -> u64) -> Vec<Lap> {
    let text = scenario_text(course);
    let scenario = parse("steady", &text).map_err(|diagnostic| format!("{diagnostic:?}")).expect("it is well formed");
    let next_ns = course.settle_s * SECOND;
    let places = usize::try_from(course.laps).expect("a handful");
    let laps = Vec::with_capacity(places);
    let mut odometer =
        Odometer { next_ns, lap_ns: course.lap_s * SECOND, sum: Lap::default(), last: None, laps, meter };
    run_with(&scenario, course.seed, &RunOptions::default(), &mut odometer).expect("the profile is valid");
    odometer.laps.truncate(places);
    odometer.laps
}

const SECOND: u64 = 1_000_000_000;

/// Everybody joins within a second through one seed.
fn scenario_text(Course { nodes, settle_s, lap_s, laps, .. }: Course) -> String {
    let duration = settle_s + laps * lap_s + 2;
    let stagger_us = 1_000_000 / nodes;
    format!(
        "format = 1
        name = \"steady\"
        about = \"nothing happens\"
        [run]
        duration = \"{duration}s\"
        warmup = \"{settle_s}s\"
        [nodes]
        count = {nodes}
        join = {{ contacts = 1, stagger = \"{stagger_us}us\" }}
        [net]
        delay = {{ time = \"27500us\", jitter = \"22500us\", distribution = \"uniform\" }}
        [[expect]]
        metric = \"false_positive\"
        max = 0"
    )
}

/// Counts packets and reads the meter at the first packet of every lap.
struct Odometer<M> {
    next_ns: u64,
    lap_ns: u64,
    sum: Lap,
    /// The sum at the last reading.
    last: Option<Lap>,
    laps: Vec<Lap>,
    meter: M,
}

impl<M: FnMut() -> u64> Witness for Odometer<M> {
    fn on_sent(&mut self, sent: Sent, _bytes: &[u8]) {
        if sent.at_ns >= self.next_ns {
            self.read();
        }
        self.sum.packets += 1;
        self.sum.bytes += sent.bytes as u64;
        self.sum.unsettled += u64::from(!matches!(sent.purpose, Purpose::Probe | Purpose::Ack));
    }
}

impl<M: FnMut() -> u64> Odometer<M> {
    fn read(&mut self) {
        self.next_ns += self.lap_ns;
        self.sum.metered = (self.meter)();
        let sum = self.sum;
        if let Some(last) = self.last.replace(sum)
            && self.laps.len() < self.laps.capacity()
        {
            self.laps.push(Lap {
                metered: sum.metered - last.metered,
                packets: sum.packets - last.packets,
                bytes: sum.bytes - last.bytes,
                unsettled: sum.unsettled - last.unsettled,
            });
        }
    }
}
