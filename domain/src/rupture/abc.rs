//! Which products earn the company's turnover: A the first 80 %, B up to 95 %, C the rest.

use platform::ids::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text")]
pub enum Abc {
    A,
    B,
    C,
}

/// Returns the classes in the order of `turnovers`. Products of equal turnover rank by id.
pub(super) fn classify_turnovers(turnovers: &[(Uuid, f64)]) -> Vec<Abc> {
    let total: f64 = turnovers
        .iter()
        .map(|(_, turnover)| turnover.max(0.0))
        .sum();
    let mut order: Vec<usize> = (0..turnovers.len()).collect();
    order.sort_by(|a, b| {
        let by_turnover = turnovers[*b].1.total_cmp(&turnovers[*a].1);
        by_turnover.then(turnovers[*a].0.cmp(&turnovers[*b].0))
    });
    let mut classes = vec![Abc::C; turnovers.len()];
    let mut before = 0.0;
    for i in order {
        let turnover = turnovers[i].1;
        classes[i] = if turnover <= 0.0 || before >= 0.95 * total {
            Abc::C
        } else if before >= 0.8 * total {
            Abc::B
        } else {
            Abc::A
        };
        before += turnover.max(0.0);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_eighty_per_cent_are_a() {
        let turnovers = [50.0, 0.0, 40.0, 6.0, 4.0].map(|t| (Uuid::nil(), t));
        let classes = classify_turnovers(&turnovers);
        assert_eq!(classes, [Abc::A, Abc::C, Abc::A, Abc::B, Abc::C]);
        assert!(classify_turnovers(&[]).is_empty());
    }

    #[test]
    fn a_shop_without_turnover_has_no_a() {
        assert_eq!(classify_turnovers(&[(Uuid::nil(), 0.0)]), [Abc::C]);
    }
}
