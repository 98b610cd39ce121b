//! What the values of a column reveal about their notation. Every value is read in each of the
//! candidate notations: one that can't read a value that another one reads is excluded. So the
//! whole column decides, and never a majority.

use std::collections::BTreeMap;

use super::question::{Example, QuestionReason};

/// Values that a question shows.
const MAX_EXAMPLES: usize = 3;

/// The readings of a column's values in `N` notations.
#[derive(Debug, Clone)]
pub(super) struct Evidence<C, const N: usize> {
    /// The preferred one first, where the values are the same in every notation.
    candidates: [C; N],
    /// Values by the candidates that read them: bit 0 stands for the first.
    by_readers: BTreeMap<u8, Vec<Example>>,
    /// Values that two candidates, the first with the lower index, read differently.
    differing: Vec<(usize, usize, Example)>,
}

/// The notations that are possible, and values that show why none is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt<C> {
    pub(super) reason: QuestionReason,
    pub(super) choices: Vec<C>,
    pub(super) examples: Vec<Example>,
}

impl<C: Copy, const N: usize> Evidence<C, N> {
    pub(super) fn new(candidates: [C; N]) -> Self {
        Self {
            candidates,
            by_readers: BTreeMap::new(),
            differing: Vec::new(),
        }
    }

    /// Records the readings of a value; `None` where a candidate can't read it.
    pub(super) fn observe<V: PartialEq>(
        &mut self,
        line: u64,
        text: &str,
        readings: &[Option<V>; N],
    ) {
        let bits = readings.iter().enumerate();
        let readers = bits.fold(0_u8, |bits, (index, reading)| {
            bits | (u8::from(reading.is_some()) << index)
        });
        let known = self.by_readers.entry(readers).or_default();
        if known.len() < MAX_EXAMPLES {
            known.push(Example::new(line, text));
        }
        for first in 0..N {
            for second in first + 1..N {
                let (one, other) = (&readings[first], &readings[second]);
                if one.is_some() && other.is_some() && one != other {
                    self.record_difference(first, second, line, text);
                }
            }
        }
    }

    fn record_difference(&mut self, first: usize, second: usize, line: u64, text: &str) {
        let of_pair = |known: &&(usize, usize, Example)| (known.0, known.1) == (first, second);
        if self.differing.iter().filter(of_pair).count() < MAX_EXAMPLES {
            let example = Example::new(line, text);
            self.differing.push((first, second, example));
        }
    }

    /// Concludes among the candidates that `is_possible` admits. The preferred one is concluded
    /// where every value is the same in all that are left.
    pub(super) fn conclude(&self, is_possible: impl Fn(&C) -> bool) -> Result<C, Doubt<C>> {
        let possible: Vec<usize> = (0..N)
            .filter(|index| is_possible(&self.candidates[*index]))
            .collect();
        let against = |index: &usize| self.values_against(*index, &possible);
        let left: Vec<usize> = possible
            .iter()
            .copied()
            .filter(|index| against(index).next().is_none())
            .collect();
        let Some(preferred) = left.first() else {
            let examples = possible.iter().flat_map(|index| against(index).take(1));
            let examples = examples.cloned().collect();
            return Err(self.doubt(QuestionReason::Contradiction, &possible, examples));
        };
        let examples = self.differing_values(&left);
        if examples.is_empty() {
            Ok(self.candidates[*preferred])
        } else {
            Err(self.doubt(QuestionReason::Undecided, &left, examples))
        }
    }

    /// Returns values that the candidate can't read and another possible one can.
    fn values_against(&self, index: usize, possible: &[usize]) -> impl Iterator<Item = &Example> {
        let others = possible.iter().fold(0_u8, |bits, other| bits | 1 << other);
        self.by_readers
            .iter()
            .filter(move |(readers, _)| *readers & 1 << index == 0 && *readers & others != 0)
            .flat_map(|(_, values)| values)
    }

    /// Returns values that two of these candidates read differently.
    fn differing_values(&self, candidates: &[usize]) -> Vec<Example> {
        self.differing
            .iter()
            .filter(|(one, other, _)| candidates.contains(one) && candidates.contains(other))
            .map(|(_, _, example)| example.clone())
            .take(MAX_EXAMPLES)
            .collect()
    }

    fn doubt(&self, reason: QuestionReason, indexes: &[usize], examples: Vec<Example>) -> Doubt<C> {
        Doubt {
            reason,
            choices: indexes.iter().map(|i| self.candidates[*i]).collect(),
            examples,
        }
    }
}
