//! Repeatable randomness: `VIGIE_TEST_SEED` repeats the run whose seed a failure printed.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Prints the seed, which the test runner shows if the test fails.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own setting, none of the product's"
)]
pub(crate) fn seed_rng() -> StdRng {
    let fixed = std::env::var("VIGIE_TEST_SEED")
        .ok()
        .map(|text| text.parse().expect("VIGIE_TEST_SEED is a number"));
    let seed: u64 = fixed.unwrap_or_else(|| rand::rng().random());
    eprintln!("repeat this run with VIGIE_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
