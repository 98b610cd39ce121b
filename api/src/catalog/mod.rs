//! Routes of products and of what they refer to, of stock and of sales. `DELETE` archives, because
//! a thing with a history stays. A PATCH or DELETE may name a version, by `If-Match` or in the
//! body; it is rejected if that isn't the current one.

mod batches;
mod facts;
mod products;
mod references;
mod sales;
mod stock;

use axum::Router;
use axum::routing::{get, post};
use domain::catalog::{Category, Site, Supplier};

use self::references::{
    archive_reference, create_reference, list_references, show_reference, update_reference,
};
use crate::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route(
            "/products",
            get(products::list_products).post(products::create_product),
        )
        .route(
            "/products/{id}",
            get(products::show_product)
                .patch(products::update_product)
                .delete(products::archive_product),
        )
        .route(
            "/categories",
            get(list_references::<Category>).post(create_reference::<Category>),
        )
        .route(
            "/categories/{id}",
            get(show_reference::<Category>)
                .patch(update_reference::<Category>)
                .delete(archive_reference::<Category>),
        )
        .route(
            "/suppliers",
            get(list_references::<Supplier>).post(create_reference::<Supplier>),
        )
        .route(
            "/suppliers/{id}",
            get(show_reference::<Supplier>)
                .patch(update_reference::<Supplier>)
                .delete(archive_reference::<Supplier>),
        )
        .route(
            "/sites",
            get(list_references::<Site>).post(create_reference::<Site>),
        )
        .route(
            "/sites/{id}",
            get(show_reference::<Site>)
                .patch(update_reference::<Site>)
                .delete(archive_reference::<Site>),
        )
        .route("/products/{id}/stock", get(stock::show_stock))
        .route(
            "/stock-movements",
            get(stock::list_ledger).post(stock::record_movements),
        )
        .route("/sales", get(sales::list_sales).post(sales::record_sales))
        .route("/sales/{id}/cancel", post(sales::cancel_sale))
        .route("/batches", get(batches::list_batches))
        .route("/batches/{id}", get(batches::show_batch))
        .route(
            "/batches/{id}/revert",
            get(batches::preview_revert).post(batches::revert_batch),
        )
}
