//! Refused rows as a file: the columns of the file that was sent, so that it can be corrected and sent again,
//! and behind them what was wrong. The names of those say nothing to an import and are passed over.

use crate::catalog::import::detect::detection::Detected;
use crate::catalog::import::lifecycle::ImportError;
use crate::catalog::import::rows::occurrence;

/// The file's own, so that whoever opened the one can open the other.
fn report_delimiter(detected: Option<&Detected>) -> char {
    detected.and_then(|d| d.delimiter).unwrap_or(',')
}

/// The first line.
pub fn report_header(detected: Option<&Detected>) -> String {
    let header = detected.map(|d| d.header.as_slice()).unwrap_or_default();
    let ours = [
        "import_line",
        "import_column",
        "import_value",
        "import_code",
        "import_reason",
        occurrence::COLUMN,
    ];
    row(
        own(header).into_iter().chain(ours),
        report_delimiter(detected),
    )
}

/// One refused row; short rows are filled up and long ones cut to the header.
pub fn report_row(error: &ImportError, detected: Option<&Detected>) -> String {
    let columns = detected.map_or(error.fields.len(), |d| own(&d.header).len());
    let fields = error
        .fields
        .iter()
        .map(String::as_str)
        .chain(std::iter::repeat(""))
        .take(columns);
    let line = error.line.to_string();
    let place = error.key.as_deref().zip(error.occurrence);
    let place = place.map_or(String::new(), |(key, occurrence)| {
        occurrence::write(key, occurrence)
    });
    let column = error.column.as_deref().unwrap_or("");
    let ours = [
        line.as_str(),
        column,
        &error.value,
        &error.code,
        &error.reason,
        &place,
    ];
    row(fields.chain(ours), report_delimiter(detected))
}

/// The columns of the file as it first came: a report of a corrected report doesn't pile up ours.
fn own(header: &[String]) -> Vec<&str> {
    header
        .iter()
        .map(String::as_str)
        .take_while(|title| *title != "import_line")
        .collect()
}

fn row<'a>(fields: impl Iterator<Item = &'a str>, delimiter: char) -> String {
    let mut line = String::new();
    for (index, field) in fields.enumerate() {
        if index > 0 {
            line.push(delimiter);
        }
        if field.contains([delimiter, '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_keeps_the_files_columns_and_quotes_what_must_be() {
        let detected = Detected {
            format: "csv".into(),
            encoding: None,
            delimiter: Some(';'),
            decimal: None,
            date_format: None,
            columns: std::collections::BTreeMap::new(),
            header: vec!["sku".into(), "nom; complet".into()],
        };
        let error = ImportError {
            line: 7,
            column: Some("sku".into()),
            value: "a\"b".into(),
            code: "too_long".into(),
            reason: "longer".into(),
            fields: sqlx::types::Json(vec!["a\"b".into()]),
            key: Some(vec![0xab; 16]),
            occurrence: Some(2),
        };
        let header = report_header(Some(&detected));
        assert_eq!(
            header,
            "sku;\"nom; complet\";import_line;import_column;import_value;import_code;import_reason;\
             import_occurrence\r\n"
        );
        assert_eq!(
            report_row(&error, Some(&detected)),
            "\"a\"\"b\";;7;sku;\"a\"\"b\";too_long;longer;abababab#2\r\n"
        );
    }
}
