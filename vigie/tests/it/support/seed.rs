//! Randomness that can be had again: `VIGIE_TEST_SEED` repeats the run that a failure printed.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Shown by the test runner where the test fails.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own setting, none of the product's"
)]
pub(crate) fn seeded() -> StdRng {
    let given = std::env::var("VIGIE_TEST_SEED")
        .ok()
        .map(|text| text.parse().expect("VIGIE_TEST_SEED is a number"));
    let seed: u64 = given.unwrap_or_else(|| rand::rng().random());
    eprintln!("this run again: VIGIE_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
