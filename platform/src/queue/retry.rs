//! The wait before the next attempt: exponential back-off with jitter, or the provider's own wait.
//! Both are bounded.

use std::time::Duration;

const FIRST_BACKOFF: Duration = Duration::from_secs(2);
const MAX_BACKOFF: Duration = Duration::from_secs(15 * 60);
const MAX_PROVIDER_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Computes the wait after attempt number `attempt` (from 1): uniform between half and all of
/// min(2 s * 2^(attempt-1), 15 min). `jitter` is in 0..1.
///
/// The lower half is left out, so that a retry storm can't come back at once.
pub fn compute_backoff(attempt: u32, jitter: f64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    let ceiling = doubled.min(MAX_BACKOFF);
    ceiling.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

/// Bounds a provider's wait to between one second and a day.
pub(crate) fn clamp_requested_wait(wait: Duration) -> Duration {
    wait.clamp(Duration::from_secs(1), MAX_PROVIDER_WAIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_wait_stays_within_its_bounds(attempt in 0_u32..10_000, jitter in -1.0_f64..2.0) {
            let wait = compute_backoff(attempt, jitter);
            prop_assert!(wait >= FIRST_BACKOFF / 2 && wait <= MAX_BACKOFF);
        }

        #[test]
        fn a_later_attempt_never_waits_less(attempt in 1_u32..100, jitter in 0.0_f64..1.0) {
            prop_assert!(compute_backoff(attempt + 1, jitter) >= compute_backoff(attempt, jitter));
        }
    }

    #[test]
    fn a_provider_wait_is_at_most_a_day() {
        let week = Duration::from_secs(7 * 86_400);
        assert_eq!(clamp_requested_wait(week), MAX_PROVIDER_WAIT);
    }
}
