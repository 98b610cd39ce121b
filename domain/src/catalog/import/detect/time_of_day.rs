//! Whether a column of dates holds times. Programs that know no day without a time write each day
//! as its midnight: `2026-10-05 00:00:00`.

use crate::catalog::import::cells::find_time;

/// What the values of a column reveal about their times.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TimeEvidence {
    has_midnights: bool,
    has_times: bool,
}

impl TimeEvidence {
    pub(super) fn observe(&mut self, text: &str) {
        if self.has_times {
            return;
        }
        let Some(written) = find_time(text) else {
            return;
        };
        match (written.time, written.offset) {
            (None, _) => {}
            (Some(0), None) => self.has_midnights = true,
            (Some(_), _) => self.has_times = true,
        }
    }

    /// Whether every time is midnight, and stands for none.
    pub(super) fn are_midnights(self) -> bool {
        self.has_midnights && !self.has_times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_whose_times_are_all_midnight_holds_days() {
        for (values, expected) in [
            (&["2026-10-05 00:00:00", "2026-10-06 00:00:00"][..], true),
            (&["05/10/2026 00:00", "06/10/2026"], true),
            (&["10/5/2026 12:00:00 AM"], true),
            (&["5 oct. 2026 00:00"], true),
            (&["2026-10-05T00:00:00.000", "x", ""], true),
            (&["2026-10-05 00:00:00", "2026-10-06 09:00:00"], false),
            (&["2026-10-05T00:00:00Z"], false),
            (&["2026-10-05", "06/10/2026"], false),
            (&[], false),
        ] {
            let mut evidence = TimeEvidence::default();
            values.iter().for_each(|value| evidence.observe(value));
            assert_eq!(evidence.are_midnights(), expected, "{values:?}");
        }
    }
}
