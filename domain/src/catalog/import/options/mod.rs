//! What a caller may decide about an import. An option that is left out is detected from the file
//! or has the default named here. In reading order: `choices`, `charset`, [`Options`], `validate`.

mod charset;
mod choices;
mod validate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::field::Field;

pub(super) use charset::{Charset, CodePage, Misreading};
pub(super) use choices::{
    DateFormat, DecimalMark, DecimalMarks, DiscountUnit, DocumentNumbers, Duplicates,
    RepeatedCounts, StockEffect, TotalRows, TypedDates,
};
pub use choices::{ImplausibleValues, LeadingZeros, Mode, SameDay, UnknownProducts, UnknownSites};

/// The characters that may separate fields.
pub(super) const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// The `options` of `POST /imports`; unknown names are rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Field to header, for headers that aren't recognised. `Prix#2` is the second column named
    /// `Prix`; `null` leaves the field out.
    pub mapping: BTreeMap<Field, Option<String>>,
    /// The line of the header, where rows above it look like one.
    pub header_line: Option<u64>,
    /// What the values of a field mean here: `{"status": {"Soldé": "delivered"}}`.
    pub values: BTreeMap<Field, BTreeMap<String, String>>,
    pub delimiter: Option<char>,
    /// The sheet of a spreadsheet; by default the visible one whose columns fit. Asked where
    /// several do and have rows.
    pub sheet: Option<String>,
    /// A label of the WHATWG encoding standard, or a name that is detected: `macroman`, `cp437`,
    /// `cp850`, `cp858`, `cp860`, and `utf-8-twice` for UTF-8 that was encoded twice.
    pub encoding: Option<String>,
    /// For all columns, or field by field.
    pub decimal: Option<DecimalMarks>,
    pub date_format: Option<DateFormat>,
    /// By default the header says it; asked where each number may be a fraction.
    pub discounts: Option<DiscountUnit>,
    /// Of cells that hold dates, not texts; asked where a spreadsheet may have swapped day and
    /// month.
    pub typed_dates: Option<TypedDates>,
    /// ISO 4217, for rows that name none; the company's by default.
    pub currency: Option<String>,
    /// IANA name of the zone of the file's times; the company's by default.
    pub timezone: Option<String>,
    pub mode: Mode,
    pub unknown_products: UnknownProducts,
    pub unknown_sites: UnknownSites,
    /// Codes that aren't products (postage, fees); a trailing `*` stands for any ending.
    pub ignore_codes: Vec<String>,
    /// Asked where the file has such codes.
    pub leading_zeros: Option<LeadingZeros>,
    /// Whether a document's number names it alone.
    pub documents: DocumentNumbers,
    /// Of a sales file without documents and times; asked where a day has other lines already.
    pub same_day: Option<SameDay>,
    /// How the number of a cancelling document starts, as the `C` of `C536379`.
    pub cancellation_prefix: Option<String>,
    pub stock: StockEffect,
    pub duplicates: Duplicates,
    pub total_rows: TotalRows,
    /// Of a file of counts that counts a product twice; asked by default.
    pub repeated_counts: Option<RepeatedCounts>,
    pub negative_prices: ImplausibleValues,
    pub future_dates: ImplausibleValues,
    /// Quantities of more than a hundred times the product's usual quantity. By default their rows
    /// are imported with a warning, because wholesalers sell such quantities.
    pub absurd_quantities: Option<ImplausibleValues>,
}
