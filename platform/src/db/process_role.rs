//! The role that processes connect as. It owns nothing and inherits nothing: without the role that
//! each connection takes, it reaches no table.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Any number that no other lock of the database has.
const ROLE_LOCK: i64 = 0x7669_6769_6501;

/// Creates the login role `name`, or sets the password of the one that exists. Requires the right
/// to create roles, and both roles of the migrations. Returns `false`, and changes nothing, where
/// the role has other powers, which only its administrator can take away.
pub async fn require_process_role(
    owner: &mut PgConnection,
    name: &str,
    password: Option<&str>,
) -> sqlx::Result<bool> {
    let mut tx = owner.begin().await?;
    // Several migrations may run at once, and Postgres rejects a concurrent change of one role.
    sqlx::query!("select pg_advisory_xact_lock($1)", ROLE_LOCK)
        .fetch_one(&mut *tx)
        .await?;
    let statements = sqlx::query_scalar!(
        r#"select format(text, $1::text, $2::text) as "statement!"
           from unnest(array[
             'do $make$ begin create role %1$I login noinherit; '
               'exception when duplicate_object or unique_violation then null; end $make$',
             'alter role %1$I login noinherit',
             case when $2::text is not null then 'alter role %1$I password %2$L' end,
             'grant vigie_app, vigie_engine to %1$I'
           ]) with ordinality as step (text, position)
           where text is not null
           order by position"#,
        name,
        password,
    )
    .fetch_all(&mut *tx)
    .await?;
    for statement in statements {
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    let is_powerless = sqlx::query_scalar!(
        r#"select not (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb)
             and not exists (
               select from pg_auth_members m join pg_roles o on o.oid = m.roleid
               where m.member = r.oid and o.rolname not in ('vigie_app', 'vigie_engine'))
             as "is_powerless!"
           from pg_roles r where r.rolname = $1"#,
        name
    )
    .fetch_one(&mut *tx)
    .await?;
    if is_powerless {
        tx.commit().await?;
    }
    Ok(is_powerless)
}
