//! Which column holds which field: by the mapping of the options, else by the header in French or
//! English.

use std::collections::BTreeMap;

use super::rivals::Rivals;
use super::title::Title;
use crate::Text;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::Record;
use crate::catalog::import::written_currency::WrittenCurrency;

/// Headers that an error lists, and the characters shown of each.
const MAX_LISTED_HEADERS: usize = 20;
const MAX_HEADER_CHARS: usize = 40;

/// The first of the columns that an error file adds to those of the imported file.
pub(crate) const FIRST_ERROR_COLUMN: &str = "import_line";
/// The column of the error file that separates rejected rows from those with a warning.
pub(crate) const SEVERITY_COLUMN: &str = "import_severity";
/// The column of the error file that holds the codes of a row's errors.
pub(crate) const CODE_COLUMN: &str = "import_code";

/// The header of a file and the position of each field in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) header: Vec<String>,
    /// Line of the file on which the header stands, from 1.
    pub(crate) header_line: u64,
    /// The fields that several columns may hold, beside those that the options name.
    pub(super) rivals: Vec<Rivals>,
    /// A header has at most 1024 columns.
    positions: [Option<u16>; Field::COUNT],
}

/// Why a row isn't the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoHeader {
    /// Fields whose column it names.
    pub(super) recognised: usize,
    pub(super) titles: Vec<String>,
    pub(super) cause: FileError,
}

impl Columns {
    /// Finds the fields of `kind` in the titles of a row.
    pub(super) fn find(
        header: Vec<String>,
        header_line: u64,
        kind: Kind,
        options: &Options,
    ) -> Result<Self, NoHeader> {
        let mut columns = Self::unread(header, header_line);
        match columns.find_fields(kind, options) {
            Ok(()) => Ok(columns),
            Err(cause) => Err(NoHeader {
                recognised: columns.positions.iter().flatten().count(),
                titles: columns.header,
                cause,
            }),
        }
    }

    /// Finds the fields of `kind` in a header, whatever is missing.
    pub(super) fn name_fields(header: Vec<String>, kind: Kind) -> Self {
        let mut columns = Self::unread(header, 1);
        let _missing = columns.find_fields(kind, &Options::default());
        columns
    }

    fn unread(header: Vec<String>, header_line: u64) -> Self {
        Self {
            positions: [None; Field::COUNT],
            rivals: Vec::new(),
            header,
            header_line,
        }
    }

    fn find_fields(&mut self, kind: Kind, options: &Options) -> Result<(), FileError> {
        let left_out = self.apply_mapping(options)?;
        let titles: Vec<Title> = self.header.iter().map(|title| Title::read(title)).collect();
        let is_read = |field: &Field| field.belongs_to(kind) && !left_out.contains(field);
        for field in Field::iter_all().filter(is_read) {
            if self.position(field).is_none() && !self.has_better(field) {
                self.find_columns(&titles, kind, field);
            }
        }
        self.require_fields(kind)
    }

    /// Whether a field isn't read because of another one.
    fn has_better(&self, field: Field) -> bool {
        match field {
            Field::GrossAmount => self.position(Field::Amount).is_some(),
            // A time of no day says nothing.
            Field::Time => self.position(Field::Date).is_none(),
            _ => false,
        }
    }

    pub(crate) fn position(&self, field: Field) -> Option<usize> {
        self.positions[field as usize].map(usize::from)
    }

    pub(super) fn set_position(&mut self, field: Field, position: Option<usize>) {
        self.positions[field as usize] = position.and_then(|index| u16::try_from(index).ok());
    }

    /// Returns the position of the column that says what became of a row, in an error file.
    pub(crate) fn find_severity(&self) -> Option<usize> {
        self.header
            .iter()
            .position(|title| title == SEVERITY_COLUMN)
    }

    /// Returns the position of the codes of a row's errors, in an error file.
    pub(super) fn find_error_codes(&self) -> Option<usize> {
        let position = self.header.iter().position(|title| title == CODE_COLUMN);
        position.filter(|_| self.is_error_file())
    }

    /// Whether the file is an error file of an earlier import.
    pub(crate) fn is_error_file(&self) -> bool {
        self.header.iter().any(|title| title == FIRST_ERROR_COLUMN)
    }

    /// Whether one cell of a row holds all of it, beside the columns of an error file.
    pub(crate) fn has_one_cell(&self, record: Record<'_>) -> bool {
        let error_column = |title: &String| title == FIRST_ERROR_COLUMN;
        let own = self.header.iter().position(error_column);
        let columns = 0..own.unwrap_or(record.len());
        let filled = columns.filter(|index| !record.field(*index).is_empty());
        filled.take(2).count() == 1
    }

