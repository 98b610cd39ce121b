//! The codes and names of a row, with the keys by which the database compares them.

use super::cells::CellReader;
use super::damaged_code::{find_damage, looks_damaged};
use super::row_error::{RowError, missing_value};
use super::row_warning::RowWarning;
use crate::Text;
use crate::catalog::code_key::write_key;
use crate::catalog::import::cells::{NumericCode, split_fraction};
use crate::catalog::import::detect::Alias;
use crate::catalog::import::field::Field;
use crate::catalog::import::lifecycle::WarningCode;
use crate::catalog::import::read::{CellKind, Record, strip_apostrophes};

pub(super) const MAX_SKU_CHARS: usize = 100;
const MAX_NAME_CHARS: usize = 200;
/// Digits of a number that a spreadsheet keeps.
const MAX_EXACT_DIGITS: usize = 15;

/// The keys of one row. The buffers are reused row by row.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowKeys {
    pub(crate) sku: String,
    /// "" where the row names no site; so are the other names.
    pub(crate) site: String,
    pub(crate) category: String,
    pub(crate) supplier: String,
    /// The code stands for another one, whose key and text `sku` is.
    is_alias: bool,
}

impl RowKeys {
    /// Returns the code of the product that the row is about, which the row writes as `sku`.
    pub(crate) fn find_code<'a>(&'a self, sku: &'a str) -> &'a str {
        if self.is_alias { &self.sku } else { sku }
    }
}

impl<'p> CellReader<'p> {
    /// Validates the shape of the row. Returns the product's code, and leaves its key in `keys`.
    #[inline]
    pub(super) fn require_sku<'r>(
        &self,
        record: Record<'r>,
        keys: &mut RowKeys,
    ) -> Result<&'r str, RowError> {
        self.validate_shape(record)?;
        self.reject_repeated_header(record)?;
        let sku = self.read_code(record, Field::Sku, MAX_SKU_CHARS)?;
        if sku.is_empty() {
            return Err(missing_value(Field::Sku, Text::new("missing_code")));
        }
        write_key(sku, &mut keys.sku);
        require_key(&keys.sku, Field::Sku)?;
        keys.is_alias = false;
        match self.aliases.find(&keys.sku) {
            Alias::Itself => {}
            Alias::Of(known) => {
                keys.sku = known.to_string();
                keys.is_alias = true;
            }
            Alias::OneOf(known) => return Err(ambiguous_code(&known)),
        }
        Ok(sku)
    }

    /// Returns the text of a code, which its column in the catalog must be able to hold.
    #[inline]
    pub(super) fn read_code<'r>(
        &self,
        record: Record<'r>,
        field: Field,
        max_chars: usize,
    ) -> Result<&'r str, RowError> {
        let code = strip_apostrophes(self.read_text(record, field, max_chars)?);
        self.reject_damaged_code(record, field, code)?;
        Ok(code)
    }

    /// Returns the name of a site, and leaves its key in `keys`.
    #[inline]
    pub(super) fn read_site<'r>(
        &self,
        record: Record<'r>,
        keys: &mut RowKeys,
    ) -> Result<&'r str, RowError>
    where
        'p: 'r,
    {
        let site = self.read_meaning(record, Field::Site, MAX_NAME_CHARS)?;
        write_name_key(Field::Site, site, &mut keys.site)?;
        Ok(site)
    }

    /// Rejects codes that a spreadsheet has turned into something else: `3-1` into a date, `219E24`
    /// into a number, `TRUE` into a truth value, `748485000111` into `7,48485E+11`.
    #[inline]
    fn reject_damaged_code(
        &self,
        record: Record<'_>,
        field: Field,
        code: &str,
    ) -> Result<(), RowError> {
        let names_product = matches!(field, Field::Sku | Field::Barcode);
        let reason = match self.kind(record, field) {
            CellKind::Date => Text::new("damaged_code_date"),
            CellKind::Bool => Text::new("damaged_code_truth"),
            CellKind::Unclear => Text::new("damaged_code_format"),
            CellKind::Number if code.len() > MAX_EXACT_DIGITS => Text::new("damaged_code_number"),
            CellKind::Text if is_rounded_number(code) => Text::new("damaged_code_rounded"),
            CellKind::Text if names_product => match find_damage(code) {
                Some(reason) => reason,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        Err(RowError::worded(field, "damaged_code", reason))
    }

    /// Warns of a product's code that a spreadsheet may have made of another one.
    #[inline]
    pub(super) fn warn_of_damaged(
        &self,
        record: Record<'_>,
        (sku, keys): (&str, &RowKeys),
        warnings: &mut Vec<RowWarning>,
    ) {
        let is_text = self.kind(record, Field::Sku) == CellKind::Text;
        let has_fraction = || !keys.is_alias && split_fraction(sku).is_some();
        if is_text && (looks_damaged(sku) || has_fraction()) {
            warnings.push(RowWarning::new(Field::Sku, WarningCode::DamagedCodes));
        }
    }
}

/// Replaces `key` by the key of a name, which may be empty.
#[inline]
pub(super) fn write_name_key(field: Field, name: &str, key: &mut String) -> Result<(), RowError> {
    write_key(name, key);
    if name.is_empty() {
        return Ok(());
    }
    require_key(key, field)
}

fn require_key(key: &str, field: Field) -> Result<(), RowError> {
    if key.is_empty() {
        return Err(RowError::new(field, "no_visible_character"));
    }
    Ok(())
}

#[cold]
fn ambiguous_code(known: &[NumericCode]) -> RowError {
    let known: Vec<_> = known.iter().map(|code| format!("\"{code}\"")).collect();
    RowError::new(Field::Sku, "ambiguous_code").with("codes", known.join(", "))
}

/// Whether a text is a number as programs write it once it has too many digits: `7,48485E+11`,
/// `6.12E12`, `5E+11`. The code `1E5` isn't.
fn is_rounded_number(text: &str) -> bool {
    // Of nearly every code the first two bytes decide.
    let [b'1'..=b'9', b'.' | b',' | b'E' | b'e', ..] = text.as_bytes() else {
        return false;
    };
    let Some((mantissa, exponent)) = text[1..].split_once(['E', 'e']) else {
        return false;
    };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let fraction = mantissa.strip_prefix(['.', ',']);
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_written_by_programs =
        fraction.is_some_and(is_number) || (mantissa.is_empty() && exponent.starts_with('+'));
    is_written_by_programs && is_number(digits) && digits.len() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_rounded_number_only_where_programs_write_one() {
        for text in [
            "7,48485E+11",
            "4.80001E+12",
            "6.12E12",
            "5E+11",
            "1e+20",
            "1,5E-05",
            "9.0e7",
        ] {
            assert!(is_rounded_number(text), "{text}");
        }
        for text in [
            "1E5",
            "5E-05",
            "219E24",
            "E+11",
            "1E+",
            "1.E+11",
            "7,48485E",
            "12.5E+11",
            "1,2,3E+11",
            "0.5E+11",
            "1E+1234",
            "1.5",
            "1,5é",
            "1E",
            "7.4E+1A",
            "",
            "1",
        ] {
            assert!(!is_rounded_number(text), "{text}");
        }
    }
}
