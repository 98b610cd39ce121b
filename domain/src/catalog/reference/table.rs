//! What the generic functions of the store need from each table; the store implements it.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

/// The statements on the table of one kind of reference.
pub trait ReferenceTable: Sized + Send + Sync {
    /// The constraint that keeps names unique in a company.
    const NAME_KEY: &'static str;

    fn select_page(
        conn: &mut PgConnection,
        company: CompanyId,
        after: Option<Uuid>,
        limit: i64,
    ) -> impl Future<Output = sqlx::Result<Vec<Self>>> + Send;

    fn select_one(
        conn: &mut PgConnection,
        company: CompanyId,
        id: Uuid,
    ) -> impl Future<Output = sqlx::Result<Option<Self>>> + Send;

    /// Selects the row and locks it to the end of the transaction.
    fn lock_one(
        conn: &mut PgConnection,
        company: CompanyId,
        id: Uuid,
    ) -> impl Future<Output = sqlx::Result<Option<Self>>> + Send;

    fn insert(
        self,
        conn: &mut PgConnection,
        company: CompanyId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = sqlx::Result<Self>> + Send;

    /// Writes every column and increments the version.
    fn update(
        self,
        conn: &mut PgConnection,
        company: CompanyId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = sqlx::Result<Self>> + Send;
}