    /// Whether a row repeats the header, as at the top of each page of a printed list.
    pub(crate) fn is_header(&self, record: Record<'_>) -> bool {
        record.len() == self.header.len()
            && (self.header.iter().enumerate()).all(|(index, title)| record.field(index) == title)
    }

    /// Returns the position of every field by its number, and `usize::MAX`, which lies beyond every
    /// row, for a field without a column.
    pub(crate) fn positions(&self) -> [usize; Field::COUNT] {
        self.positions
            .map(|position| position.map_or(usize::MAX, usize::from))
    }

    /// Returns the header of a field's column.
    pub(crate) fn title(&self, field: Field) -> Option<&str> {
        let position = self.position(field)?;
        self.header.get(position).map(String::as_str)
    }

    /// Returns the fields that have a column, with its header.
    pub(crate) fn titles(&self) -> BTreeMap<Field, String> {
        Field::iter_all()
            .filter_map(|field| Some((field, self.title(field)?.to_owned())))
            .collect()
    }

    /// Sets the column of a field: the first one with the best header, of those that no other field
    /// has. Its rivals are the columns of the same header and, where it matters which one is read,
    /// those with a header of the same rank.
    fn find_columns(&mut self, titles: &[Title], kind: Kind, field: Field) {
        let is_free = |index: &usize| !self.positions.contains(&u16::try_from(*index).ok());
        let may_hold = |index: &usize| is_free(index) && titles[*index].may_hold(field);
        let candidates: Vec<usize> = (0..titles.len()).filter(may_hold).collect();
        let mut found: Vec<usize> = Vec::new();
        let mut best_rank = None;
        for (rank, name) in field.headers(kind) {
            if best_rank.is_some_and(|best| best != rank) {
                break;
            }
            let named = candidates.iter().filter(|i| titles[**i].name == name);
            found.extend(named);
            best_rank = (!found.is_empty()).then_some(rank);
        }
        found.sort_by_key(|index| titles[*index].is_percent);
        let Some(best) = found.first().copied() else {
            return;
        };
        if !field.is_exclusive() {
            found.retain(|index| titles[*index].key == titles[best].key);
        }
        self.set_position(field, Some(best));
        let need_known_words = best_rank.is_some_and(|rank| field.needs_known_words(rank));
        if found.len() > 1 || need_known_words {
            self.rivals.push(Rivals {
                field,
                columns: found,
                need_known_words,
            });
        }
    }

    /// Returns the currency that the header of a field's column names.
    pub(crate) fn currency(&self, field: Field) -> Option<WrittenCurrency> {
        Title::read(self.title(field)?).currency
    }

    /// Whether the header says that the numbers of a field are percentages.
    pub(crate) fn is_percent(&self, field: Field) -> bool {
        (self.title(field)).is_some_and(|title| Title::read(title).is_percent)
    }

    /// Returns the headers of the columns that hold no field.
    pub(super) fn ignored_titles(&self) -> Vec<String> {
        let is_ignored = |index: &usize| !self.positions.contains(&u16::try_from(*index).ok());
        (0..self.header.len())
            .filter(is_ignored)
            .map(|index| self.header[index].clone())
            .filter(|title| !title.is_empty())
            .collect()
    }

    fn require_fields(&self, kind: Kind) -> Result<(), FileError> {
        let mut missing: Vec<&str> = Field::iter_all()
            .filter(|field| field.is_required(kind) && self.position(*field).is_none())
            .map(Field::as_str)
            .collect();
        let money = [Field::UnitPrice, Field::Amount, Field::GrossAmount];
        if kind == Kind::Sales && money.iter().all(|field| self.position(*field).is_none()) {
            missing.push("unit_price (or amount)");
        }
        if missing.is_empty() {
            return Ok(());
        }
        let mut reason = Text::new("missing_column")
            .with("missing", missing.join(", "))
            .with("listed", self.list_headers());
        if self.header.len() == 1 {
            reason = reason.and(Text::new("one_column_only"));
        }
        let reason = reason.and(Text::new("map_columns"));
        Err(FileError::worded("missing_column", reason))
    }

