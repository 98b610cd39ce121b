//! Row errors as a file: the columns of the imported file, so that it can be corrected and sent
//! again, then what was wrong. An import ignores these further columns.

use platform::csv::CsvWriter;

use super::detect::{Detected, FIRST_ERROR_COLUMN};
use super::lifecycle::StoredRowError;
use super::rows::{OCCURRENCE_COLUMN, format_occurrence};

/// Returns the first line of the file.
pub fn format_error_header(detected: Option<&Detected>) -> String {
    let header = detected.map_or(&[][..], |detected| detected.header.as_slice());
    let error_columns = [
        FIRST_ERROR_COLUMN,
        "import_column",
        "import_value",
        "import_code",
        "import_reason",
        OCCURRENCE_COLUMN,
    ];
    let mut csv = CsvWriter::begin_file(file_delimiter(detected));
    csv.write_row(own_columns(header).chain(error_columns));
    csv.into_text()
}

/// Returns the line of one row error. A short row is filled up and a long one cut to the header.
pub fn format_row_error(error: &StoredRowError, detected: Option<&Detected>) -> String {
    let columns = detected.map_or(error.fields.len(), |detected| {
        own_columns(&detected.header).count()
    });
    let fields = error
        .fields
        .iter()
        .map(String::as_str)
        .chain(std::iter::repeat(""))
        .take(columns);
    let line = error.line.to_string();
    let occurrence = error.key.as_deref().zip(error.occurrence);
    let occurrence = occurrence.map_or(String::new(), |(key, number)| {
        format_occurrence(key, number)
    });
    let error_fields = [
        line.as_str(),
        error.column.as_deref().unwrap_or(""),
        &error.value,
        &error.code,
        &error.reason,
        &occurrence,
    ];
    let mut csv = CsvWriter::continue_file(file_delimiter(detected));
    csv.write_row(fields.chain(error_fields));
    csv.into_text()
}

/// Returns the delimiter of the imported file, so that the same program opens both.
fn file_delimiter(detected: Option<&Detected>) -> char {
    detected
        .and_then(|detected| detected.delimiter)
        .unwrap_or(',')
}

/// Returns the columns of the original file: the error file of a corrected error file repeats no
/// error columns.
fn own_columns(header: &[String]) -> impl Iterator<Item = &str> {
    header
        .iter()
        .map(String::as_str)
        .take_while(|title| *title != FIRST_ERROR_COLUMN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::import::read::Format;

    #[test]
    fn an_error_file_keeps_the_files_columns_and_quotes_its_fields() {
        let detected = Detected {
            format: Format::Csv,
            encoding: None,
            delimiter: Some(';'),
            sheet: None,
            sheets: Vec::new(),
            decimal: None,
            date_format: None,
            columns: std::collections::BTreeMap::new(),
            header: vec!["sku".into(), "nom; complet".into()],
        };
        let error = StoredRowError {
            line: 7,
            column: Some("sku".into()),
            value: "a\"b".into(),
            code: "too_long".into(),
            reason: "longer".into(),
            fields: sqlx::types::Json(vec!["a\"b".into()]),
            key: Some(vec![0xab; 16]),
            occurrence: Some(2),
        };
        let header = format_error_header(Some(&detected));
        assert_eq!(
            header,
            "\u{feff}sku;\"nom; complet\";import_line;import_column;import_value;import_code;\
             import_reason;import_occurrence\r\n"
        );
        assert_eq!(
            format_row_error(&error, Some(&detected)),
            "\"a\"\"b\";;7;sku;\"a\"\"b\";too_long;longer;abababab#2\r\n"
        );
    }
}
