//! Who leads. Held by renewal each second, taken over three seconds after the last one, by the
//! database's clock. Every leader's act is idempotent: two for a moment are harmless.

use std::time::Duration;

use sqlx::PgPool;

use crate::ids::Uuid;

pub const RENEW_EVERY: Duration = Duration::from_secs(1);
const LASTS: Duration = Duration::from_secs(3);

/// Takes or renews `role` for `holder`; whether it holds it now.
///
/// # Errors
/// The database's.
pub async fn hold(pool: &PgPool, role: &str, holder: Uuid) -> sqlx::Result<bool> {
    let held = sqlx::query_scalar!(
        "insert into leases (role, holder, until)
         values ($1, $2, statement_timestamp() + make_interval(secs => $3))
         on conflict (role) do update set holder = excluded.holder, until = excluded.until
         where leases.holder = excluded.holder or leases.until <= statement_timestamp()
         returning role",
        role,
        holder,
        LASTS.as_secs_f64(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(held.is_some())
}

/// Gives `role` up, so that the next holder needn't wait. The row stays: it tells when the role was last held.
///
/// # Errors
/// The database's.
pub async fn release(pool: &PgPool, role: &str, holder: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "update leases set until = statement_timestamp() where role = $1 and holder = $2",
        role,
        holder,
    )
    .execute(pool)
    .await?;
    Ok(())
}
