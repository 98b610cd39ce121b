//! When the next try may start: exponential back-off with jitter, the provider's own wait where
//! it gave one, both within limits.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// A provider may ask for a day at most.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait after try number `attempt` (from 1): uniform between half and all of
/// min(2 s * 2^(attempt-1), 15 min). `jitter` is in 0..1. The lower half is left out so that a retry
/// storm can't come back at once.
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    let ceiling = doubled.min(LONGEST);
    ceiling.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

/// A provider's wait, kept between one second and a day.
pub fn asked(wait: Duration) -> Duration {
    wait.clamp(Duration::from_secs(1), LONGEST_ASKED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_wait_stays_within_its_bounds(attempt in 0_u32..10_000, jitter in -1.0_f64..2.0) {
            let wait = backoff(attempt, jitter);
            prop_assert!(wait >= FIRST / 2 && wait <= LONGEST);
        }

        #[test]
        fn a_later_try_never_waits_less(attempt in 1_u32..100, jitter in 0.0_f64..1.0) {
            prop_assert!(backoff(attempt + 1, jitter) >= backoff(attempt, jitter));
        }
    }

    #[test]
    fn a_provider_cannot_ask_for_a_week() {
        assert_eq!(asked(Duration::from_secs(7 * 86_400)), LONGEST_ASKED);
    }
}
