//! How far may a measured number lie from theory?

/// Every limit is this many standard errors: a right program leaves it once in 16 000 checks.
const ERRORS: f64 = 4.0;

/// Independent samples of one quantity.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sample {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        values.into_iter().fold(Self::default(), |sample, value| Self {
            count: sample.count + 1.0,
            sum: sample.sum + value,
            squares: sample.squares + value * value,
        })
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// The standard error of the mean as the samples show it: `s / √N` with
    /// `s² = (Σx² − N·mean²) / (N − 1)`.
    pub(crate) fn error(&self) -> f64 {
        let variance = (self.squares - self.count * self.mean() * self.mean()) / (self.count - 1.0);
        (variance.max(0.0) / self.count).sqrt()
    }

    /// Asserts `|mean − theory| ≤ 4·σ/√N`, where theory knows the deviation `σ` of one sample.
    pub(crate) fn assert_mean(&self, what: &str, theory: f64, deviation: f64) {
        assert_near(what, self.mean(), theory, ERRORS * deviation / self.count.sqrt());
    }

    /// Asserts `|mean − theory| ≤ 4·√(error² + error_of_theory²) + slack`, with the error that the samples
    /// show, for a theory that is itself sampled (its error) or rounded (the slack).
    pub(crate) fn assert_mean_within(&self, what: &str, theory: f64, error_of_theory: f64, slack: f64) {
        let error = (self.error() * self.error() + error_of_theory * error_of_theory).sqrt();
        assert_near(what, self.mean(), theory, ERRORS * error + slack);
    }

    /// Asserts that the mean lies below the limit by four standard errors at least.
    pub(crate) fn assert_below(&self, what: &str, limit: f64) {
        let upper = self.mean() + ERRORS * self.error();
        assert!(upper <= limit, "{what}: {} + 4 errors is {upper}, above {limit}", self.mean());
    }
}

/// Asserts `|hits/N − p| ≤ 4·√(p·(1 − p)/N)`: the limit of a binomial share.
pub(crate) fn assert_share(what: &str, hits: u64, trials: u64, p: f64) {
    let trials = trials as f64;
    assert!(p * trials >= 20.0, "{what}: {trials} trials are too few for the normal limit");
    assert_near(what, hits as f64 / trials, p, ERRORS * (p * (1.0 - p) / trials).sqrt());
}

fn assert_near(what: &str, measured: f64, theory: f64, limit: f64) {
    let off = (measured - theory).abs();
    assert!(off <= limit, "{what}: measured {measured}, theory {theory} ± {limit}");
}
