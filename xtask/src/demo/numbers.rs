//! Pseudo-random numbers that are the same on every machine and in every run.

/// A SplitMix64 sequence.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Draws from the uniform distribution over [0, 1).
    pub(super) fn draw_unit(&mut self) -> f64 {
        let top = u32::try_from(self.next_u64() >> 32).unwrap_or_default();
        f64::from(top) / (f64::from(u32::MAX) + 1.0)
    }

    /// Draws from the uniform distribution over [low, high).
    pub(super) fn draw_between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.draw_unit()
    }

    /// Draws one of `choices`.
    pub(super) fn pick_one<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let count = u64::try_from(choices.len()).unwrap_or(1);
        &choices[usize::try_from(self.next_u64() % count).unwrap_or_default()]
    }

    /// Draws from the Poisson distribution with a mean below 100 (Knuth: counts the uniform factors
    /// until their product falls below exp(-mean)).
    pub(super) fn draw_poisson(&mut self, mean: f64) -> u32 {
        let floor = (-mean).exp();
        let mut product = self.draw_unit();
        let mut count = 0;
        while product > floor {
            product *= self.draw_unit();
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_produces_the_same_numbers() {
        let draw = |seed| {
            let mut numbers = Numbers::from_seed(seed);
            (0..5).map(|_| numbers.next_u64()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_poisson_distribution_has_its_mean_as_its_variance() {
        let mut numbers = Numbers::from_seed(1);
        let draws: Vec<f64> = (0..20_000)
            .map(|_| f64::from(numbers.draw_poisson(3.0)))
            .collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - 3.0).abs() < 0.05, "{mean}");
        assert!((variance - 3.0).abs() < 0.15, "{variance}");
    }
}
