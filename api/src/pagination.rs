//! Lists: `?limit=` and `?cursor=` in, `{items, next_cursor}` out. A cursor is the sort key of the
//! last item, so pages stay correct while rows are added and removed. Callers treat it as opaque.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::extract::query_pairs;

const DEFAULT_PAGE_ROWS: i64 = 50;
const MAX_PAGE_ROWS: i64 = 500;

/// The requested page of a list.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    limit: i64,
    cursor: Option<String>,
}

impl Page {
    /// The number of rows to read: one more than the page holds, which shows whether a next page
    /// exists.
    pub(crate) fn row_limit(&self) -> i64 {
        self.limit + 1
    }

    /// The sort key of the item before the page.
    pub(crate) fn decode_cursor<K: DeserializeOwned>(&self) -> Result<Option<K>> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .map(Some)
            .ok_or_else(|| {
                Error::invalid_field("cursor", "invalid_cursor", "not a cursor of this list")
            })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let mut page = Self {
            limit: DEFAULT_PAGE_ROWS,
            cursor: None,
        };
        for (name, value) in query_pairs(parts)? {
            match name.as_str() {
                "limit" => {
                    page.limit = value
                        .parse()
                        .ok()
                        .filter(|limit| (1..=MAX_PAGE_ROWS).contains(limit))
                        .ok_or_else(|| {
                            Error::invalid_field(
                                "limit",
                                "out_of_range",
                                "a whole number from 1 to 500",
                            )
                        })?;
                }
                "cursor" => page.cursor = Some(value),
                _ => {}
            }
        }
        Ok(page)
    }
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: Option<String>,
}

impl<T> List<T> {
    /// Cuts [`Page::row_limit`] rows down to the page. `key` returns the sort key of a row, its
    /// unique part included.
    pub(crate) fn from_rows<K: Serialize>(
        mut rows: Vec<T>,
        page: &Page,
        key: impl FnOnce(&T) -> K,
    ) -> Self {
        let size = usize::try_from(page.limit).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return Self {
                items: rows,
                next_cursor: None,
            };
        }
        rows.truncate(size);
        let next_cursor = rows
            .last()
            .and_then(|last| serde_json::to_vec(&key(last)).ok())
            .map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        Self {
            items: rows,
            next_cursor,
        }
    }

    /// A list that always fits on one page.
    pub(crate) fn complete(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }

    pub(crate) fn map_items<U>(self, change: impl FnMut(T) -> U) -> List<U> {
        List {
            items: self.items.into_iter().map(change).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_more_rows_behind_it_has_a_next_cursor() {
        let page = Page {
            limit: 2,
            cursor: None,
        };
        let first = List::from_rows(vec![1, 2, 3], &page, |n| (*n, "x"));
        assert_eq!(first.items, [1, 2]);
        let next = Page {
            limit: 2,
            cursor: first.next_cursor,
        };
        assert_eq!(
            next.decode_cursor::<(i32, String)>().unwrap(),
            Some((2, "x".to_owned()))
        );
        assert_eq!(List::from_rows(vec![3], &next, |n| *n).next_cursor, None);
    }

    #[test]
    fn a_forged_cursor_is_rejected() {
        for cursor in ["", "%%%", "bm90IGpzb24"] {
            let page = Page {
                limit: 2,
                cursor: Some(cursor.to_owned()),
            };
            assert!(page.decode_cursor::<i32>().is_err(), "{cursor}");
        }
    }
}
