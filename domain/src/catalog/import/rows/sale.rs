//! One row of a sales file: what it says, or why it is refused. Allocates nothing for a good row.

use std::collections::HashSet;

use crate::catalog::import::cells::money::{
    Money, amount_of, currency_named, in_currency, price_of,
};
use crate::catalog::import::cells::zone::{Clock, Moment};
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::columns::{Columns, Field};
use crate::catalog::import::options::{Options, Unlikely};
use crate::catalog::import::read::record::Record;
use crate::catalog::import::rows::identity::SaleIdentity;
use crate::catalog::import::rows::occurrence::{self, Place};
use crate::catalog::import::rows::row_error::{Flaw, Notation, at_most, check_shape};
use crate::catalog::{FactKey, SaleKind, SaleStatus};

/// A good row. Texts are as in the file but for blanks around.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog::import) struct SaleLine<'a> {
    pub line: u64,
    /// Identity, with its occurrence where the row says it.
    pub key: FactKey,
    /// A row of an errors file that doesn't say any more which line of its identity it is.
    pub fresh: bool,
    pub sku: &'a str,
    pub name: &'a str,
    pub document: &'a str,
    pub external_id: &'a str,
    pub customer: &'a str,
    pub customer_name: &'a str,
    pub country: &'a str,
    pub site: &'a str,
    /// `None` where the file doesn't say.
    pub status: Option<SaleStatus>,
    pub kind: SaleKind,
    /// Thousandths.
    pub quantity: i64,
    pub money: Money,
    pub moment: Moment,
}

/// Turns records into sale lines.
pub(in crate::catalog::import) struct SaleReader {
    places: [usize; Field::COUNT],
    columns: Columns,
    /// Of an errors file.
    occurrence: Option<usize>,
    notation: Notation,
    clock: Clock,
    currency: [u8; 3],
    latest: i64,
    negative_prices: Unlikely,
    future_dates: Unlikely,
    cancellation_prefix: Option<String>,
    ignored: HashSet<String>,
    ignored_prefixes: Vec<String>,
    sku_key: String,
    /// Rows let through with a warning.
    pub warned_prices: u64,
    pub warned_dates: u64,
}

/// A day: clocks of tills run fast.
const TOLERANCE: i64 = 86_400_000_000;

impl SaleReader {
    pub(in crate::catalog::import) fn new(
        columns: Columns,
        notation: Notation,
        options: &Options,
        context: &Context,
    ) -> Self {
        let (prefixes, exact): (Vec<_>, Vec<_>) = options
            .ignore_codes
            .iter()
            .map(|c| c.trim().to_uppercase())
            .partition(|c| c.ends_with('*'));
        Self {
            places: columns.places(),
            occurrence: columns
                .header
                .iter()
                .position(|title| title.trim() == occurrence::COLUMN),
            columns,
            notation,
            clock: Clock::new(options.zone(context), context.zone),
            currency: options.currency_code(context),
            latest: context.now.timestamp_micros() + TOLERANCE,
            negative_prices: options.negative_prices,
            future_dates: options.future_dates,
            cancellation_prefix: options.cancellation_prefix.clone(),
            ignored: exact.into_iter().collect(),
            ignored_prefixes: prefixes
                .into_iter()
                .map(|p| p.trim_end_matches('*').to_owned())
                .collect(),
            sku_key: String::new(),
            warned_prices: 0,
            warned_dates: 0,
        }
    }

