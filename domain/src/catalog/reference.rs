//! What products and stock refer to: categories, suppliers and sites. Each has a name, unique in its
//! company whatever its case, and is archived and never deleted.

use chrono::{DateTime, Utc};
use platform::id_type;
use serde::{Deserialize, Serialize};

use super::amount::nullable;
use super::field::Refusals;
use super::product::set;
use crate::Result;

id_type!(CategoryId, "One category of products.");
id_type!(SupplierId, "Whoever products are bought from.");
id_type!(SiteId, "A shop or a warehouse.");

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    pub id: CategoryId,
    pub name: String,
    pub archived_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Supplier {
    pub id: SupplierId,
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// From order to delivery, for products that name none of their own.
    pub lead_time_days: Option<i32>,
    pub archived_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

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
pub struct NewCategory {
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSupplier {
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub lead_time_days: Option<i32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    pub name: String,
    #[serde(default)]
    pub kind: SiteKind,
}

/// A field left out keeps its value; `archived: false` brings back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CategoryChanges {
    pub name: Option<String>,
    pub archived: Option<bool>,
    pub version: Option<i32>,
}

/// A field left out keeps its value, null clears it; `archived: false` brings back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupplierChanges {
    pub name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub email: Option<Option<String>>,
    #[serde(deserialize_with = "nullable")]
    pub phone: Option<Option<String>>,
    #[serde(deserialize_with = "nullable")]
    pub lead_time_days: Option<Option<i32>>,
    pub archived: Option<bool>,
    pub version: Option<i32>,
}

/// A field left out keeps its value; `archived: false` brings back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteChanges {
    pub name: Option<String>,
    pub kind: Option<SiteKind>,
    pub archived: Option<bool>,
    pub version: Option<i32>,
}

impl NewCategory {
    /// # Errors
    /// `Invalid` with the wrong fields.
    pub fn check(self, now: DateTime<Utc>) -> Result<Category> {
        let category = Category {
            id: CategoryId::new(),
            name: self.name,
            archived_at: None,
            version: 1,
            created_at: now,
        };
        category.changed(CategoryChanges::default(), now)
    }
}

impl NewSupplier {
    /// # Errors
    /// `Invalid` with the wrong fields.
    pub fn check(self, now: DateTime<Utc>) -> Result<Supplier> {
        let supplier = Supplier {
            id: SupplierId::new(),
            name: self.name,
            email: self.email,
            phone: self.phone,
            lead_time_days: self.lead_time_days,
            archived_at: None,
            version: 1,
            created_at: now,
        };
        supplier.changed(SupplierChanges::default(), now)
    }
}

impl NewSite {
    /// # Errors
    /// `Invalid` with the wrong fields.
    pub fn check(self, now: DateTime<Utc>) -> Result<Site> {
        let site = Site {
            id: SiteId::new(),
            name: self.name,
            kind: self.kind,
            archived_at: None,
            version: 1,
            created_at: now,
        };
        site.changed(SiteChanges::default(), now)
    }
}

impl Category {
    /// # Errors
    /// `Invalid` with the wrong fields.
    pub fn changed(mut self, changes: CategoryChanges, now: DateTime<Utc>) -> Result<Self> {
        let mut wrong = Refusals::default();
        set(&mut self.name, changes.name);
        self.name = wrong.text("name", &self.name, 200);
        self.archived_at = archived(self.archived_at, changes.archived, now);
        wrong.finish().map(|()| self)
    }
}

impl Supplier {
    /// # Errors
    /// `Invalid` with the wrong fields.
    pub fn changed(mut self, changes: SupplierChanges, now: DateTime<Utc>) -> Result<Self> {
        let mut wrong = Refusals::default();
        set(&mut self.name, changes.name);
        set(&mut self.email, changes.email);
        set(&mut self.phone, changes.phone);
        set(&mut self.lead_time_days, changes.lead_time_days);
        self.name = wrong.text("name", &self.name, 200);
        self.email = wrong.optional_text("email", self.email.as_deref(), 320);
        self.phone = wrong.optional_text("phone", self.phone.as_deref(), 40);
        if self
            .lead_time_days
            .is_some_and(|days| !(0..=730).contains(&days))
        {
            wrong.refuse("lead_time_days", "out_of_range", "0 to 730 days");
        }
        self.archived_at = archived(self.archived_at, changes.archived, now);
        wrong.finish().map(|()| self)
    }
}

impl Site {
    /// # Errors
    /// `Invalid` with the wrong fields.
    pub fn changed(mut self, changes: SiteChanges, now: DateTime<Utc>) -> Result<Self> {
        let mut wrong = Refusals::default();
        set(&mut self.name, changes.name);
        set(&mut self.kind, changes.kind);
        self.name = wrong.text("name", &self.name, 200);
        self.archived_at = archived(self.archived_at, changes.archived, now);
        wrong.finish().map(|()| self)
    }
}

/// When something is archived after a change; archiving twice keeps the first time.
pub(super) fn archived(
    was: Option<DateTime<Utc>>,
    change: Option<bool>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match change {
        Some(true) => was.or(Some(now)),
        Some(false) => None,
        None => was,
    }
}
