//! Suppliers of products.

use chrono::{DateTime, Utc};
use platform::id_type;
use serde::{Deserialize, Serialize};

use super::{MAX_NAME_CHARS, Reference};
use crate::Result;
use crate::catalog::amount::deserialize_nullable;
use crate::catalog::change::{archive_time, set_changed};
use crate::catalog::field_errors::FieldErrors;

id_type!(SupplierId, "A business that products are bought from.");

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Supplier {
    pub id: SupplierId,
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// Days from order to delivery, for products without a lead time of their own.
    pub lead_time_days: Option<i32>,
    pub archived_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateSupplier {
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub lead_time_days: Option<i32>,
}

/// A field left out keeps its value and null clears it; `archived: false` restores an archived
/// supplier.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupplierChanges {
    pub name: Option<String>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub email: Option<Option<String>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub phone: Option<Option<String>>,
    #[serde(deserialize_with = "deserialize_nullable")]
    pub lead_time_days: Option<Option<i32>>,
    pub archived: Option<bool>,
    pub version: Option<i32>,
}

impl Reference for Supplier {
    type Id = SupplierId;
    type New = CreateSupplier;
    type Changes = SupplierChanges;

    const NOUN: &'static str = "supplier";
    const PLURAL: &'static str = "suppliers";

    fn id(&self) -> SupplierId {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    fn from_new(new: CreateSupplier, now: DateTime<Utc>) -> Result<Self> {
        let supplier = Self {
            id: SupplierId::new(),
            name: new.name,
            email: new.email,
            phone: new.phone,
            lead_time_days: new.lead_time_days,
            archived_at: None,
            version: 1,
            created_at: now,
        };
        supplier.validated()
    }

    fn with_changes(mut self, changes: SupplierChanges, now: DateTime<Utc>) -> Result<Self> {
        set_changed(&mut self.name, changes.name);
        set_changed(&mut self.email, changes.email);
        set_changed(&mut self.phone, changes.phone);
        set_changed(&mut self.lead_time_days, changes.lead_time_days);
        self.archived_at = archive_time(self.archived_at, changes.archived, now);
        self.validated()
    }

    fn base_version(changes: &SupplierChanges) -> Option<i32> {
        changes.version
    }

    fn archiving() -> SupplierChanges {
        SupplierChanges {
            archived: Some(true),
            ..SupplierChanges::default()
        }
    }
}

impl Supplier {
    fn validated(mut self) -> Result<Self> {
        let mut errors = FieldErrors::default();
        self.name = errors.validate_code("name", &self.name, MAX_NAME_CHARS);
        self.email = errors.validate_optional_text("email", self.email.as_deref(), 320);
        self.phone = errors.validate_optional_text("phone", self.phone.as_deref(), 40);
        errors.validate_days("lead_time_days", self.lead_time_days);
        errors.into_result().map(|()| self)
    }
}
