//! The three kinds of files.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Kind {
    Sales,
    Products,
    StockCounts,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Products => "products",
            Self::StockCounts => "stock_counts",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sales" => Ok(Self::Sales),
            "products" => Ok(Self::Products),
            "stock_counts" => Ok(Self::StockCounts),
            _ => Err(Error::invalid(
                "kind",
                "unknown_kind",
                "is one of sales, products, stock_counts",
            )),
        }
    }
}
