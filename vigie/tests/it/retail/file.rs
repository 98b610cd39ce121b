//! The Online Retail file, counted by a few lines that share nothing with the import.

use std::collections::{BTreeSet, HashMap};

use platform::testing::data_set;

/// The file, and how many of its lines are what.
#[derive(Debug, Default)]
pub(super) struct Retail {
    pub(super) file: Vec<u8>,
    pub(super) lines: i64,
    /// With a negative price.
    pub(super) rejected: i64,
    pub(super) cancellations: i64,
    /// Cancellations that undo an earlier sale.
    pub(super) netted: i64,
    /// Stock written off.
    pub(super) adjustments: i64,
    /// Codes of lines that aren't rejected, without what only spaces or case tell apart.
    pub(super) products: BTreeSet<String>,
}

/// A line that may be undone or undo: its time, whether it undoes, whose it is of what and how many.
type Move = (String, bool, (String, String, String));

pub(super) fn retail() -> Option<Retail> {
    let file = data_set("online_retail_2010_2011.csv.gz")?;
    let (mut retail, mut moves) = (Retail::default(), Vec::<Move>::new());
    let mut lines = csv::Reader::from_reader(file.as_slice());
    for line in lines.records() {
        let line = line.unwrap();
        let [invoice, code, quantity, at, price, customer] = [0, 1, 3, 4, 5, 6].map(|column| &line[column]);
        let (code, price) = (code.trim().to_uppercase(), price.parse::<f64>().unwrap());
        let (is_cancellation, is_negative) = (invoice.starts_with('C'), quantity.starts_with('-'));
        retail.lines += 1;
        retail.rejected += i64::from(price < 0.0);
        retail.cancellations += i64::from(is_cancellation);
        retail.adjustments += i64::from(is_negative && price == 0.0);
        if !customer.is_empty() && is_negative == is_cancellation {
            let whose = (customer.to_owned(), code.clone(), quantity.trim_start_matches('-').to_owned());
            moves.push((at.to_owned(), is_cancellation, whose));
        }
        if price >= 0.0 {
            retail.products.insert(code);
        }
    }
    retail.netted = netted(moves);
    retail.file = file;
    Some(retail)
}

/// In order of time, each cancellation takes away one sale of its customer, code and quantity where one is left.
fn netted(mut moves: Vec<Move>) -> i64 {
    moves.sort();
    let (mut left, mut netted) = (HashMap::<_, i64>::new(), 0);
    for (_, undoes, whose) in moves {
        let left = left.entry(whose).or_default();
        if !undoes {
            *left += 1;
        } else if *left > 0 {
            *left -= 1;
            netted += 1;
        }
    }
    netted
}
