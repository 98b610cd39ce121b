//! The columns of the staging tables. One table per kind is the source of the column list of COPY,
//! of the number of values in a row and of the order in which they are encoded.

use platform::ids::Uuid;

use super::chunk::{CountExtras, SaleExtras};
use super::tuples::Tuples;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::rows::{
    CountLine, PRODUCT_COLUMNS, ProductLine, ProductValue, RowKeys, SaleLine,
};
use crate::catalog::{SaleKind, SaleStatus};

/// The columns that every row starts with: the import, the line and the id of the row that the line
/// becomes. The company of a row is that of the transaction, and no statement may write it.
const ROW_COLUMNS: [&str; 3] = ["import_id", "line", "id"];

/// Declares the further columns of a staging table, each with the call that encodes its value, and
/// the function that encodes a row.
macro_rules! staged_columns {
    (
        $(#[$doc:meta])*
        $columns:ident,
        fn $encode:ident($line:ident: $line_type:ty $(, $extra:ident: $extra_type:ty)?)
        { $($column:ident: $put:ident($($value:expr),*);)* }
    ) => {
        $(#[$doc])*
        pub(crate) const $columns: &[&str] = &[$(stringify!($column)),*];

        pub(super) fn $encode(
            tuples: &mut Tuples,
            import: Uuid,
            $line: $line_type
            $(, $extra: $extra_type)?
        ) {
            begin_row(tuples, import, $line.line, $columns.len());
            $(tuples.$put($($value),*);)*
        }
    };
}

staged_columns! {
    /// The columns of `staging.sale_lines`.
    SALE_COLUMNS, fn encode_sale(line: &SaleLine<'_>, extras: SaleExtras<'_>) {
        key: put_bytes(line.key.as_bytes());
        may_repeat: put_boolean(extras.may_repeat);
        lost_occurrence: put_boolean(line.lost_occurrence);
        corrects: put_uuid_or_null(line.corrects.map(|origin| origin.import));
        corrects_line: put_bigint_or_null(line.corrects.map(|origin| origin.line));
        by_day: put_boolean(line.by_day);
        sku_key: put_text(&extras.keys.sku);
        sku: put_text_if(extras.names_product, extras.keys.find_code(line.sku));
        name: put_text_if(extras.names_product, line.name);
        document: put_text_or_null(line.document);
        external_id: put_text_or_null(line.external_id);
        customer: put_text_or_null(line.customer);
        customer_name: put_text_if(extras.names_customer, line.customer_name);
        country: put_text_if(extras.names_customer && !line.country.is_empty(), line.country);
        site_key: put_text_or_null(&extras.keys.site);
        site: put_text_if(extras.names_site && !line.site.is_empty(), line.site);
        kind: put_text(kind_text(line.kind));
        status: put_text_or_null(line.status.map_or("", status_text));
        quantity: put_numeric(line.quantity, 3);
        unit_price: put_numeric(line.money.unit_price, 6);
        amount: put_numeric(line.money.amount, 4);
        currency: put_bytes(&line.money.currency);
        sold_at: put_timestamp(line.moment.at);
        day: put_date(line.moment.day);
    }
}

staged_columns! {
    /// The columns of `staging.count_lines`.
    COUNT_COLUMNS, fn encode_count(line: &CountLine<'_>, extras: CountExtras<'_>) {
        key: put_bytes(line.key.as_bytes());
        sku_key: put_text(&extras.keys.sku);
        sku: put_text_if(extras.names_product, extras.keys.find_code(line.sku));
        name: put_text_if(extras.names_product, line.name);
        site_key: put_text_or_null(&extras.keys.site);
        site: put_text_if(extras.names_site && !line.site.is_empty(), line.site);
        quantity: put_numeric(line.quantity, 3);
        at: put_timestamp(line.at);
    }
}

/// The columns of `staging.product_lines` before those of [`PRODUCT_COLUMNS`].
const PRODUCT_CODE_COLUMNS: [&str; 4] = ["sku_key", "sku", "category_key", "supplier_key"];

/// Encodes a product, in the order of [`product_columns`].
pub(super) fn encode_product(
    tuples: &mut Tuples,
    import: Uuid,
    line: &ProductLine<'_>,
    keys: &RowKeys,
) {
    let columns = PRODUCT_CODE_COLUMNS.len() + PRODUCT_COLUMNS.len();
    begin_row(tuples, import, line.line, columns);
    tuples.put_text(&keys.sku);
    tuples.put_text(keys.find_code(line.sku));
    tuples.put_text_or_null(&keys.category);
    tuples.put_text_or_null(&keys.supplier);
    for value in line.values {
        match value {
            ProductValue::Absent => tuples.put_null(),
            ProductValue::Text(text) => tuples.put_text(text),
            ProductValue::Currency(code) => tuples.put_bytes(&code),
            ProductValue::Price(millionths) => tuples.put_numeric(millionths, 6),
            ProductValue::Quantity(thousandths) => tuples.put_numeric(thousandths, 3),
            ProductValue::Days(days) => tuples.put_integer(days),
            ProductValue::YesNo(yes) => tuples.put_boolean(yes),
        }
    }
}

fn product_columns() -> Vec<&'static str> {
    let further = PRODUCT_COLUMNS.iter().map(|column| column.name);
    PRODUCT_CODE_COLUMNS.into_iter().chain(further).collect()
}

#[inline]
fn begin_row(tuples: &mut Tuples, import: Uuid, line: u64, further_columns: usize) {
    tuples.begin_row((ROW_COLUMNS.len() + further_columns) as i16);
    tuples.put_bytes(import.as_bytes());
    tuples.put_bigint(line);
    tuples.put_bytes(Uuid::now_v7().as_bytes());
}

/// Returns the statement that copies encoded rows of `kind` into the partition of their staging
/// table, which isn't under row-level security.
pub(crate) fn copy_statement(kind: Kind) -> String {
    let (table, columns) = match kind {
        Kind::Sales => ("sale_lines", SALE_COLUMNS.join(", ")),
        Kind::Products => ("product_lines", product_columns().join(", ")),
        Kind::StockCounts => ("count_lines", COUNT_COLUMNS.join(", ")),
    };
    let row_columns = ROW_COLUMNS.join(", ");
    format!("copy staging.{table}_in ({row_columns}, {columns}) from stdin (format binary)")
}

fn kind_text(kind: SaleKind) -> &'static str {
    match kind {
        SaleKind::Sale => "sale",
        SaleKind::Return => "return",
        SaleKind::Cancellation => "cancellation",
        SaleKind::Adjustment => "adjustment",
    }
}

