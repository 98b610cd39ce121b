//! What a company sells and keeps: products and what they refer to, stock as a ledger, sale lines.
//! In reading order: [`Product`], [`Category`], [`Supplier`] and [`Site`]; [`NewMovement`], [`Stock`] and
//! [`recompute_levels`]; [`Sale`]; `import` turns files into all of them.

pub mod import;

mod amount;
mod change;
mod field_errors;
mod key;
mod product;
mod reference;
mod sale;
mod stock;
mod store;
#[cfg(test)]
mod tests;

pub use amount::Amount;
pub use key::FactKey;
pub use product::{CustomerId, NewProduct, Product, ProductChanges, ProductId, ProductStatus};
pub use reference::{
    Category, CategoryChanges, CategoryId, NewCategory, NewSite, NewSupplier, Reference, Site,
    SiteChanges, SiteId, SiteKind, Supplier, SupplierChanges, SupplierId,
};
pub use sale::{LINES_PER_CALL, NewSale, Sale, SaleId, SaleKind, SaleStatus};
pub use stock::{LedgerEntry, MovementId, MovementKind, NewMovement, SiteStock, Stock};

pub use store::Recorded;
pub use store::levels::{find_stock, recompute_levels};
pub use store::movements::{find_movements, list_ledger, record_movements};
pub use store::netting::net_sales;
pub use store::products::{
    ProductFilter, create_product, find_product, list_products, update_product,
};
pub use store::references::{
    create_reference, list_references, require_reference, update_reference,
};
pub use store::sales::{SaleFilter, cancel_sale, find_sales, list_sales, record_sales};
