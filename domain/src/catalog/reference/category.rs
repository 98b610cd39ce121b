//! Categories of products.

use chrono::{DateTime, Utc};
use platform::id_type;
use serde::{Deserialize, Serialize};

use super::{MAX_NAME_CHARS, Reference};
use crate::Result;
use crate::catalog::change::{archive_time, set_changed};
use crate::catalog::field_errors::FieldErrors;

id_type!(CategoryId, "One category of products.");

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    pub id: CategoryId,
    pub name: String,
    pub archived_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateCategory {
    pub name: String,
}

/// A field left out keeps its value; `archived: false` restores an archived category.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CategoryChanges {
    pub name: Option<String>,
    pub archived: Option<bool>,
    pub version: Option<i32>,
}

impl Reference for Category {
    type Id = CategoryId;
    type New = CreateCategory;
    type Changes = CategoryChanges;

    const NOUN: &'static str = "category";
    const PLURAL: &'static str = "categories";

    fn id(&self) -> CategoryId {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    fn from_new(new: CreateCategory, now: DateTime<Utc>) -> Result<Self> {
        let category = Self {
            id: CategoryId::new(),
            name: new.name,
            archived_at: None,
            version: 1,
            created_at: now,
        };
        category.validated()
    }

    fn with_changes(mut self, changes: CategoryChanges, now: DateTime<Utc>) -> Result<Self> {
        set_changed(&mut self.name, changes.name);
        self.archived_at = archive_time(self.archived_at, changes.archived, now);
        self.validated()
    }

    fn base_version(changes: &CategoryChanges) -> Option<i32> {
        changes.version
    }

    fn archiving() -> CategoryChanges {
        CategoryChanges {
            archived: Some(true),
            ..CategoryChanges::default()
        }
    }
}

impl Category {
    fn validated(mut self) -> Result<Self> {
        let mut errors = FieldErrors::default();
        self.name = errors.validate_code("name", &self.name, MAX_NAME_CHARS);
        errors.into_result().map(|()| self)
    }
}
