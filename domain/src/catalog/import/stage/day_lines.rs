//! The lines of a file that only their day and figures identify, day by day, for a comparison with
//! what is recorded.

use std::collections::HashMap;

use crate::catalog::FactKey;

/// Lines that a preview compares: bounds its memory.
const MAX_LINES: usize = 1 << 20;

/// What a file holds of one day at one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileDay {
    /// "" where the file has no sites.
    pub(crate) site_key: String,
    /// Days since 1970-01-01.
    pub(crate) day: i32,
    /// Its lines that only day and figures identify.
    pub(crate) lines: i64,
    /// How many of them are recorded.
    pub(crate) known: i64,
    pub(crate) first_line: i64,
}

/// The lines of a file by site and day, in their order.
#[derive(Debug, Clone, Default)]
pub struct DayLines {
    pub(crate) days: Vec<FileDay>,
    /// For each line the index of its day, and its key with its occurrence.
    pub(crate) keys: Vec<(usize, FactKey)>,
    places: HashMap<(String, i32), usize>,
}

impl DayLines {
    /// Adds a line; `key` is with its occurrence.
    pub(super) fn add_line(&mut self, (site_key, day): (&str, i32), line: u64, key: FactKey) {
        if self.keys.len() == MAX_LINES {
            return;
        }
        let place = self.places.entry((site_key.to_owned(), day));
        let index = *place.or_insert_with(|| {
            self.days.push(FileDay {
                site_key: site_key.to_owned(),
                day,
                lines: 0,
                known: 0,
                first_line: line.cast_signed(),
            });
            self.days.len() - 1
        });
        self.days[index].lines += 1;
        self.keys.push((index, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_site_and_day() {
        let soap = FactKey::from_parts(&[b"soap"]);
        let mut lines = DayLines::default();
        lines.add_line(("", 1), 2, soap);
        lines.add_line(("DAKAR", 1), 4, soap);
        lines.add_line(("", 1), 5, soap);
        let counts: Vec<_> = lines.days.iter().map(|d| (d.lines, d.first_line)).collect();
        assert_eq!(counts, [(2, 2), (1, 4)]);
        assert_eq!(lines.keys, [(0, soap), (1, soap), (0, soap)]);
    }
}
