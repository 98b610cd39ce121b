//! The issues of rows as a file: the columns of the imported file, so that it can be corrected and
//! sent again, then what was wrong. An import ignores these further columns.

use platform::csv::CsvWriter;

use super::detect::{CODE_COLUMN, Detected, FIRST_ERROR_COLUMN, SEVERITY_COLUMN};
use super::lifecycle::StoredRowIssues;
use super::rows::{Issue, OCCURRENCE_COLUMN, Origin, format_occurrence};
use crate::identity::Language;

/// Returns the first line of the file.
pub fn format_error_header(detected: Option<&Detected>, language: Language) -> String {
    let header = detected.map_or(&[][..], |detected| detected.header.as_slice());
    let error_columns = [
        FIRST_ERROR_COLUMN,
        SEVERITY_COLUMN,
        "import_column",
        "import_value",
        CODE_COLUMN,
        "import_reason",
        OCCURRENCE_COLUMN,
    ];
    let mut csv = CsvWriter::begin_file(file_delimiter(detected, language));
    csv.write_row(own_columns(header).chain(error_columns));
    csv.into_text()
}

/// Returns the line of one row. A short row is filled up and a long one cut to the header.
pub fn format_row_issues(
    row: &StoredRowIssues,
    detected: Option<&Detected>,
    language: Language,
) -> String {
    let columns = detected.map_or(row.fields.len(), |detected| {
        own_columns(&detected.header).count()
    });
    let fields = row
        .fields
        .iter()
        .map(String::as_str)
        .chain(std::iter::repeat(""))
        .take(columns);
    let line = row.line.to_string();
    let origin = Origin {
        import: row.origin,
        line: row.origin_line,
    };
    let occurrence = format_occurrence(row.key.as_deref().zip(row.occurrence), origin);
    let column = |issue: &Issue| issue.column.clone().unwrap_or_default();
    let columns_at_fault = join_issues(&row.issues, column);
    let values = join_issues(&row.issues, |issue| issue.value.clone());
    let codes = join_issues(&row.issues, |issue| issue.code.to_string());
    let reasons = join_issues(&row.issues, |issue| issue.reason.clone());
    let error_fields = [
        line.as_str(),
        row.severity.as_str(),
        &columns_at_fault,
        &values,
        &codes,
        &reasons,
        &occurrence,
    ];
    let mut csv = CsvWriter::continue_file(file_delimiter(detected, language)).keep_digits();
    csv.write_row(fields.chain(error_fields));
    csv.into_text()
}

/// Returns the same part of all issues of a row, in their order.
fn join_issues(issues: &[Issue], part: impl Fn(&Issue) -> String) -> String {
    let parts: Vec<String> = issues.iter().map(part).collect();
    parts.join(" | ")
}

/// Returns the delimiter of the imported file, so that the same program opens both. For a
/// spreadsheet it is the one that a spreadsheet program in this language expects.
fn file_delimiter(detected: Option<&Detected>, language: Language) -> char {
    let of_language = match language {
        Language::Fr => ';',
        Language::En => ',',
    };
    detected
        .and_then(|detected| detected.delimiter)
        .unwrap_or(of_language)
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
    use platform::ids::Uuid;

    use super::*;
    use crate::catalog::import::read::Format;
    use crate::catalog::import::rows::Severity;

    #[test]
    fn an_error_file_keeps_the_files_columns_and_quotes_its_fields() {
        let detected = Detected {
            format: Format::Csv,
            encoding: None,
            delimiter: Some(';'),
            sheet: None,
            sheets: Vec::new(),
            decimal: std::collections::BTreeMap::new(),
            date_format: None,
            header_line: 1,
            columns: std::collections::BTreeMap::new(),
            ignored_columns: Vec::new(),
            header: vec!["sku".into(), "nom; complet".into()],
        };
        let issue = |column: &str, value: &str, code: &'static str| Issue {
            column: Some(column.into()),
            value: value.into(),
            code: code.into(),
            reason: format!("{column} is wrong"),
        };
        let row = StoredRowIssues {
            line: 7,
            severity: Severity::Error,
            issues: sqlx::types::Json(vec![
                issue("sku", "a\"b", "too_long"),
                issue("prix", "x", "not_a_number"),
            ]),
            fields: sqlx::types::Json(vec!["a\"b".into(), "0019".into()]),
            key: Some(vec![0xab; 16]),
            occurrence: Some(2),
            origin: Uuid::from_u128(7),
            origin_line: 9,
        };
        let header = format_error_header(Some(&detected), Language::Fr);
        assert_eq!(
            header,
            "\u{feff}sku;\"nom; complet\";import_line;import_severity;import_column;\
             import_value;import_code;import_reason;import_occurrence\r\n"
        );
        assert_eq!(
            format_row_issues(&row, Some(&detected), Language::Fr),
            "\"a\"\"b\";\"=\"\"0019\"\"\";7;error;sku | prix;\"a\"\"b | x\";\
             too_long | not_a_number;sku is wrong | prix is wrong;\
             abababab#2@9:00000000000000000000000000000007\r\n"
        );
    }
}