    /// The row's sale line; `None` where its code is one to ignore.
    pub(in crate::catalog::import) fn read<'r>(
        &mut self,
        record: Record<'r>,
    ) -> Result<Option<SaleLine<'r>>, Flaw> {
        check_shape(record, &self.columns)?;
        let field = |f: Field| record.field(self.places[f as usize]);
        let sku = field(Field::Sku);
        if sku.is_empty() {
            return Err(Flaw::new(
                Field::Sku,
                "missing_value",
                "the product's code is missing",
            ));
        }
        at_most(Field::Sku, sku, 100)?;
        upper_into(sku, &mut self.sku_key);
        if self.is_ignored() {
            return Ok(None);
        }
        let document = whole_number(at_most(Field::Document, field(Field::Document), 200)?);
        let external_id = at_most(Field::ExternalId, field(Field::ExternalId), 200)?;
        let customer = whole_number(at_most(Field::Customer, field(Field::Customer), 200)?);
        let quantity = self
            .notation
            .number(Field::Quantity, field(Field::Quantity), 3)?
            .scaled;
        let money = self.likely_money(record, quantity)?;
        let moment = self.moment(record)?;
        let kind = self.kind(document, quantity, money.unit_price)?;
        let identity = if !external_id.is_empty() {
            SaleIdentity::External(external_id)
        } else if !document.is_empty() {
            SaleIdentity::Document {
                document,
                sku_key: &self.sku_key,
            }
        } else {
            let (day, unit_price) = (moment.day, money.unit_price);
            SaleIdentity::Facts {
                day,
                sku_key: &self.sku_key,
                customer,
                quantity,
                unit_price,
            }
        };
        let key = identity.key();
        let place = self
            .occurrence
            .map(|place| occurrence::read(record.field(place), key));
        Ok(Some(SaleLine {
            line: record.line,
            key: key.of_occurrence(place.flatten().unwrap_or(1)),
            fresh: place == Some(None) && external_id.is_empty(),
            sku,
            name: cut(record.field(self.places[Field::Name as usize]), 500),
            document,
            external_id,
            customer,
            customer_name: cut(record.field(self.places[Field::CustomerName as usize]), 200),
            country: cut(record.field(self.places[Field::Country as usize]), 100),
            site: at_most(
                Field::Site,
                record.field(self.places[Field::Site as usize]),
                200,
            )?,
            status: status(record.field(self.places[Field::Status as usize]))?,
            kind,
            quantity,
            money,
            moment,
        }))
    }

    /// The place of a row that is refused among the lines of its identity; `None` where that can't be read, or is
    /// the caller's own id, which needs none.
    pub(in crate::catalog::import) fn place(&mut self, record: Record<'_>) -> Option<Place> {
        let identity = self.identity(record).transpose()?;
        occurrence::place(identity, self.occurrence.map(|place| record.field(place)))
    }

    fn identity(&mut self, record: Record<'_>) -> Result<Option<FactKey>, Flaw> {
        check_shape(record, &self.columns)?;
        let field = |f: Field| record.field(self.places[f as usize]);
        let sku = at_most(Field::Sku, field(Field::Sku), 100)?;
        if sku.is_empty() || !field(Field::ExternalId).is_empty() {
            return Ok(None);
        }
        let document = whole_number(at_most(Field::Document, field(Field::Document), 200)?);
        let customer = whole_number(at_most(Field::Customer, field(Field::Customer), 200)?);
        upper_into(sku, &mut self.sku_key);
        if !document.is_empty() {
            return Ok(Some(
                SaleIdentity::Document {
                    document,
                    sku_key: &self.sku_key,
                }
                .key(),
            ));
        }
        let quantity = self
            .notation
            .number(Field::Quantity, field(Field::Quantity), 3)?
            .scaled;
        let unit_price = self.money(record, quantity)?.1.unit_price;
        let day = self
            .clock
            .moment(self.notation.date(Field::Date, field(Field::Date))?)
            .day;
        let sku_key = &self.sku_key;
        Ok(Some(
            SaleIdentity::Facts {
                day,
                sku_key,
                customer,
                quantity,
                unit_price,
            }
            .key(),
        ))
    }

    fn is_ignored(&self) -> bool {
        (!self.ignored.is_empty() && self.ignored.contains(&self.sku_key))
            || self
                .ignored_prefixes
                .iter()
                .any(|p| self.sku_key.starts_with(p))
    }

    fn likely_money(&mut self, record: Record<'_>, quantity: i64) -> Result<Money, Flaw> {
        let (from, money) = self.money(record, quantity)?;
        if money.unit_price < 0 {
            if self.negative_prices == Unlikely::Reject {
                return Err(Flaw::new(from, "negative_price", "the price is negative"));
            }
            self.warned_prices += 1;
        }
        Ok(money)
    }

    /// What the line is worth, and which field says it.
    fn money(&self, record: Record<'_>, quantity: i64) -> Result<(Field, Money), Flaw> {
        if quantity == 0 {
            return Err(Flaw::new(
                Field::Quantity,
                "zero_quantity",
                "a quantity of zero is no sale",
            ));
        }
        let field = |f: Field| record.field(self.places[f as usize]);
        let named = field(Field::Currency);
        let currency = if named.is_empty() {
            self.currency
        } else {
            currency_named(named)?
        };
        let price = field(Field::UnitPrice);
        let (from, written) = if price.is_empty() && self.columns.place(Field::Amount).is_some() {
            (
                Field::Amount,
                self.notation
                    .number(Field::Amount, field(Field::Amount), 6)?,
            )
        } else {
            (
                Field::UnitPrice,
                self.notation.number(Field::UnitPrice, price, 6)?,
            )
        };
        let number = in_currency(from, written, currency)?;
        let money = if from == Field::Amount {
            price_of
        } else {
            amount_of
        }(number, quantity, currency)
        .ok_or_else(|| Flaw::new(from, "out_of_range", "the amount is too large"))?;
        Ok((from, money))
    }

    fn moment(&mut self, record: Record<'_>) -> Result<Moment, Flaw> {
        let text = record.field(self.places[Field::Date as usize]);
        let moment = self.clock.moment(self.notation.date(Field::Date, text)?);
        if moment.at > self.latest {
            if self.future_dates == Unlikely::Reject {
                return Err(Flaw::new(
                    Field::Date,
                    "future_date",
                    "the date is in the future",
                ));
            }
            self.warned_dates += 1;
        }
        Ok(moment)
    }

    fn kind(&self, document: &str, quantity: i64, unit_price: i64) -> Result<SaleKind, Flaw> {
        let cancels = self
            .cancellation_prefix
            .as_ref()
            .is_some_and(|p| document.starts_with(p.as_str()));
        match (quantity > 0, cancels) {
            (true, false) => Ok(SaleKind::Sale),
            (true, true) => Err(Flaw::new(
                Field::Quantity,
                "positive_cancellation",
                "a cancelling line's quantity is negative",
            )),
            (false, _) if unit_price == 0 => Ok(SaleKind::Adjustment),
            (false, true) => Ok(SaleKind::Cancellation),
            (false, false) => Ok(SaleKind::Return),
        }
    }
}

