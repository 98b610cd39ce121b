//! Sites.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::check_version;
use crate::catalog::{NewSite, Site, SiteChanges, SiteId, SiteKind};
use crate::{Error, Result};

/// # Errors
/// `Invalid`, `Conflict(name_taken)`.
pub async fn create_site(
    conn: &mut PgConnection,
    company: CompanyId,
    new: NewSite,
    now: DateTime<Utc>,
) -> Result<Site> {
    let site = new.check(now)?;
    sqlx::query!(
        "insert into sites (company_id, id, name, kind, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5)",
        company.0,
        site.id.0,
        site.name,
        site.kind as SiteKind,
        now,
    )
    .execute(conn)
    .await
    .on_constraint(NAME_KEY, name_taken)?;
    Ok(site)
}

/// Those after `after` in order of id, at most `limit`; archived ones too.
///
/// # Errors
/// The database's.
pub async fn list_sites(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<SiteId>,
    limit: i64,
) -> Result<Vec<Site>> {
    let rows = sqlx::query_as!(
        Site,
        r#"select id as "id: SiteId", name, kind as "kind: SiteKind", archived_at, version, created_at
           from sites where company_id = $1 and ($2::uuid is null or id > $2) order by id limit $3"#,
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
pub async fn find_site(conn: &mut PgConnection, company: CompanyId, id: SiteId) -> Result<Site> {
    sqlx::query_as!(
        Site,
        r#"select id as "id: SiteId", name, kind as "kind: SiteKind", archived_at, version, created_at
           from sites where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("site"))
}

/// Changes, archives or brings back, where `version` and the change's own are still current.
///
/// # Errors
/// `NotFound`, `Invalid`, `Conflict(version_mismatch | name_taken)`.
pub async fn update_site(
    conn: &mut PgConnection,
    company: CompanyId,
    id: SiteId,
    changes: SiteChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Site> {
    sqlx::query_scalar!(
        "select 1 from sites where company_id = $1 and id = $2 for no key update",
        company.0,
        id.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let before = find_site(&mut *conn, company, id).await?;
    check_version(before.version, [version, changes.version])?;
    let site = before.changed(changes, now)?;
    sqlx::query!(
        "update sites set name = $3, kind = $4, archived_at = $5,
                version = version + 1, updated_at = $6
         where company_id = $1 and id = $2",
        company.0,
        id.0,
        site.name,
        site.kind as SiteKind,
        site.archived_at,
        now,
    )
    .execute(&mut *conn)
    .await
    .on_constraint(NAME_KEY, name_taken)?;
    Ok(Site {
        version: site.version + 1,
        ..site
    })
}

const NAME_KEY: &str = "sites_company_id_name_key_key";

fn name_taken() -> Error {
    Error::conflict("name_taken", "another site has this name")
}
