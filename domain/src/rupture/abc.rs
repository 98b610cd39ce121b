//! Which products earn the company's turnover: A the first 80 %, B up to 95 %, C the rest.

use platform::ids::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Abc {
    A,
    B,
    C,
}

impl Abc {
    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    /// Reads what `as_str` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::A, Self::B, Self::C]
            .into_iter()
            .find(|class| class.as_str() == text)
    }
}

/// Classes in the order of `turnovers`; products of equal turnover stand in the order of their ids.
pub fn classify(turnovers: &[(Uuid, f64)]) -> Vec<Abc> {
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
        classes[i] = match before {
            _ if turnovers[i].1 <= 0.0 => Abc::C,
            sold if sold < 0.8 * total => Abc::A,
            sold if sold < 0.95 * total => Abc::B,
            _ => Abc::C,
        };
        before += turnovers[i].1.max(0.0);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_eighty_per_cent_are_a() {
        let turnovers = [50.0, 0.0, 40.0, 6.0, 4.0].map(|t| (Uuid::nil(), t));
        let classes = classify(&turnovers);
        assert_eq!(classes, [Abc::A, Abc::C, Abc::A, Abc::B, Abc::C]);
        assert_eq!(Abc::parse("B"), Some(Abc::B));
        assert!(classify(&[]).is_empty());
    }

    #[test]
    fn a_shop_without_turnover_has_no_a() {
        assert_eq!(classify(&[(Uuid::nil(), 0.0)]), [Abc::C]);
    }
}
