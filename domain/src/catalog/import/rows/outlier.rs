//! What quantity of a product is usual, so that a slip shows: a barcode in the quantity's column, a missing
//! decimal mark. The file's own lines say it, and what is in the books already.

use std::collections::HashMap;
use std::io::{Read, Seek};

use crate::catalog::SaleKind;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::detection::{Plan, header};
use crate::catalog::import::file_error::Refusal;
use crate::catalog::import::options::{Kind, Options};
use crate::catalog::import::read::table::with_table;
use crate::catalog::import::rows::sale::{SaleLine, SaleReader, upper_into};

/// More than this many times the usual is absurd (`rules.md` 3); and so nothing under so many units is, in
/// thousandths.
const TIMES: f64 = 100.0;
const LEAST: i64 = 100_000;
/// Other sales of the product, below which nothing is usual.
const ENOUGH: u32 = 10;
/// Products beyond it aren't looked at, so that memory stays flat.
const PRODUCTS: usize = 1 << 18;

/// Of one product's sales. Their usual is the geometric mean, which one slip among them hardly moves.
#[derive(Debug, Clone, Copy, Default)]
struct Habit {
    /// Sum of the logarithms of the quantities.
    logs: f64,
    lines: u32,
    /// In thousandths, of lines of any kind.
    largest: i64,
}

/// The usual quantities of those products of a file that have a line to be looked at, by upper-case code.
#[derive(Debug, Clone, Default)]
pub struct Habits(HashMap<Box<str>, Habit>);

impl Habits {
    /// Reads every row of a sales file.
    ///
    /// # Errors
    /// The file as a whole can't be taken.
    pub fn read<S: Read + Seek>(
        source: S,
        options: &Options,
        plan: &Plan,
        context: &Context,
    ) -> Result<Self, Refusal> {
        let mut habits = Self::default();
        let mut key = String::new();
        with_table(source, options, |table| {
            header(table, Kind::Sales, options)?;
            let mut reader = SaleReader::new(plan.columns.clone(), plan.notation, options, context);
            while table.advance()? {
                // A row that is refused says nothing of what is usual.
                if let Ok(Some(line)) = reader.read(table.record()) {
                    upper_into(line.sku, &mut key);
                    habits.count(&key, &line);
                }
            }
            Ok(())
        })?;
        habits.0.retain(|_, habit| habit.largest >= LEAST);
        Ok(habits)
    }

    fn count(&mut self, key: &str, line: &SaleLine<'_>) {
        if !self.0.contains_key(key) {
            if self.0.len() == PRODUCTS {
                return;
            }
            self.0.insert(key.into(), Habit::default());
        }
        let Some(habit) = self.0.get_mut(key) else {
            return;
        };
        habit.largest = habit.largest.max(line.quantity.abs());
        if line.kind == SaleKind::Sale {
            habit.logs += log(line.quantity);
            habit.lines += 1;
        }
    }

    /// The products to ask the books about.
    pub fn keys(&self) -> Vec<String> {
        self.0.keys().map(|key| key.to_string()).collect()
    }

    /// Adds what the books know: the sum of the logarithms of a product's latest quantities, and how many.
    pub fn add(&mut self, key: &str, logs: f64, lines: u32) {
        if let Some(habit) = self.0.get_mut(key) {
            habit.logs += logs;
            habit.lines += lines;
        }
    }

    /// The usual quantity, where the line's is absurd beside it.
    pub(in crate::catalog::import) fn exceeded(
        &self,
        key: &str,
        line: &SaleLine<'_>,
    ) -> Option<f64> {
        if line.quantity.abs() < LEAST {
            return None;
        }
        let habit = self.0.get(key)?;
        let (own, one) = if line.kind == SaleKind::Sale {
            (log(line.quantity), 1)
        } else {
            (0.0, 0)
        };
        let others = habit.lines.saturating_sub(one);
        let usual = ((habit.logs - own) / f64::from(others)).exp();
        (others >= ENOUGH && units(line.quantity) > TIMES * usual).then_some(usual)
    }
}

fn log(quantity: i64) -> f64 {
    units(quantity).ln()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is usual needs no sixteen digits"
)]
fn units(thousandths: i64) -> f64 {
    thousandths.abs() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::catalog::import::{Detection, Staging, examine, stage};
    use platform::ids::Uuid;

    fn staged(options: &str, quantities: &[&str]) -> (u64, Vec<(u64, &'static str)>) {
        let rows = quantities
            .iter()
            .map(|quantity| format!("a1,{quantity},5,2026-01-05\n"));
        let file = format!("sku,quantity,price,date\n{}", rows.collect::<String>()).into_bytes();
        let options: Options = serde_json::from_str(options).unwrap();
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let context = Context {
            now,
            zone: chrono_tz::Tz::UTC,
            currency: "XOF".into(),
        };
        let Detection::Ready(plan) = examine(Cursor::new(&file), Kind::Sales, &options)
            .unwrap()
            .detection
        else {
            panic!("asked")
        };
        let habits = Habits::read(Cursor::new(&file), &options, &plan, &context).unwrap();
        let staging = Staging {
            import_id: Uuid::nil(),
            kind: Kind::Sales,
            options,
            plan,
            context,
            file_bytes: file.len() as u64,
            products: None,
            sites: std::collections::HashSet::new(),
            habits,
            after: 0,
        };
        let mut rejected = Vec::new();
        let ended = stage(Cursor::new(&file), &staging, |chunk| {
            rejected.extend(chunk.rejections.iter().map(|r| (r.line, r.code)));
            true
        });
        (ended.unwrap().warned_quantities, rejected)
    }

    #[test]
    fn a_quantity_of_more_than_a_hundred_times_the_usual_is_counted_or_refused() {
        let with = |last: &'static str| [&["2"; 10][..], &[last]].concat();
        for (last, absurd) in [
            ("200", 0),
            ("201", 1),
            ("6164001234567", 1),
            ("-200", 0),
            ("-201", 1),
        ] {
            assert_eq!(staged("{}", &with(last)), (absurd, Vec::new()), "{last}");
        }
        let refused = staged(r#"{"absurd_quantities": "reject"}"#, &with("201"));
        assert_eq!(refused, (0, vec![(12, "absurd_quantity")]));
    }

    #[test]
    fn without_ten_other_sales_and_under_a_hundred_units_nothing_is_absurd() {
        let few = [&["1"; 9][..], &["5000"]].concat();
        assert_eq!(staged("{}", &few).0, 0);
        let light = [&["0.001"; 20][..], &["99.999"]].concat();
        assert_eq!(staged("{}", &light).0, 0);
    }

    #[test]
    fn what_the_books_know_counts_too() {
        let mut habits = Habits(HashMap::from([(
            "A1".into(),
            Habit {
                logs: 0.0,
                lines: 0,
                largest: LEAST,
            },
        )]));
        assert_eq!(habits.keys(), ["A1"]);
        habits.add("A1", 20.0 * 3_f64.ln(), 20);
        habits.add("B2", 1.0, 20);
        assert_eq!(habits.0.len(), 1);
        assert!((habits.0["A1"].logs / 20.0).exp() - 3.0 < 1e-9);
    }
}
