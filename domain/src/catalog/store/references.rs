//! Categories, suppliers and sites: one implementation over three tables of one shape.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::check_version;
use crate::catalog::code_key::compute_key;
use crate::catalog::reference::{Category, Reference, ReferenceTable, Site, SiteKind, Supplier};
use crate::{Error, Result};

/// Creates a reference. Fails with `Invalid` or `Conflict(name_taken)`.
pub async fn create_reference<R: Reference>(
    conn: &mut PgConnection,
    company: CompanyId,
    new: R::New,
    now: DateTime<Utc>,
) -> Result<R> {
    let reference = R::from_new(new, now)?;
    reference
        .insert(conn, company, now)
        .await
        .on_constraint(R::NAME_KEY, name_taken::<R>)
}

/// Lists at most `limit` references, archived ones too, in order of id and after the id `after`.
pub async fn list_references<R: Reference>(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<R::Id>,
    limit: i64,
) -> Result<Vec<R>> {
    Ok(R::select_page(conn, company, after.map(Into::into), limit).await?)
}

/// Returns one reference. Fails with `NotFound` if the company has no such reference.
pub async fn require_reference<R: Reference>(
    conn: &mut PgConnection,
    company: CompanyId,
    id: R::Id,
) -> Result<R> {
    R::select_one(conn, company, id.into())
        .await?
        .ok_or(Error::NotFound(R::NOUN))
}

/// Changes, archives or restores a reference. `version` and the version that `changes` name must be
/// the current one. Fails with `NotFound`, `Invalid` or `Conflict(version_mismatch | name_taken)`.
pub async fn update_reference<R: Reference>(
    conn: &mut PgConnection,
    company: CompanyId,
    id: R::Id,
    changes: R::Changes,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<R> {
    let current = R::lock_one(&mut *conn, company, id.into())
        .await?
        .ok_or(Error::NotFound(R::NOUN))?;
    check_version(current.version(), [version, R::base_version(&changes)])?;
    let changed = current.with_changes(changes, now)?;
    changed
        .update(conn, company, now)
        .await
        .on_constraint(R::NAME_KEY, name_taken::<R>)
}

fn name_taken<R: Reference>() -> Error {
    Error::conflict("name_taken", format!("another {} has this name", R::NOUN))
}

/// Implements [`ReferenceTable`] with checked statements. `reads` and `writes` are the columns that
/// the table has beside the common ones. `values` are their parameters, which start at `$7`.
macro_rules! reference_table {
    (
        $Row:ident in $table:literal,
        reads $reads:literal,
        writes $writes:literal = $values:literal,
        |$row:ident| [$($value:expr),*]
    ) => {
        impl ReferenceTable for $Row {
            const NAME_KEY: &'static str = concat!($table, "_company_id_name_key_key");

            async fn select_page(
                conn: &mut PgConnection,
                company: CompanyId,
                after: Option<Uuid>,
                limit: i64,
            ) -> sqlx::Result<Vec<Self>> {
                sqlx::query_as!(
                    $Row,
                    r#"select id as "id: _", name, archived_at, version, created_at"# + $reads
                        + " from " + $table
                        + " where company_id = $1 and ($2::uuid is null or id > $2)
                            order by id limit $3",
                    company.0,
                    after,
                    limit,
                )
                .fetch_all(conn)
                .await
            }

            async fn select_one(
                conn: &mut PgConnection,
                company: CompanyId,
                id: Uuid,
            ) -> sqlx::Result<Option<Self>> {
                sqlx::query_as!(
                    $Row,
                    r#"select id as "id: _", name, archived_at, version, created_at"# + $reads
                        + " from " + $table + " where company_id = $1 and id = $2",
                    company.0,
                    id,
                )
                .fetch_optional(conn)
                .await
            }

            async fn lock_one(
                conn: &mut PgConnection,
                company: CompanyId,
                id: Uuid,
            ) -> sqlx::Result<Option<Self>> {
                sqlx::query_as!(
                    $Row,
                    r#"select id as "id: _", name, archived_at, version, created_at"# + $reads
                        + " from " + $table
                        + " where company_id = $1 and id = $2 for no key update",
                    company.0,
                    id,
                )
                .fetch_optional(conn)
                .await
            }

            async fn insert(
                self,
                conn: &mut PgConnection,
                company: CompanyId,
                now: DateTime<Utc>,
            ) -> sqlx::Result<Self> {
                let $row = self;
                sqlx::query_as!(
                    $Row,
                    "insert into " + $table
                        + " (company_id, id, created_at, updated_at, name, name_key, archived_at"
                        + $writes + ") values ($1, $2, $3, $3, $4, $5, $6" + $values + ")"
                        + r#" returning id as "id: _", name, archived_at, version, created_at"#
                        + $reads,
                    company.0,
                    $row.id.0,
                    now,
                    $row.name,
                    compute_key(&$row.name),
                    $row.archived_at,
                    $($value),*
                )
                .fetch_one(conn)
                .await
            }

            async fn update(
                self,
                conn: &mut PgConnection,
                company: CompanyId,
                now: DateTime<Utc>,
            ) -> sqlx::Result<Self> {
                let $row = self;
                sqlx::query_as!(
                    $Row,
                    "update " + $table
                        + " set (version, updated_at, name, name_key, archived_at" + $writes
                        + ") = row (version + 1, $3, $4, $5, $6" + $values
                        + ") where company_id = $1 and id = $2"
                        + r#" returning id as "id: _", name, archived_at, version, created_at"#
                        + $reads,
                    company.0,
                    $row.id.0,
                    now,
                    $row.name,
                    compute_key(&$row.name),
                    $row.archived_at,
                    $($value),*
                )
                .fetch_one(conn)
                .await
            }
        }
    };
}

reference_table!(Category in "categories", reads "", writes "" = "", |category| []);
reference_table!(
    Supplier in "suppliers",
    reads ", email, phone, lead_time_days",
    writes ", email, phone, lead_time_days" = ", $7, $8, $9",
    |supplier| [supplier.email, supplier.phone, supplier.lead_time_days]
);
reference_table!(
    Site in "sites",
    reads r#", kind as "kind: _""#,
    writes ", kind" = ", $7",
    |site| [site.kind as SiteKind]
);