/// As `upper` of the database makes a key of a code.
pub(in crate::catalog::import) fn upper_into(text: &str, key: &mut String) {
    key.clear();
    if text.is_ascii() {
        key.push_str(text);
        key.make_ascii_uppercase();
    } else {
        key.extend(text.chars().flat_map(char::to_uppercase));
    }
}

/// Spreadsheets and data frames write the number 17850 as `17850.0`.
fn whole_number(text: &str) -> &str {
    match text.strip_suffix(".0") {
        Some(whole) if !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    }
}

/// Names are for people: a long one is cut, not refused.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    text.char_indices()
        .nth(most)
        .map_or(text, |(end, _)| &text[..end])
}

fn status(text: &str) -> Result<Option<SaleStatus>, Flaw> {
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        match crate::catalog::import::detect::columns::plain(text).as_str() {
            "delivered" | "livre" | "livree" | "completed" | "complete" | "paid" | "paye"
            | "payee" | "done" | "shipped" => SaleStatus::Delivered,
            "pending" | "enattente" | "encours" | "open" | "processing" => SaleStatus::Pending,
            "cancelled" | "canceled" | "annule" | "annulee" => SaleStatus::Cancelled,
            _ => {
                return Err(Flaw::new(
                    Field::Status,
                    "unknown_status",
                    "isn't delivered, pending or cancelled",
                ));
            }
        },
    ))
}
