//! Suppliers.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::check_version;
use crate::catalog::{NewSupplier, Supplier, SupplierChanges, SupplierId};
use crate::{Error, Result};

/// # Errors
/// `Invalid`, `Conflict(name_taken)`.
pub async fn create_supplier(
    conn: &mut PgConnection,
    company: CompanyId,
    new: NewSupplier,
    now: DateTime<Utc>,
) -> Result<Supplier> {
    let supplier = new.check(now)?;
    sqlx::query!(
        "insert into suppliers (company_id, id, name, email, phone, lead_time_days, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        company.0,
        supplier.id.0,
        supplier.name,
        supplier.email,
        supplier.phone,
        supplier.lead_time_days,
        now,
    )
    .execute(conn)
    .await
    .on_constraint(NAME_KEY, name_taken)?;
    Ok(supplier)
}

/// Those after `after` in order of id, at most `limit`; archived ones too.
///
/// # Errors
/// The database's.
pub async fn list_suppliers(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<SupplierId>,
    limit: i64,
) -> Result<Vec<Supplier>> {
    let rows = sqlx::query_as!(
        Supplier,
        r#"select id as "id: SupplierId", name, email, phone, lead_time_days, archived_at, version, created_at
           from suppliers where company_id = $1 and ($2::uuid is null or id > $2) order by id limit $3"#,
        company.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// # Errors
/// `NotFound`.
pub async fn find_supplier(
    conn: &mut PgConnection,
    company: CompanyId,
    id: SupplierId,
) -> Result<Supplier> {
    sqlx::query_as!(
        Supplier,
        r#"select id as "id: SupplierId", name, email, phone, lead_time_days, archived_at, version, created_at
           from suppliers where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("supplier"))
}

/// Changes, archives or brings back, where `version` and the change's own are still current.
///
/// # Errors
/// `NotFound`, `Invalid`, `Conflict(version_mismatch | name_taken)`.
pub async fn update_supplier(
    conn: &mut PgConnection,
    company: CompanyId,
    id: SupplierId,
    changes: SupplierChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Supplier> {
    sqlx::query_scalar!(
        "select 1 from suppliers where company_id = $1 and id = $2 for no key update",
        company.0,
        id.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let before = find_supplier(&mut *conn, company, id).await?;
    check_version(before.version, [version, changes.version])?;
    let supplier = before.changed(changes, now)?;
    sqlx::query!(
        "update suppliers set name = $3, email = $4, phone = $5, lead_time_days = $6, archived_at = $7,
                version = version + 1, updated_at = $8
         where company_id = $1 and id = $2",
        company.0,
        id.0,
        supplier.name,
        supplier.email,
        supplier.phone,
        supplier.lead_time_days,
        supplier.archived_at,
        now,
    )
    .execute(&mut *conn)
    .await
    .on_constraint(NAME_KEY, name_taken)?;
    Ok(Supplier {
        version: supplier.version + 1,
        ..supplier
    })
}

const NAME_KEY: &str = "suppliers_company_id_name_key_key";

fn name_taken() -> Error {
    Error::conflict("name_taken", "another supplier has this name")
}
