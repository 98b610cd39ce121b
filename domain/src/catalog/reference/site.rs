//! Sites: an optional dimension of stock and of sales.

use chrono::{DateTime, Utc};
use platform::id_type;
use serde::{Deserialize, Serialize};

use super::{MAX_NAME_CHARS, Reference};
use crate::Result;
use crate::catalog::change::{archive_time, set_changed};
use crate::catalog::field_errors::FieldErrors;

id_type!(SiteId, "A shop or a warehouse.");

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    pub id: SiteId,
    pub name: String,
    pub kind: SiteKind,
    pub archived_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum SiteKind {
    #[default]
    Shop,
    Warehouse,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSite {
    pub name: String,
    #[serde(default)]
    pub kind: SiteKind,
}

/// A field left out keeps its value; `archived: false` restores an archived site.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteChanges {
    pub name: Option<String>,
    pub kind: Option<SiteKind>,
    pub archived: Option<bool>,
    pub version: Option<i32>,
}

impl Reference for Site {
    type Id = SiteId;
    type New = CreateSite;
    type Changes = SiteChanges;

    const NOUN: &'static str = "site";
    const PLURAL: &'static str = "sites";

    fn id(&self) -> SiteId {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    fn from_new(new: CreateSite, now: DateTime<Utc>) -> Result<Self> {
        let site = Self {
            id: SiteId::new(),
            name: new.name,
            kind: new.kind,
            archived_at: None,
            version: 1,
            created_at: now,
        };
        site.validated()
    }

    fn with_changes(mut self, changes: SiteChanges, now: DateTime<Utc>) -> Result<Self> {
        set_changed(&mut self.name, changes.name);
        set_changed(&mut self.kind, changes.kind);
        self.archived_at = archive_time(self.archived_at, changes.archived, now);
        self.validated()
    }

    fn base_version(changes: &SiteChanges) -> Option<i32> {
        changes.version
    }

    fn archiving() -> SiteChanges {
        SiteChanges {
            archived: Some(true),
            ..SiteChanges::default()
        }
    }
}

impl Site {
    fn validated(mut self) -> Result<Self> {
        let mut errors = FieldErrors::default();
        self.name = errors.validate_code("name", &self.name, MAX_NAME_CHARS);
        errors.into_result().map(|()| self)
    }
}
