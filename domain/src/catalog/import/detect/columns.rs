//! Which column holds which field: by the mapping of the options, else by the header in French or
//! English.

use std::collections::BTreeMap;

use crate::Text;
use crate::catalog::import::cells::fold_text;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::Record;

/// Headers that an error lists, and the characters shown of each.
const MAX_LISTED_HEADERS: usize = 20;
const MAX_HEADER_CHARS: usize = 40;

/// The first of the columns that an error file adds to those of the imported file.
pub(crate) const FIRST_ERROR_COLUMN: &str = "import_line";
/// The column of the error file that separates rejected rows from those with a warning.
pub(crate) const SEVERITY_COLUMN: &str = "import_severity";

/// The header of a file and the position of each field in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) header: Vec<String>,
    /// Line of the file on which the header stands, from 1.
    pub(crate) header_line: u64,
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
        let mut columns = Self {
            positions: [None; Field::COUNT],
            header,
            header_line,
        };
        match columns.find_fields(kind, options) {
            Ok(()) => Ok(columns),
            Err(cause) => Err(NoHeader {
                recognised: columns.positions.iter().flatten().count(),
                titles: columns.header,
                cause,
            }),
        }
    }

    fn find_fields(&mut self, kind: Kind, options: &Options) -> Result<(), FileError> {
        let folded: Vec<String> = self.header.iter().map(|title| fold_text(title)).collect();
        let left_out = self.apply_mapping(&folded, options)?;
        let is_read = |field: &Field| field.belongs_to(kind) && !left_out.contains(field);
        for field in Field::iter_all().filter(is_read) {
            if self.position(field).is_none() {
                let position = self.find_free_column(&folded, kind, field);
                self.set_position(field, position);
            }
        }
        self.require_fields(kind)
    }

    pub(crate) fn position(&self, field: Field) -> Option<usize> {
        self.positions[field as usize].map(usize::from)
    }

    fn set_position(&mut self, field: Field, position: Option<usize>) {
        self.positions[field as usize] = position.and_then(|index| u16::try_from(index).ok());
    }

    /// Returns the position of the column that says what became of a row, in an error file.
    pub(crate) fn find_severity(&self) -> Option<usize> {
        self.header
            .iter()
            .position(|title| title == SEVERITY_COLUMN)
    }

    /// Whether the file is an error file of an earlier import.
    pub(crate) fn is_error_file(&self) -> bool {
        self.header.iter().any(|title| title == FIRST_ERROR_COLUMN)
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

    /// Returns the first column with the best header that no other field has.
    fn find_free_column(&self, folded: &[String], kind: Kind, field: Field) -> Option<usize> {
        field.headers(kind).find_map(|name| {
            let is_free = |index: &usize| !self.positions.contains(&u16::try_from(*index).ok());
            (0..folded.len())
                .filter(is_free)
                .find(|index| folded[*index] == name)
        })
    }

    /// Sets the fields that the options name. Returns those that they leave out.
    fn apply_mapping(
        &mut self,
        folded: &[String],
        options: &Options,
    ) -> Result<Vec<Field>, FileError> {
        let mut left_out = Vec::new();
        for (field, title) in &options.mapping {
            let Some(title) = title else {
                left_out.push(*field);
                continue;
            };
            let position = self.find_title(folded, title);
            if position.is_none() {
                let listed = self.list_headers();
                let reason = Text::new("named_column_missing").with("title", title);
                return Err(FileError::worded(
                    "missing_column",
                    reason.with("listed", listed),
                ));
            }
            self.set_position(*field, position);
        }
        Ok(left_out)
    }

    /// Finds a header as it is written, by its ordinal as in `Prix#2`, or folded.
    fn find_title(&self, folded: &[String], title: &str) -> Option<usize> {
        let exact = self.header.iter().position(|h| h.trim() == title.trim());
        let by_ordinal = || {
            let (name, ordinal) = title.rsplit_once('#')?;
            let nth = ordinal.parse::<usize>().ok()?.checked_sub(1)?;
            positions_of(folded, &fold_text(name)).nth(nth)
        };
        let by_fold = || folded.iter().position(|h| *h == fold_text(title));
        exact.or_else(by_ordinal).or_else(by_fold)
    }

    /// Returns the fields whose header another column has too, and that the options don't name.
    pub(super) fn repeated_headers(&self, options: &Options) -> Vec<(Field, Vec<usize>)> {
        let folded: Vec<String> = self.header.iter().map(|title| fold_text(title)).collect();
        Field::iter_all()
            .filter(|field| !options.mapping.contains_key(field))
            .filter_map(|field| {
                let title = &folded[self.position(field)?];
                let columns: Vec<usize> = positions_of(&folded, title).collect();
                (columns.len() > 1).then_some((field, columns))
            })
            .collect()
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
        if kind == Kind::Sales
            && self.position(Field::UnitPrice).is_none()
            && self.position(Field::Amount).is_none()
        {
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

    fn list_headers(&self) -> String {
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

fn positions_of(folded: &[String], title: &str) -> impl Iterator<Item = usize> {
    (0..folded.len()).filter(move |index| folded[*index] == title)
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
        let repeated = columns.repeated_headers(&Options::default());
        assert_eq!(repeated, [(Field::UnitPrice, vec![2, 3])]);
        let options: Options =
            serde_json::from_str(r#"{"mapping": {"unit_price": "Prix#2", "customer": null}}"#)
                .unwrap();
        let columns = find_columns(&header, Kind::Sales, &options).unwrap();
        assert_eq!(columns.position(Field::UnitPrice), Some(3));
        assert_eq!(columns.position(Field::Customer), None);
        assert_eq!(columns.repeated_headers(&options), []);
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
