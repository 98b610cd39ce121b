//! Fair order over companies by start-time fair queueing.
//!
//! Each company has a virtual time that grows by one with every job, and a job's score is the
//! virtual time at which it starts. A company that was idle starts at the queue's own virtual time,
//! so its first job sorts before the thousandth job of a busy company.

use std::collections::HashMap;

use platform::ids::Uuid;

/// How far a priority class moves a job, in turns of one company.
const PRIORITY_HEAD_START_TURNS: f64 = 1_000.0;
/// Beyond this many companies, those whose virtual time has passed are forgotten.
const MAX_COMPANIES: usize = 10_000;

/// The virtual times of one queue. Platform jobs count as one more company.
#[derive(Debug, Default)]
pub(crate) struct VirtualTimes {
    by_company: HashMap<Option<Uuid>, f64>,
    /// The score of the job that is popped next.
    now: f64,
}

impl VirtualTimes {
    /// Returns the score of a company's next job of `priority` (-1 low, 0 normal, 1 high), and
    /// charges the company a turn.
    pub(crate) fn charge_turn(&mut self, company: Option<Uuid>, priority: i16) -> f64 {
        let time = self.by_company.entry(company).or_insert(self.now);
        // The start of the turn, not its end: a newcomer's first job ties with the next job anyway.
        let start = time.max(self.now);
        *time = start + 1.0;
        compute_score(start, priority)
    }

    /// Scores a batch of jobs that were probably pushed before, without charging their companies.
    pub(crate) fn repeat_turns(&self) -> RepeatedTurns<'_> {
        RepeatedTurns {
            times: self,
            turns: HashMap::new(),
        }
    }

    /// Advances to the lowest score of the queue, or past all companies if the queue is empty.
    pub(crate) fn advance_to(&mut self, lowest: Option<f64>) {
        match lowest {
            Some(lowest) => self.now = self.now.max(lowest),
            None => self.now = self.by_company.values().copied().fold(self.now, f64::max),
        }
        if self.by_company.len() > MAX_COMPANIES {
            self.by_company.retain(|_, time| *time > self.now);
        }
    }
}

/// The turns that a batch of jobs would be charged.
///
/// Not every job of the batch was pushed before: a transaction that committed late may bring a
/// company's whole backlog. With one score for all, those jobs would be popped in the order of ids.
pub(crate) struct RepeatedTurns<'a> {
    times: &'a VirtualTimes,
    turns: HashMap<Option<Uuid>, f64>,
}

impl RepeatedTurns<'_> {
    /// Returns the score of the company's next job in this batch.
    pub(crate) fn next_score(&mut self, company: Option<Uuid>, priority: i16) -> f64 {
        let VirtualTimes { by_company, now } = self.times;
        let turns = self.turns.entry(company).or_default();
        let start = by_company.get(&company).unwrap_or(now).max(*now) + *turns;
        *turns += 1.0;
        compute_score(start, priority)
    }
}

fn compute_score(time: f64, priority: i16) -> f64 {
    time - PRIORITY_HEAD_START_TURNS * f64::from(priority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_company_comes_before_the_backlog_of_a_busy_one() {
        let (busy, idle) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let mut times = VirtualTimes::default();
        let backlog: Vec<_> = (0..100_000).map(|_| times.charge_turn(busy, 0)).collect();
        times.advance_to(Some(backlog[500]));
        let first = times.charge_turn(idle, 0);
        let ahead = backlog[500..]
            .iter()
            .filter(|score| **score < first)
            .count();
        assert!(ahead <= 1, "{ahead} jobs of the busy company go first");
    }

    #[test]
    fn companies_take_turns() {
        let mut times = VirtualTimes::default();
        let mut order: Vec<_> = (0..6)
            .map(|n| (times.charge_turn(Some(Uuid::from_u128(n / 3)), 0), n / 3))
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let turns: Vec<_> = order.into_iter().map(|(_, company)| company).collect();
        assert_eq!(turns, [0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn a_backlog_found_by_the_look_back_takes_turns_too() {
        let (busy, idle) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let mut times = VirtualTimes::default();
        let mut repeated = times.repeat_turns();
        let backlog: Vec<_> = (0..300).map(|_| repeated.next_score(busy, 0)).collect();
        let charged: Vec<_> = (0..300).map(|_| times.charge_turn(busy, 0)).collect();
        assert_eq!(backlog, charged, "a repeated push keeps each score");
        times.advance_to(Some(backlog[0]));
        let first = times.charge_turn(idle, 0);
        let ahead = backlog.iter().filter(|score| **score <= first).count();
        assert!(ahead <= 1, "{ahead} jobs of the busy company go first");
    }

    #[test]
    fn a_newcomer_to_an_empty_queue_starts_after_the_past_jobs() {
        let mut times = VirtualTimes::default();
        for _ in 0..1_000 {
            times.charge_turn(None, 0);
        }
        times.advance_to(None);
        let newcomer = times.charge_turn(Some(Uuid::from_u128(1)), 0);
        assert!(newcomer >= 1_000.0);
    }

    #[test]
    fn a_low_priority_job_is_overtaken_by_a_bounded_number_of_jobs() {
        let mut times = VirtualTimes::default();
        let low = times.charge_turn(None, -1);
        let later = (0..3_000)
            .map(|_| times.charge_turn(None, 0))
            .filter(|score| *score < low)
            .count();
        assert!(later < 1_100, "{later} normal jobs went first");
    }
}
