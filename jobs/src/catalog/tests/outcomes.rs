//! What an import has written and said, as texts and numbers to compare.

use domain::catalog::import::{self, Import, WarningCode};
use domain::identity::Language;

use super::shop::Shop;

/// Returns every sale line as `site code kind status quantity amount`.
pub(super) async fn sale_lines(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar!(
        r#"select concat_ws(' ', t.name, p.sku, s.kind, s.status, trim_scale(s.quantity),
             trim_scale(s.amount)) as "line!"
           from sales s join products p on p.id = s.product_id left join sites t on t.id = s.site_id
           where s.company_id = $1 order by s.sold_at, 1"#,
        shop.company.0,
    )
    .fetch_all(&mut shop.db.owner().await)
    .await
    .unwrap()
}

/// Returns of how many rows an import warns.
pub(super) fn warned_rows(import: &Import, code: WarningCode) -> u64 {
    let mut warnings = import.warnings.iter();
    let warning = warnings.find(|warning| warning.code == code);
    warning.map_or(0, |warning| warning.rows)
}

/// Returns the error file as `GET /imports/{id}/errors` does.
pub(super) async fn error_file(shop: &Shop, import: &Import) -> String {
    let mut tx = shop.begin().await;
    let rows = import::list_row_issues(&mut tx, shop.company, import.id, None, 0, 1000)
        .await
        .unwrap();
    let detected = import.detected.as_ref().map(|d| &d.0);
    let header = import::format_error_header(detected, Language::Fr);
    rows.iter().fold(header, |text, row| {
        text + &import::format_row_issues(row, detected, Language::Fr)
    })
}

pub(super) fn row_counts(import: &Import) -> (i64, i64, i64) {
    (
        import.rows_imported,
        import.rows_updated,
        import.rows_unchanged,
    )
}
