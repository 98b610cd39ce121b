//! What `fuzz/` calls beside the public functions. Compiled with `cfg(fuzzing)` alone, which cargo
//! fuzz and the lint set.

use axum::extract::FromRequestParts as _;
use axum::http::Request;
use futures::FutureExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pagination::{List, Page};

/// Reads the page that a query requests: the rows to read, and the sort key of its cursor. `None`
/// where the query is rejected.
pub fn read_page<K: DeserializeOwned>(query: &str) -> Option<(i64, Option<K>)> {
    let request = Request::builder().uri(format!("/?{query}"));
    let (mut parts, ()) = request.body(()).ok()?.into_parts();
    let page = Page::from_request_parts(&mut parts, &()).now_or_never()?;
    let page = page.ok()?;
    Some((page.row_limit(), page.decode_cursor().ok()?))
}

/// Returns the cursor behind a page whose last row has this sort key.
pub fn write_cursor<K: Serialize>(key: &K) -> Option<String> {
    let (mut parts, ()) = Request::builder()
        .uri("/?limit=1")
        .body(())
        .ok()?
        .into_parts();
    let page = Page::from_request_parts(&mut parts, &()).now_or_never()?;
    List::from_rows(vec![key, key], &page.ok()?, |key| *key).next_cursor
}
