//! What a company sells and keeps: products and what they refer to, stock as a ledger, sale lines.
//! In reading order: [`Product`] and [`Reference`], compared by [`compute_key`];
//! [`CreateMovement`], [`Stock`] and [`recompute_levels`]; [`Sale`]; `import` turns files into all
//! of them.

pub mod import;

mod amount;
mod batch;
mod change;
mod code_key;
mod fact_source;
mod field_errors;
mod key;
mod movement;
mod new_sale;
mod product;
mod product_filter;
mod reference;
mod sale;
mod stock;
mod store;
#[cfg(test)]
mod tests;

pub use batch::{Batch, BatchEffect, BatchId, BatchKind, LevelChange};
pub use code_key::compute_key;
pub use movement::{CreateMovement, MovementKind};
pub use new_sale::CreateSale;
pub use product::{CreateProduct, CustomerId, Product, ProductChanges, ProductId};
pub use product_filter::{ProductFilter, ProductStatus};
pub use reference::{
    Category, CategoryChanges, CategoryId, CreateCategory, CreateSite, CreateSupplier, Reference,
    Site, SiteChanges, SiteId, Supplier, SupplierChanges, SupplierId,
};
pub use sale::{Sale, SaleFilter, SaleId, SaleStatus};
pub use stock::{LedgerEntry, Stock};

pub use store::batches::{list_batches, require_batch, revert_batch};
pub use store::ledger::{FactPosition, list_ledger};
pub use store::levels::{find_stock, recompute_levels};
pub use store::movements::{find_movements, record_movements};
pub use store::netting::{StackChange, net_stacks};
pub use store::products::{create_product, list_products, require_product, update_product};
pub use store::references::{
    create_reference, list_references, require_reference, update_reference,
};
pub use store::sale_list::list_sales;
pub use store::sales::{cancel_sale, find_sales, record_sales};

use store::netting::{count_orphans, list_undoing_lines};

use key::FactKey;
use sale::SaleKind;
