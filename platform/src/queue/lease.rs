//! Leadership by lease: renewed each second, expired after three, by the database's clock. Every
//! act of a leader is idempotent, so two leaders for a moment are harmless.

use std::time::Duration;

use sqlx::PgPool;

use crate::ids::Uuid;

pub const RENEW_EVERY: Duration = Duration::from_secs(1);
const LEASE_TIME: Duration = Duration::from_secs(3);

/// Acquires or renews the lease of `role` for `holder`. Returns whether `holder` has it.
pub async fn acquire_lease(pool: &PgPool, role: &str, holder: Uuid) -> sqlx::Result<bool> {
    let held = sqlx::query_scalar!(
        "insert into leases (role, holder, until)
         values ($1, $2, statement_timestamp() + make_interval(secs => $3))
         on conflict (role) do update set holder = excluded.holder, until = excluded.until
         where leases.holder = excluded.holder or leases.until <= statement_timestamp()
         returning role",
        role,
        holder,
        LEASE_TIME.as_secs_f64(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(held.is_some())
}

/// Releases the lease of `role`, so that the next holder needn't wait. The row stays: it shows when
/// the role was last held.
pub async fn release_lease(pool: &PgPool, role: &str, holder: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "update leases set until = statement_timestamp() where role = $1 and holder = $2",
        role,
        holder,
    )
    .execute(pool)
    .await?;
    Ok(())
}