fn status_text(status: SaleStatus) -> &'static str {
    match status {
        SaleStatus::Delivered => "delivered",
        SaleStatus::Pending => "pending",
        SaleStatus::Cancelled => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics unless `statement` reads every column of the staged line `l`, but for `unread`.
    fn require_columns(columns: &[&str], statement: &str, unread: &[&str]) {
        let words: Vec<&str> = statement
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
            .collect();
        for column in columns.iter().filter(|column| !unread.contains(column)) {
            let wanted = format!("l.{column}");
            assert!(words.contains(&wanted.as_str()), "{wanted} isn't read");
        }
    }

    #[test]
    fn every_staged_column_of_a_product_has_the_name_of_a_column_that_the_merge_writes() {
        let written = include_str!("../../store/product_columns.rs");
        let words: Vec<&str> = written
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .collect();
        // The merge looks up the names of references, and inserts the key of the code.
        let names = [
            "category",
            "supplier",
            "category_key",
            "supplier_key",
            "sku_key",
        ];
        for column in product_columns() {
            assert!(
                words.contains(&column) || names.contains(&column),
                "{column}"
            );
        }
    }

    #[test]
    fn the_merge_of_sales_reads_every_staged_column() {
        // Numbering and placing read the first four; the creation of products, customers and
        // sites their names.
        let unread = [
            "may_repeat",
            "corrects",
            "corrects_line",
            "by_day",
            "sku",
            "name",
            "customer_name",
            "country",
            "site",
        ];
        let insert = include_str!("../store/insert_sales.sql");
        require_columns(
            SALE_COLUMNS,
            insert,
            &[&unread[..], &["lost_occurrence"]].concat(),
        );
        // The caller's own id is the key, which an update never changes.
        let update = include_str!("../store/update_sales.sql");
        require_columns(
            SALE_COLUMNS,
            update,
            &[&unread[..], &["external_id"]].concat(),
        );
    }

    #[test]
    fn the_merge_of_counts_reads_every_staged_column() {
        let insert = include_str!("../store/insert_counts.sql");
        require_columns(COUNT_COLUMNS, insert, &["sku", "name", "site"]);
    }

    #[test]
    fn the_statement_of_copy_names_the_columns_in_the_order_of_their_values() {
        assert_eq!(
            copy_statement(Kind::StockCounts),
            "copy staging.count_lines_in (import_id, line, id, key, sku_key, sku, name, site_key, \
             site, quantity, at) from stdin (format binary)"
        );
    }
}
