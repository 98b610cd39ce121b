//! How the jobs of one tick are spread over time.

use std::time::Duration;

use chrono::TimeDelta;

/// The start times of one tick's jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stagger {
    AtOnce,
    /// So many start in each second, in the order of the rows, and the rest together with them once
    /// `within` has passed.
    PerSecond {
        jobs: u64,
        within: Duration,
    },
    /// Each row's job starts at an offset below `within`, the same offset at each tick.
    Spread {
        within: Duration,
    },
}

impl Stagger {
    /// Returns the delay of the job of the row `id` at `position`, counted from 0 over all rows of
    /// the tick.
    pub(super) fn delay_of(self, position: u64, id: &[u8]) -> TimeDelta {
        let seconds = match self {
            Self::AtOnce => 0,
            Self::PerSecond { jobs, within } => position / jobs % within.as_secs(),
            Self::Spread { within } => u64::from(hash_id(id)) * within.as_secs() / (1 << 16),
        };
        TimeDelta::seconds(seconds.cast_signed())
    }
}

/// Returns the same number for the same row, in every release.
fn hash_id(id: &[u8]) -> u16 {
    id.iter().fold(0, |hash: u16, byte| {
        hash.wrapping_mul(31).wrapping_add(u16::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use domain::ads::AccountId;

    use super::*;

    #[test]
    fn so_many_jobs_start_in_each_second_and_the_window_starts_over() {
        let within = Duration::from_secs(4);
        let stagger = Stagger::PerSecond { jobs: 2, within };
        let seconds = (0..10).map(|n| stagger.delay_of(n, &[]).num_seconds());
        assert_eq!(seconds.collect::<Vec<_>>(), [0, 0, 1, 1, 2, 2, 3, 3, 0, 0]);
    }

    #[test]
    fn a_spread_job_keeps_its_offset_and_jobs_fill_the_window() {
        let stagger = Stagger::Spread {
            within: Duration::from_secs(100),
        };
        let mut tenths = [0; 10];
        for _ in 0..1_000 {
            let account = AccountId::new();
            let delay = stagger.delay_of(0, account.0.as_bytes());
            assert_eq!(delay, stagger.delay_of(7, account.0.as_bytes()));
            tenths[usize::try_from(delay.num_seconds() / 10).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|jobs| *jobs > 50), "{tenths:?}");
    }
}
