//! How the jobs of one tick are spread over time.

use std::time::Duration;

use chrono::TimeDelta;
use platform::queue::NewJob;

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
    /// Each job starts at its own offset below `within`, the same offset at each tick.
    Spread {
        within: Duration,
    },
}

impl Stagger {
    /// Returns the delay of the job at `position`, counted from 0 over all rows of the tick.
    pub(super) fn delay_of(self, position: u64, job: &NewJob) -> TimeDelta {
        let seconds = match self {
            Self::AtOnce => 0,
            Self::PerSecond { jobs, within } => position / jobs % within.as_secs(),
            Self::Spread { within } => u64::from(hash_job(job)) * within.as_secs() / (1 << 16),
        };
        TimeDelta::seconds(seconds.cast_signed())
    }
}

/// Returns the same number for the same company and payload, in every release.
fn hash_job(job: &NewJob) -> u16 {
    let company = job.company.map_or([0; 16], |company| *company.0.as_bytes());
    let bytes = company.iter().chain(job.args.as_bytes());
    bytes.fold(0, |hash: u16, byte| {
        hash.wrapping_mul(31).wrapping_add(u16::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use domain::ads::AccountId;
    use platform::ids::CompanyId;

    use super::*;
    use crate::ads::RefreshAccount;
    use crate::company_job;

    fn new_job() -> NewJob {
        let account_id = AccountId::new();
        company_job(CompanyId::new(), &RefreshAccount { account_id })
    }

    #[test]
    fn so_many_jobs_start_in_each_second_and_the_window_starts_over() {
        let within = Duration::from_secs(4);
        let stagger = Stagger::PerSecond { jobs: 2, within };
        let seconds = (0..10).map(|n| stagger.delay_of(n, &new_job()).num_seconds());
        assert_eq!(seconds.collect::<Vec<_>>(), [0, 0, 1, 1, 2, 2, 3, 3, 0, 0]);
    }

    #[test]
    fn a_spread_job_keeps_its_offset_and_jobs_fill_the_window() {
        let stagger = Stagger::Spread {
            within: Duration::from_secs(100),
        };
        let jobs: Vec<_> = (0..1_000).map(|_| new_job()).collect();
        let mut tenths = [0; 10];
        for job in &jobs {
            let delay = stagger.delay_of(0, job);
            assert_eq!(delay, stagger.delay_of(7, job));
            tenths[usize::try_from(delay.num_seconds() / 10).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|jobs| *jobs > 50), "{tenths:?}");
    }
}
