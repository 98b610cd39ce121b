//! The second pass: every row of the file by its plan, good ones as COPY takes them, bad ones as they are
//! reported, in chunks of bounded size. No database here: whoever takes the chunks writes them.

use std::collections::HashSet;
use std::io::{Read, Seek};

use platform::ids::Uuid;

use crate::catalog::import::context::Context;
use crate::catalog::import::detect::columns::Field;
use crate::catalog::import::detect::detection::{Plan, header};
use crate::catalog::import::file_error::Refusal;
use crate::catalog::import::options::{Kind, Options, Unlikely};
use crate::catalog::import::read::record::{Record, Records};
use crate::catalog::import::read::table::with_table;
use crate::catalog::import::rows::count::CountLine;
use crate::catalog::import::rows::identity::Seen;
use crate::catalog::import::rows::occurrence::Place;
use crate::catalog::import::rows::outlier::Habits;
use crate::catalog::import::rows::product::ProductLine;
use crate::catalog::import::rows::row_error::{Flaw, Rejection};
use crate::catalog::import::rows::sale::{SaleLine, upper_into};
use crate::catalog::import::rows::validate::{RowReader, Totals};
use crate::catalog::import::stage::chunk::{Carries, Chunk};

/// Codes and customers remembered as met; beyond it their names are staged with every row.
const MET: usize = 1 << 20;

/// Refused rows take more room than the file gave them: beyond so many it isn't worth keeping them.
const MOST_REFUSED: u64 = 1_000_000;

/// All that decides what becomes of a file's rows.
#[derive(Debug)]
pub struct Staging {
    pub import_id: Uuid,
    pub kind: Kind,
    pub options: Options,
    pub plan: Plan,
    pub context: Context,
    pub file_bytes: u64,
    /// Fingerprints of the known codes, where unknown ones are refused.
    pub products: Option<HashSet<u64>>,
    /// Upper-case names of the sites.
    pub sites: HashSet<String>,
    /// What is usual of the products of a sales file.
    pub habits: Habits,
    /// Lines staged before; they are read again and not given again.
    pub after: u64,
}

/// What is known once the whole file has been read.
#[derive(Debug, Clone)]
pub struct Staged {
    pub totals: Totals,
    pub encoding: Option<&'static str>,
    pub warned_prices: u64,
    pub warned_dates: u64,
    pub warned_quantities: u64,
}

/// A code's fingerprint, as [`Staging::products`] holds it.
pub(in crate::catalog::import) fn fingerprint(sku_key: &str) -> u64 {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut hasher = DefaultHasher::new();
    hasher.write(sku_key.as_bytes());
    hasher.finish()
}

/// Reads the file and gives its chunks to `send`, until that answers `false`.
///
/// # Errors
/// The file as a whole can't be taken.
pub fn stage<S: Read + Seek>(
    source: S,
    staging: &Staging,
    mut send: impl FnMut(Chunk) -> bool,
) -> Result<Staged, Refusal> {
    with_table(source, &staging.options, |table| {
        header(table, staging.kind, &staging.options)?;
        let mut stage = Stage::new(staging);
        while table.advance()? {
            stage.take(table.record());
            if stage.totals.rejected > MOST_REFUSED {
                return Err(Refusal::new(
                    "too_many_errors",
                    "more than a million rows are wrong; is it the right file?",
                ));
            }
            if stage.chunk.is_full() && !send(stage.cut(table)) {
                break;
            }
        }
        send(stage.cut(table));
        Ok(stage.finish(table))
    })
}

struct Stage<'a> {
    staging: &'a Staging,
    rows: RowReader,
    seen: Seen,
    met_products: HashSet<u64>,
    met_customers: HashSet<u64>,
    key: String,
    totals: Totals,
    warned_quantities: u64,
    through: u64,
    chunk: Chunk,
}

impl<'a> Stage<'a> {
    fn new(staging: &'a Staging) -> Self {
        Self {
            staging,
            rows: RowReader::new(
                staging.kind,
                &staging.plan,
                &staging.options,
                &staging.context,
            ),
            seen: Seen::for_file_of(staging.file_bytes),
            met_products: HashSet::new(),
            met_customers: HashSet::new(),
            key: String::new(),
            totals: Totals::default(),
            warned_quantities: 0,
            through: 0,
            chunk: Chunk::roomy(),
        }
    }

