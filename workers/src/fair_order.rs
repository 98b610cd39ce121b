//! Fair order over companies: start-time fair queueing. Each company has a virtual time that grows by
//! one job's share with every job; a job's score is its company's. A company that was quiet starts at
//! the queue's own virtual time, so its first job sorts before the thousandth of a noisy one.

use std::collections::HashMap;

use platform::ids::Uuid;

/// How far a priority class moves a job, in jobs of one company.
const CLASS: f64 = 1_000.0;
/// Companies remembered before those that fell behind are forgotten.
const REMEMBERED: usize = 10_000;

/// The virtual times of one queue. A platform job counts as a company of its own.
#[derive(Debug, Default)]
pub(crate) struct VirtualTimes {
    by_company: HashMap<Option<Uuid>, f64>,
    /// The score of the job that is next to be taken.
    now: f64,
}

impl VirtualTimes {
    /// The score of a company's next job of `priority` (-1 low, 0 normal, 1 high).
    pub(crate) fn next(&mut self, company: Option<Uuid>, priority: i16) -> f64 {
        let time = self.by_company.entry(company).or_insert(self.now);
        // Where the job starts, not where it ends: a newcomer's ties with the job that is next anyway.
        let start = time.max(self.now);
        *time = start + 1.0;
        score(start, priority)
    }

    /// Scores for jobs that were probably pushed before: no turn is charged again.
    pub(crate) fn again(&self) -> Again<'_> {
        Again {
            times: self,
            turns: HashMap::new(),
        }
    }

    /// Learns the lowest score of the queue; `None` when it is empty.
    pub(crate) fn learn(&mut self, lowest: Option<f64>) {
        match lowest {
            Some(lowest) => self.now = self.now.max(lowest),
            None => self.now = self.by_company.values().copied().fold(self.now, f64::max),
        }
        if self.by_company.len() > REMEMBERED {
            self.by_company.retain(|_, time| *time > self.now);
        }
    }
}

/// The turns that a batch of jobs would be charged. Not all of it need have been pushed: a transaction that
/// committed late brings a company's whole backlog, and jobs of one score go in the order of their ids.
pub(crate) struct Again<'a> {
    times: &'a VirtualTimes,
    turns: HashMap<Option<Uuid>, f64>,
}

impl Again<'_> {
    /// As [`VirtualTimes::next`], after those of the batch.
    pub(crate) fn next(&mut self, company: Option<Uuid>, priority: i16) -> f64 {
        let VirtualTimes { by_company, now } = self.times;
        let turns = self.turns.entry(company).or_default();
        let start = by_company.get(&company).unwrap_or(now).max(*now) + *turns;
        *turns += 1.0;
        score(start, priority)
    }
}

fn score(time: f64, priority: i16) -> f64 {
    time - CLASS * f64::from(priority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_company_comes_before_the_backlog_of_a_noisy_one() {
        let (noisy, quiet) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let mut times = VirtualTimes::default();
        let backlog: Vec<_> = (0..100_000).map(|_| times.next(noisy, 0)).collect();
        times.learn(Some(backlog[500]));
        let first = times.next(quiet, 0);
        let ahead = backlog[500..]
            .iter()
            .filter(|score| **score < first)
            .count();
        assert!(ahead <= 1, "{ahead} jobs of the noisy company go first");
    }

    #[test]
    fn companies_take_turns() {
        let mut times = VirtualTimes::default();
        let mut order: Vec<_> = (0..6)
            .map(|n| (times.next(Some(Uuid::from_u128(n / 3)), 0), n / 3))
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let turns: Vec<_> = order.into_iter().map(|(_, company)| company).collect();
        assert_eq!(turns, [0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn a_backlog_that_only_the_look_back_found_takes_turns_too() {
        let (noisy, quiet) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let mut times = VirtualTimes::default();
        let mut again = times.again();
        let backlog: Vec<_> = (0..300).map(|_| again.next(noisy, 0)).collect();
        let charged: Vec<_> = (0..300).map(|_| times.next(noisy, 0)).collect();
        assert_eq!(backlog, charged, "pushed again, each keeps its score");
        times.learn(Some(backlog[0]));
        let first = times.next(quiet, 0);
        let ahead = backlog.iter().filter(|score| **score <= first).count();
        assert!(ahead <= 1, "{ahead} jobs of the noisy company go first");
    }

    #[test]
    fn an_idle_queue_gives_nobody_credit_for_the_past() {
        let mut times = VirtualTimes::default();
        for _ in 0..1_000 {
            times.next(None, 0);
        }
        times.learn(None);
        let newcomer = times.next(Some(Uuid::from_u128(1)), 0);
        assert!(newcomer >= 1_000.0);
    }

    #[test]
    fn low_priority_ages_into_its_turn() {
        let mut times = VirtualTimes::default();
        let low = times.next(None, -1);
        let later = (0..3_000)
            .map(|_| times.next(None, 0))
            .filter(|score| *score < low)
            .count();
        assert!(later < 1_100, "{later} normal jobs went first");
    }
}
