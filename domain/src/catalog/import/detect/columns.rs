//! Which column holds which field: by the mapping given, else by the header's name in French or English.

use serde::{Deserialize, Serialize};

use crate::catalog::import::field::{COUNT_NAMES, NAMES};
use crate::catalog::import::file_error::Refusal;
use crate::catalog::import::options::{Kind, Options};

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Sku,
    Name,
    Quantity,
    #[serde(alias = "sold_at", alias = "at")]
    Date,
    UnitPrice,
    Amount,
    Document,
    ExternalId,
    Customer,
    CustomerName,
    Country,
    Currency,
    Status,
    Site,
    Category,
    Supplier,
    Unit,
    PurchasePrice,
    SalePrice,
    Barcode,
    MinStock,
    MaxStock,
    LeadTimeDays,
    MinimumOrderQuantity,
    PackMultiple,
    Active,
}

impl Field {
    pub const COUNT: usize = Field::Active as usize + 1;
}

/// The fields that rows of a kind may have, and those they can't do without.
fn fields(kind: Kind) -> (&'static [Field], &'static [Field]) {
    use Field::*;
    match kind {
        Kind::Sales => (
            &[
                Sku,
                Name,
                Quantity,
                Date,
                UnitPrice,
                Amount,
                Document,
                ExternalId,
                Customer,
                CustomerName,
                Country,
                Currency,
                Status,
                Site,
            ],
            &[Sku, Quantity, Date],
        ),
        Kind::Products => (
            &[
                Sku,
                Name,
                Category,
                Supplier,
                Unit,
                PurchasePrice,
                SalePrice,
                Currency,
                Barcode,
                MinStock,
                MaxStock,
                LeadTimeDays,
                MinimumOrderQuantity,
                PackMultiple,
                Active,
            ],
            &[Sku],
        ),
        Kind::StockCounts => (&[Sku, Name, Quantity, Date, Site], &[Sku, Quantity]),
    }
}

/// Where the fields are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub header: Vec<String>,
    places: [Option<u16>; Field::COUNT],
}

impl Columns {
    /// Finds the fields of `kind` in a header.
    pub fn find(header: Vec<String>, kind: Kind, options: &Options) -> Result<Self, Refusal> {
        let plain_header: Vec<String> = header.iter().map(|h| plain(h)).collect();
        let mut columns = Self {
            places: [None; Field::COUNT],
            header,
        };
        columns.place_mapped(&plain_header, options)?;
        let (possible, required) = fields(kind);
        for (field, names) in NAMES.iter().filter(|(f, _)| possible.contains(f)) {
            if columns.place(*field).is_none() {
                let free = |i: &usize| !columns.places.contains(&u16::try_from(*i).ok());
                let counted = if (kind, *field) == (Kind::StockCounts, Field::Quantity) {
                    COUNT_NAMES
                } else {
                    ""
                };
                let found = names
                    .split_whitespace()
                    .chain(counted.split_whitespace())
                    .find_map(|name| {
                        (0..plain_header.len())
                            .filter(free)
                            .find(|i| plain_header[*i] == name)
                    });
                columns.places[*field as usize] = found.and_then(|i| u16::try_from(i).ok());
            }
        }
        columns.require(kind, required)?;
        Ok(columns)
    }

    pub fn place(&self, field: Field) -> Option<usize> {
        self.places[field as usize].map(usize::from)
    }

    /// The place of every field by its number; beyond every row where a field has none.
    pub(in crate::catalog::import) fn places(&self) -> [usize; Field::COUNT] {
        self.places.map(|p| p.map_or(usize::MAX, usize::from))
    }

    /// The header of a field's column.
    pub fn title(&self, field: Field) -> Option<&str> {
        self.place(field)
            .and_then(|i| self.header.get(i))
            .map(String::as_str)
    }

    /// Field names with the headers they were found under.
    pub fn found(&self) -> std::collections::BTreeMap<Field, String> {
        NAMES
            .iter()
            .filter_map(|(field, _)| Some((*field, self.title(*field)?.to_owned())))
            .collect()
    }

