//! The distribution of the demand over some days: a negative binomial with a mean and a
//! variance-to-mean ratio, or a Poisson if that ratio is 1 or less. With one ratio for all spans,
//! the demand of a longer span is the sum of the demands of shorter ones.

use statrs::function::gamma::{gamma_ur, ln_gamma};

/// The distribution of a number of units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct UnitDemand {
    mean: f64,
    dispersion: f64,
}

/// The ratio below which the negative binomial equals a Poisson in all figures shown, and its size
/// parameter overflows.
const MIN_BINOMIAL_RATIO: f64 = 1.0 + 1e-6;

impl UnitDemand {
    /// A mean of `mean` units with variance `mean * dispersion`.
    pub(super) fn new(mean: f64, dispersion: f64) -> Self {
        Self {
            mean: mean.max(0.0),
            dispersion,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// P(units <= `units`).
    ///
    /// Negative binomial with size r = mean / (ratio - 1) and success probability p = 1 / ratio:
    /// I_p(r, k + 1), the regularised incomplete beta function (DLMF 8.17.5). Poisson: Q(k + 1,
    /// mean) (DLMF 8.4.10).
    pub(super) fn at_most(&self, units: f64) -> f64 {
        if units < 0.0 {
            return 0.0;
        }
        if self.mean <= 0.0 {
            return 1.0;
        }
        let k = units.floor();
        if self.dispersion < MIN_BINOMIAL_RATIO {
            return gamma_ur(k + 1.0, self.mean);
        }
        let size = self.mean / (self.dispersion - 1.0);
        incomplete_beta(size, k + 1.0, 1.0 / self.dispersion)
    }

    /// P(units > `units`).
    pub(super) fn more_than(&self, units: f64) -> f64 {
        1.0 - self.at_most(units)
    }

    /// The smallest whole number of units with P(demand <= units) >= `level`; `level` in (0, 1).
    pub(super) fn quantile(&self, level: f64) -> f64 {
        if self.at_most(0.0) >= level {
            return 0.0;
        }
        let deviation = (self.mean * self.dispersion.max(1.0)).sqrt();
        let mut below = 0.0_f64;
        let mut above = (self.mean + 2.0 * deviation).ceil().max(1.0);
        while self.at_most(above) < level {
            below = above;
            above *= 2.0;
        }
        while above - below > 1.0 {
            let middle = ((below + above) / 2.0).floor();
            if self.at_most(middle) >= level {
                above = middle;
            } else {
                below = middle;
            }
        }
        above
    }
}

/// I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated by the modified Lentz method. The
/// fraction converges in about sqrt(max(a, b)) steps, so the bound holds beyond 10^8 units. statrs
/// stops after 140 steps, which is too early for a fast seller.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    let value = if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    };
    value.clamp(0.0, 1.0)
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const MAX_STEPS: u32 = 20_000;
    const SMALLEST: f64 = 1e-300;
    let nonzero = |v: f64| if v.abs() < SMALLEST { SMALLEST } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..=MAX_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        value *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-12 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes the same probability by adding the terms one by one.
    fn sum_terms(mean: f64, dispersion: f64, units: u32) -> f64 {
        let (size, p) = (mean / (dispersion - 1.0), 1.0 / dispersion);
        let mut term = p.powf(size);
        let mut total = term;
        for k in 1..=units {
            term *= (size + f64::from(k) - 1.0) / f64::from(k) * (1.0 - p);
            total += term;
        }
        total
    }

    #[test]
    fn the_negative_binomial_equals_the_sum_of_its_terms() {
        for mean in [0.01, 0.7, 3.0, 40.0, 300.0] {
            for dispersion in [1.01, 1.5, 4.0, 60.0] {
                for units in [0, 1, 5, 37, 400] {
                    let ours = UnitDemand::new(mean, dispersion).at_most(f64::from(units));
                    let sum = sum_terms(mean, dispersion, units);
                    assert!(
                        (ours - sum).abs() < 1e-9,
                        "{mean} {dispersion} {units}: {ours} {sum}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_ratio_of_one_or_less_is_a_poisson() {
        // P(X <= 2), mean 1.5: e^-1.5 (1 + 1.5 + 1.125)
        let expected = (-1.5_f64).exp() * 3.625;
        for dispersion in [0.0, 0.4, 1.0] {
            let ours = UnitDemand::new(1.5, dispersion).at_most(2.0);
            assert!((ours - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn the_quantile_is_the_smallest_number_that_reaches_the_level() {
        for mean in [0.05, 2.0, 55.0, 12_000.0] {
            for dispersion in [1.0, 3.0, 200.0] {
                let demand = UnitDemand::new(mean, dispersion);
                for level in [0.1, 0.5, 0.95, 0.999] {
                    let q = demand.quantile(level);
                    assert!(demand.at_most(q) >= level);
                    assert!(q == 0.0 || demand.at_most(q - 1.0) < level);
                }
            }
        }
    }

    #[test]
    fn a_fast_seller_keeps_its_middle_in_the_middle() {
        for dispersion in [1.0, 1.2, 50.0] {
            let demand = UnitDemand::new(2e6, dispersion);
            assert!((demand.at_most(2e6) - 0.5).abs() < 0.01);
        }
    }

    #[test]
    fn nothing_expected_is_never_more_than_nothing() {
        let none = UnitDemand::new(0.0, 3.0);
        assert_eq!(none.more_than(0.0), 0.0);
        assert_eq!(none.more_than(-1.0), 1.0);
        assert_eq!(none.quantile(0.95), 0.0);
    }
}
