//! Which column holds which field: by the mapping of the options, else by the header in French or
//! English.

use std::collections::BTreeMap;

use crate::catalog::import::cells::fold_text;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;

/// Headers that an error lists, and the characters shown of each.
const MAX_LISTED_HEADERS: usize = 20;
const MAX_HEADER_CHARS: usize = 40;

/// The first of the columns that an error file adds to those of the imported file.
pub(crate) const FIRST_ERROR_COLUMN: &str = "import_line";

/// The header of a file and the position of each field in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) header: Vec<String>,
    /// A header has at most 1024 columns.
    positions: [Option<u16>; Field::COUNT],
}

impl Columns {
    /// Finds the fields of `kind` in a header.
    pub(super) fn find(
        header: Vec<String>,
        kind: Kind,
        options: &Options,
    ) -> Result<Self, FileError> {
        let folded: Vec<String> = header.iter().map(|title| fold_text(title)).collect();
        let mut columns = Self {
            positions: [None; Field::COUNT],
            header,
        };
        columns.apply_mapping(&folded, options)?;
        for field in Field::iter_all().filter(|field| field.belongs_to(kind)) {
            if columns.position(field).is_none() {
                let position = columns.find_free_column(&folded, kind, field);
                columns.set_position(field, position);
            }
        }
        columns.require_fields(kind)?;
        Ok(columns)
    }

    pub(crate) fn position(&self, field: Field) -> Option<usize> {
        self.positions[field as usize].map(usize::from)
    }

    fn set_position(&mut self, field: Field, position: Option<usize>) {
        self.positions[field as usize] = position.and_then(|index| u16::try_from(index).ok());
    }

    /// Whether the file is an error file of an earlier import.
    pub(crate) fn is_error_file(&self) -> bool {
        self.header.iter().any(|title| title == FIRST_ERROR_COLUMN)
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

    fn apply_mapping(&mut self, folded: &[String], options: &Options) -> Result<(), FileError> {
        for (field, title) in &options.mapping {
            let exact = self.header.iter().position(|h| h.trim() == title.trim());
            let position = exact.or_else(|| folded.iter().position(|h| *h == fold_text(title)));
            if position.is_none() {
                let listed = self.list_headers();
                return Err(FileError::new(
                    "missing_column",
                    format!("no column is named \"{title}\"; the file has {listed}"),
                ));
            }
            self.set_position(*field, position);
        }
        Ok(())
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
        let hint = if self.header.len() == 1 {
            ", which hints at another delimiter"
        } else {
            ""
        };
        let (missing, listed) = (missing.join(", "), self.list_headers());
        Err(FileError::new(
            "missing_column",
            format!(
                "no column for {missing}; the file has {listed}{hint}; \
                 name columns in options.mapping"
            ),
        ))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn find_columns(header: &[&str], kind: Kind, options: &Options) -> Result<Columns, FileError> {
        Columns::find(
            header.iter().map(|h| (*h).to_owned()).collect(),
            kind,
            options,
        )
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
    fn a_missing_column_is_reported_with_the_headers_of_the_file() {
        let error = find_columns(&["a;b;c"], Kind::Sales, &Options::default()).unwrap_err();
        assert_eq!(error.code, "missing_column");
        assert!(
            error.message.contains("sku") && error.message.contains("delimiter"),
            "{error}"
        );
        let options: Options = serde_json::from_str(r#"{"mapping": {"sku": "Nothing"}}"#).unwrap();
        assert!(
            find_columns(&["Code", "Qty"], Kind::StockCounts, &options)
                .unwrap_err()
                .message
                .contains("\"Nothing\"")
        );
    }
}
