//! The columns of a product that requests and files write, listed once for all statements.

/// Wraps a checked statement on products. `COLUMNS` stands for the columns that a request or a file
/// writes. The ids of references are named beside it, because a select has to name their types.
macro_rules! product_statement {
    ($query:ident!(
        $($Row:ident,)? $start:literal $(COLUMNS $text:literal)*, $($value:expr),* $(,)?
    )) => {
        sqlx::$query!(
            $($Row,)?
            $start $(
                + "sku, name, unit, purchase_price, sale_price, currency, barcode, min_stock,
                   max_stock, lead_time_days, minimum_order_quantity, pack_multiple, active, draft,
                   archived_at"
                + $text
            )*,
            $($value),*
        )
    };
}

pub(in crate::catalog) use product_statement;
