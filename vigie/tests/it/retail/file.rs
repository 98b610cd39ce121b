//! The Online Retail file, counted by code that shares nothing with the import.

use std::collections::{BTreeSet, HashMap};

use testing::data_set;

/// Codes that are no products: postage, fees, samples, vouchers.
pub(super) const NO_PRODUCTS: [&str; 12] = [
    "POST",
    "D",
    "C2",
    "DOT",
    "M",
    "BANK CHARGES",
    "AMAZONFEE",
    "S",
    "B",
    "PADS",
    "CRUK",
    "gift_0001_*",
];

/// The file and its counts.
#[derive(Debug, Default)]
pub(super) struct Retail {
    pub(super) file: Vec<u8>,
    /// Counts of all lines.
    pub(super) all: Counted,
    /// Counts without the lines of [`NO_PRODUCTS`].
    pub(super) goods: Counted,
}

/// Counts of the file's lines.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) lines: i64,
    pub(super) ignored: i64,
    /// Lines with a negative price.
    pub(super) rejected: i64,
    pub(super) cancellations: i64,
    /// Cancellations that undo an earlier sale.
    pub(super) netted: i64,
    /// Lines that write stock off.
    pub(super) adjustments: i64,
    /// Codes of the accepted lines, trimmed and in upper case.
    pub(super) products: BTreeSet<String>,
    moves: Vec<Move>,
}

/// A line that may be undone or undo: its time, whether it undoes, and its customer, code and
/// quantity.
type Move = (String, bool, (String, String, String));

pub(super) fn load_retail() -> Option<Retail> {
    let file = data_set("online_retail_2010_2011.csv.gz")?;
    let mut retail = Retail::default();
    let mut lines = csv::Reader::from_reader(file.as_slice());
    for line in lines.records() {
        let line = line.unwrap();
        let code = line[1].trim().to_uppercase();
        retail.all.add_line(&line, &code);
        if is_no_product(&code) {
            retail.goods.lines += 1;
            retail.goods.ignored += 1;
        } else {
            retail.goods.add_line(&line, &code);
        }
    }
    for counted in [&mut retail.all, &mut retail.goods] {
        counted.netted = count_netted(std::mem::take(&mut counted.moves));
    }
    retail.file = file;
    Some(retail)
}

fn is_no_product(code: &str) -> bool {
    code.starts_with("GIFT_0001_") || NO_PRODUCTS.contains(&code)
}

impl Counted {
    fn add_line(&mut self, line: &csv::StringRecord, code: &str) {
        let [invoice, quantity, at, price, customer] = [0, 3, 4, 5, 6].map(|column| &line[column]);
        let price = price.parse::<f64>().unwrap();
        let (is_cancellation, is_negative) = (invoice.starts_with('C'), quantity.starts_with('-'));
        self.lines += 1;
        self.rejected += i64::from(price < 0.0);
        self.cancellations += i64::from(is_cancellation);
        self.adjustments += i64::from(is_negative && price == 0.0);
        if !customer.is_empty() && is_negative == is_cancellation {
            let whose = (
                customer.to_owned(),
                code.to_owned(),
                quantity.trim_start_matches('-').to_owned(),
            );
            self.moves.push((at.to_owned(), is_cancellation, whose));
        }
        if price >= 0.0 && !self.products.contains(code) {
            self.products.insert(code.to_owned());
        }
    }

    /// Counts the lines that become rows.
    pub(super) fn imported(&self) -> i64 {
        self.lines - self.ignored - self.rejected
    }
}

/// Counts the cancellations that undo a sale: in order of time, each undoes one remaining sale of
/// its customer, code and quantity.
fn count_netted(mut moves: Vec<Move>) -> i64 {
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