    pub(super) fn list_headers(&self) -> String {
        let shorten = |title: &String| title.chars().take(MAX_HEADER_CHARS).collect::<String>();
        let shown: Vec<String> = self
            .header
            .iter()
            .take(MAX_LISTED_HEADERS)
            .map(|title| format!("\"{}\"", shorten(title)))
            .collect();
        let more = if self.header.len() > MAX_LISTED_HEADERS {
            ", ..."
        } else {
            ""
        };
        shown.join(", ") + more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_columns(header: &[&str], kind: Kind, options: &Options) -> Result<Columns, FileError> {
        let titles = header.iter().map(|h| (*h).to_owned()).collect();
        Columns::find(titles, 1, kind, options).map_err(|no_header| no_header.cause)
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn headers_are_recognised_in_french_and_english() {
        let none = Options::default();
        let retail = [
            "InvoiceNo",
            "StockCode",
            "Description",
            "Quantity",
            "InvoiceDate",
            "UnitPrice",
            "CustomerID",
            "Country",
        ];
        let columns = find_columns(&retail, Kind::Sales, &none).unwrap();
        let fields = [
            Field::Document,
            Field::Sku,
            Field::Name,
            Field::Quantity,
            Field::Date,
            Field::UnitPrice,
            Field::Customer,
            Field::Country,
        ];
        assert_eq!(
            fields.map(|f| columns.position(f)),
            [0, 1, 2, 3, 4, 5, 6, 7].map(Some)
        );
        let french = [
            "Date de vente",
            "N° Facture",
            "Référence",
            "Désignation",
            "Qté",
            "Prix unitaire",
            "Client",
        ];
        let columns = find_columns(&french, Kind::Sales, &none).unwrap();
        let fields = [
            Field::Date,
            Field::Sku,
            Field::Name,
            Field::Quantity,
            Field::UnitPrice,
            Field::Customer,
        ];
        assert_eq!(
            fields.map(|f| columns.position(f)),
            [0, 2, 3, 4, 5, 6].map(Some)
        );
        let products = [
            "Code",
            "Libellé",
            "Famille",
            "Fournisseur",
            "Prix d'achat",
            "Prix de vente",
            "Stock mini",
            "Délai",
        ];
        let columns = find_columns(&products, Kind::Products, &none).unwrap();
        assert_eq!(columns.position(Field::SalePrice), Some(5));
        assert_eq!(columns.position(Field::LeadTimeDays), Some(7));
    }

    #[test]
    fn a_mapping_comes_first_and_a_column_holds_one_field() {
        let options: Options =
            serde_json::from_str(r#"{"mapping": {"sku": "Item", "document": "Code"}}"#).unwrap();
        let columns = find_columns(
            &["Code", "Item", "Qty", "Date", "Price"],
            Kind::Sales,
            &options,
        )
        .unwrap();
        assert_eq!(
            (
                columns.position(Field::Sku),
                columns.position(Field::Document)
            ),
            (Some(1), Some(0))
        );
    }

    #[test]
    fn a_repeated_header_is_mapped_by_its_ordinal_and_null_leaves_a_field_out() {
        let header = ["Code", "Qty", "Prix", "Prix", "Date", "Client"];
        let columns = find_columns(&header, Kind::Sales, &Options::default()).unwrap();
        let rivals = columns.rivals.iter().map(|r| (r.field, &r.columns[..]));
        assert!(rivals.eq([(Field::UnitPrice, &[2, 3][..])]));
        let options: Options =
            serde_json::from_str(r#"{"mapping": {"unit_price": "Prix#2", "customer": null}}"#)
                .unwrap();
        let columns = find_columns(&header, Kind::Sales, &options).unwrap();
        assert_eq!(columns.position(Field::UnitPrice), Some(3));
        assert_eq!(columns.position(Field::Customer), None);
        assert_eq!(columns.rivals, []);
        assert_eq!(columns.ignored_titles(), ["Prix", "Client"]);
    }

    #[test]
    fn a_missing_column_is_reported_with_the_headers_of_the_file() {
        let error = find_columns(&["a;b;c"], Kind::Sales, &Options::default()).unwrap_err();
        assert_eq!(error.code, "missing_column");
        assert!(
            error.to_string().contains("sku") && error.to_string().contains("delimiter"),
            "{error}"
        );
        let options: Options = serde_json::from_str(r#"{"mapping": {"sku": "Nothing"}}"#).unwrap();
        assert!(
            find_columns(&["Code", "Qty"], Kind::StockCounts, &options)
                .unwrap_err()
                .to_string()
                .contains("\"Nothing\"")
        );
    }
}
