//! Which cases does a property test try? The same ones in every run.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// One case for so many of proptest's own number. `PROPTEST_RNG_SEED` and `PROPTEST_CASES` find others.
pub(crate) fn one_in(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let rng_seed = if default.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { default.rng_seed };
    ProptestConfig { cases: default.cases / cases, rng_seed, failure_persistence: None, ..default }
}
