//! Categories.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::check_version;
use crate::catalog::{Category, CategoryChanges, CategoryId, NewCategory};
use crate::{Error, Result};

/// # Errors
/// `Invalid`, `Conflict(name_taken)`.
pub async fn create_category(
    conn: &mut PgConnection,
    company: CompanyId,
    new: NewCategory,
    now: DateTime<Utc>,
) -> Result<Category> {
    let category = new.check(now)?;
    sqlx::query!(
        "insert into categories (company_id, id, name, created_at, updated_at)
         values ($1, $2, $3, $4, $4)",
        company.0,
        category.id.0,
        category.name,
        now,
    )
    .execute(conn)
    .await
    .on_constraint(NAME_KEY, name_taken)?;
    Ok(category)
}

/// Those after `after` in order of id, at most `limit`; archived ones too.
///
/// # Errors
/// The database's.
pub async fn list_categories(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<CategoryId>,
    limit: i64,
) -> Result<Vec<Category>> {
    let rows = sqlx::query_as!(
        Category,
        r#"select id as "id: CategoryId", name, archived_at, version, created_at
           from categories where company_id = $1 and ($2::uuid is null or id > $2) order by id limit $3"#,
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
pub async fn find_category(
    conn: &mut PgConnection,
    company: CompanyId,
    id: CategoryId,
) -> Result<Category> {
    sqlx::query_as!(
        Category,
        r#"select id as "id: CategoryId", name, archived_at, version, created_at
           from categories where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("category"))
}

/// Changes, archives or brings back, where `version` and the change's own are still current.
///
/// # Errors
/// `NotFound`, `Invalid`, `Conflict(version_mismatch | name_taken)`.
pub async fn update_category(
    conn: &mut PgConnection,
    company: CompanyId,
    id: CategoryId,
    changes: CategoryChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Category> {
    sqlx::query_scalar!(
        "select 1 from categories where company_id = $1 and id = $2 for no key update",
        company.0,
        id.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let before = find_category(&mut *conn, company, id).await?;
    check_version(before.version, [version, changes.version])?;
    let category = before.changed(changes, now)?;
    sqlx::query!(
        "update categories set name = $3, archived_at = $4,
                version = version + 1, updated_at = $5
         where company_id = $1 and id = $2",
        company.0,
        id.0,
        category.name,
        category.archived_at,
        now,
    )
    .execute(&mut *conn)
    .await
    .on_constraint(NAME_KEY, name_taken)?;
    Ok(Category {
        version: category.version + 1,
        ..category
    })
}

const NAME_KEY: &str = "categories_company_id_name_key_key";

fn name_taken() -> Error {
    Error::conflict("name_taken", "another category has this name")
}