    fn take(&mut self, record: Record<'_>) {
        self.totals.rows += 1;
        self.through = record.line;
        if let Err(flaw) = self.write(record) {
            self.totals.rejected += 1;
            let place = match &mut self.rows {
                RowReader::Sales(reader) => reader.place(record),
                _ => None,
            };
            if let Some(Place {
                key,
                occurrence: None,
            }) = place
            {
                self.seen.repeats(key);
            }
            if record.line > self.staging.after {
                let rejection = Rejection::of(flaw, record, &self.staging.plan.columns);
                self.chunk.reject(Rejection { place, ..rejection });
            }
        }
    }

    fn write(&mut self, record: Record<'_>) -> Result<(), Flaw> {
        match &mut self.rows {
            RowReader::Sales(reader) => {
                let Some(line) = reader.read(record)? else {
                    self.totals.ignored += 1;
                    return Ok(());
                };
                self.check_known(line.sku, line.site)?;
                self.check_usual(&line)?;
                self.totals.count_sale(line.kind);
                self.sale(&line);
            }
            RowReader::Products(reader) => {
                let line = reader.read(record)?;
                self.totals.accepted += 1;
                self.product(&line);
            }
            RowReader::StockCounts(reader) => {
                let line = reader.read(record)?;
                self.check_known(line.sku, line.site)?;
                self.totals.accepted += 1;
                self.count(&line);
            }
        }
        Ok(())
    }

    /// Leaves the code's key in `self.key`.
    fn check_known(&mut self, sku: &str, site: &str) -> Result<(), Flaw> {
        if !site.is_empty() {
            upper_into(site, &mut self.key);
            if !self.staging.sites.contains(&self.key) {
                return Err(Flaw::new(
                    Field::Site,
                    "unknown_site",
                    "no site has this name",
                ));
            }
        }
        upper_into(sku, &mut self.key);
        match &self.staging.products {
            Some(known) if !known.contains(&fingerprint(&self.key)) => Err(Flaw::new(
                Field::Sku,
                "unknown_product",
                "the catalog has no product with this code",
            )),
            _ => Ok(()),
        }
    }

    /// By the code's key in `self.key`.
    fn check_usual(&mut self, line: &SaleLine<'_>) -> Result<(), Flaw> {
        let Some(usual) = self.staging.habits.exceeded(&self.key, line) else {
            return Ok(());
        };
        if self.staging.options.absurd_quantities == Some(Unlikely::Reject) {
            let reason = format!("more than a hundred times the usual, which is {usual:.1}");
            return Err(Flaw::new(Field::Quantity, "absurd_quantity", reason));
        }
        self.warned_quantities += 1;
        Ok(())
    }

    fn sale(&mut self, line: &SaleLine<'_>) {
        let carries = Carries {
            repeats: self.seen.repeats(line.key),
            product: met(&mut self.met_products, &self.key, line.name),
            customer: !line.customer.is_empty()
                && met(&mut self.met_customers, line.customer, line.customer_name),
        };
        if line.line > self.staging.after {
            self.chunk.sale(self.staging.import_id, line, carries);
        }
    }

    fn product(&mut self, line: &ProductLine<'_>) {
        if line.line > self.staging.after {
            self.chunk.product(self.staging.import_id, line);
        }
    }

    fn count(&mut self, line: &CountLine<'_>) {
        let names_product = met(&mut self.met_products, &self.key, line.name);
        if line.line > self.staging.after {
            self.chunk
                .count(self.staging.import_id, line, names_product);
        }
    }

    fn cut(&mut self, table: &dyn Records) -> Chunk {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.through = self.through;
        chunk.position = table.position();
        chunk.totals = self.totals.clone();
        self.chunk = Chunk::roomy();
        chunk
    }

    fn finish(self, table: &dyn Records) -> Staged {
        let (warned_prices, warned_dates) = match &self.rows {
            RowReader::Sales(reader) => (reader.warned_prices, reader.warned_dates),
            _ => (0, 0),
        };
        Staged {
            totals: self.totals,
            encoding: table.shape().encoding,
            warned_prices,
            warned_dates,
            warned_quantities: self.warned_quantities,
        }
    }
}

/// Whether a row should carry the name: the first of its key, and the first of its key that has a name.
fn met(known: &mut HashSet<u64>, key: &str, name: &str) -> bool {
    let print = fingerprint(key);
    let named = print.wrapping_add(1);
    if known.contains(&named) {
        return false;
    }
    if known.len() >= MET {
        return true;
    }
    let fresh = known.insert(print);
    if name.is_empty() {
        fresh
    } else {
        known.insert(named)
    }
}