    fn place_mapped(&mut self, plain_header: &[String], options: &Options) -> Result<(), Refusal> {
        for (field, title) in &options.mapping {
            let exact = self.header.iter().position(|h| h.trim() == title.trim());
            let found = exact.or_else(|| plain_header.iter().position(|h| *h == plain(title)));
            let Some(index) = found else {
                let listed = self.listed();
                return Err(Refusal::new(
                    "missing_column",
                    format!("no column is named \"{title}\"; the file has {listed}"),
                ));
            };
            self.places[*field as usize] = u16::try_from(index).ok();
        }
        Ok(())
    }

    fn require(&self, kind: Kind, required: &[Field]) -> Result<(), Refusal> {
        let mut missing: Vec<&str> = required
            .iter()
            .filter(|f| self.place(**f).is_none())
            .map(|f| label(*f))
            .collect();
        if kind == Kind::Sales
            && self.place(Field::UnitPrice).is_none()
            && self.place(Field::Amount).is_none()
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
        let (missing, listed) = (missing.join(", "), self.listed());
        Err(Refusal::new(
            "missing_column",
            format!(
                "no column for {missing}; the file has {listed}{hint}; name columns in options.mapping"
            ),
        ))
    }

    fn listed(&self) -> String {
        let shown: Vec<String> = self
            .header
            .iter()
            .take(20)
            .map(|h| format!("\"{}\"", h.chars().take(40).collect::<String>()))
            .collect();
        let more = if self.header.len() > 20 { ", ..." } else { "" };
        shown.join(", ") + more
    }
}

fn label(field: Field) -> &'static str {
    match field {
        Field::Sku => "sku",
        Field::Quantity => "quantity",
        Field::Date => "date",
        _ => "another field",
    }
}

/// Lower case, without accents, blanks and signs: `N° de Facture ` is `ndefacture`.
pub(in crate::catalog::import) fn plain(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter_map(|c| match c {
            'à' | 'â' | 'ä' | 'á' | 'ã' => Some('a'),
            'é' | 'è' | 'ê' | 'ë' => Some('e'),
            'î' | 'ï' | 'í' => Some('i'),
            'ô' | 'ö' | 'ó' => Some('o'),
            'ù' | 'û' | 'ü' | 'ú' => Some('u'),
            'ç' => Some('c'),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &[&str], kind: Kind, options: &Options) -> Result<Columns, Refusal> {
        Columns::find(
            header.iter().map(|h| (*h).to_owned()).collect(),
            kind,
            options,
        )
    }

    #[test]
    fn headers_are_known_in_french_and_english() {
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
        let columns = find(&retail, Kind::Sales, &none).unwrap();
        let places = [
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
            places.map(|f| columns.place(f)),
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
        let columns = find(&french, Kind::Sales, &none).unwrap();
        let places = [
            Field::Date,
            Field::Sku,
            Field::Name,
            Field::Quantity,
            Field::UnitPrice,
            Field::Customer,
        ];
        assert_eq!(
            places.map(|f| columns.place(f)),
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
        let columns = find(&products, Kind::Products, &none).unwrap();
        assert_eq!(columns.place(Field::SalePrice), Some(5));
        assert_eq!(columns.place(Field::LeadTimeDays), Some(7));
    }

    #[test]
    fn a_mapping_wins_and_a_column_serves_one_field() {
        let options: Options =
            serde_json::from_str(r#"{"mapping": {"sku": "Item", "document": "Code"}}"#).unwrap();
        let columns = find(
            &["Code", "Item", "Qty", "Date", "Price"],
            Kind::Sales,
            &options,
        )
        .unwrap();
        assert_eq!(
            (columns.place(Field::Sku), columns.place(Field::Document)),
            (Some(1), Some(0))
        );
    }

    #[test]
    fn a_missing_column_is_named_with_what_is_there() {
        let refusal = find(&["a;b;c"], Kind::Sales, &Options::default()).unwrap_err();
        assert_eq!(refusal.code, "missing_column");
        assert!(
            refusal.message.contains("sku") && refusal.message.contains("delimiter"),
            "{refusal}"
        );
        let options: Options = serde_json::from_str(r#"{"mapping": {"sku": "Nothing"}}"#).unwrap();
        assert!(
            find(&["Code", "Qty"], Kind::StockCounts, &options)
                .unwrap_err()
                .message
                .contains("\"Nothing\"")
        );
    }
}
