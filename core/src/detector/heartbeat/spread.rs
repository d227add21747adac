//! With which probability has news not reached everybody after `r` micro-rounds?
//!
//! The recursion `P'(k) = p(k-1) P(k-1) + (1 - p(k)) P(k)` only ever moves up by one, so the time until all
//! `m` know is a sum of independent geometric waits with the probabilities `p(1) … p(m-1)`. The tail of such
//! a sum has a closed form by partial fractions. Here `p(j) = p(m-j)`, each pair being a double pole, and
//! with `p(k) = c k (m-k)` the products telescope into binomials and harmonic numbers `H`:
//!
//! ```text
//! P(T > r) = sum over j < m/2 of  (C(m,j) (m-2j)/m)^2 q^r (1 + r p/q - 2j (m-j)/(m-2j) (H(m-1-j) - H(j-1) - 1/(m-2j)))
//!          + (C(m,m/2)/2)^2 q^r   for j = m/2, when m is even;       p = p(j), q = 1 - p
//! ```
//!
//! The terms fall like `x^j / j!^2` with `x = m^2 (1 - p(1))^r`. So from the round on at which `x` is 1, a
//! dozen terms give all digits. Before it they would cancel, but there the bound on a mistake is 1 anyway; only
//! with two live members it is less, and they have a single term.

/// The spread of one heartbeat among the live members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    live: u32,
    /// `p(k) / (k (m-k))`.
    pace: f64,
    /// `H(m-2)`.
    harmonic: f64,
    /// The micro-round from which the series may be summed.
    sound: u64,
}

/// What is so much smaller than the sum does not change it.
const NEGLIGIBLE: f64 = 1e-18;

impl Spread {
    /// Needs at least two live members.
    pub(super) fn new(members: u32, live: u32, loss: f64) -> Self {
        let n = f64::from(members);
        let pace = (1.0 - loss) / (n * (n - 1.0));
        // The small terms first, so that they are not lost.
        let harmonic = (1..=live.saturating_sub(2)).rev().map(|k| 1.0 / f64::from(k)).sum();
        let m = f64::from(live);
        #[expect(clippy::cast_possible_truncation, reason = "rounded down")]
        let sound = (2.0 * libm::log(m) / -libm::log1p(-pace * (m - 1.0))) as u64;
        Self { live, pace, harmonic, sound: if live == 2 { 0 } else { sound } }
    }

    /// The first micro-round after which a mistake is no more probable than this, which is below 1.
    pub(super) fn rounds(&self, p_mistake: f64) -> u64 {
        let (mut above, mut at) = (self.sound.saturating_sub(1), self.sound);
        let mut stride = self.sound.max(1);
        while self.mistake(at) > p_mistake {
            above = at;
            at = at.saturating_add(stride);
            stride = stride.saturating_mul(2);
        }
        while at - above > 1 {
            let middle = above + (at - above) / 2;
            if self.mistake(middle) > p_mistake { above = middle } else { at = middle }
        }
        at
    }

    /// The bound on the probability of a mistake after so many micro-rounds.
    pub(super) fn mistake(&self, rounds: u64) -> f64 {
        if rounds < self.sound { 1.0 } else { (f64::from(self.live) * self.tail(rounds)).clamp(0.0, 1.0) }
    }

    /// `P(T > rounds)`.
    fn tail(&self, rounds: u64) -> f64 {
        let (m, r) = (f64::from(self.live), rounds as f64);
        let (mut sum, mut binomial, mut harmonics) = (0.0, 1.0, self.harmonic);
        for j in 1..=self.live / 2 {
            let k = f64::from(j);
            binomial *= (m - k + 1.0) / k;
            let gap = m - 2.0 * k;
            let p = self.pace * k * (m - k);
            let fading = libm::exp(r * libm::log1p(-p));
            let term = if self.live == 2 * j {
                binomial * binomial / 4.0 * fading
            } else {
                let weight = binomial * gap / m;
                let slope = 2.0 * k * (m - k) / gap * (harmonics - 1.0 / gap);
                weight * weight * fading * (1.0 + r * p / (1.0 - p) - slope)
            };
            sum += term;
            if libm::fabs(term) < NEGLIGIBLE * sum {
                break;
            }
            // From H(m-1-j) - H(j-1) to the same of the next j.
            harmonics -= 1.0 / (m - 1.0 - k).max(1.0) + 1.0 / k;
        }
        sum
    }
}
