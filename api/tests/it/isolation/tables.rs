//! Invariants of every table, read from Postgres' catalogue.

use std::collections::BTreeSet;

use crate::app::TestApp;

/// Tables without the companies' policy, each with its reason.
const WITHOUT_COMPANY: &[(&str, &str)] = &[
    (
        "_sqlx_migrations",
        "which migrations ran; nobody but the owner reads it",
    ),
    (
        "companies",
        "is its own key: policies by id and by membership",
    ),
    (
        "users",
        "one person may be of several companies: policies by oneself and by shared company",
    ),
    (
        "sessions",
        "a person's, before a company is chosen: policy by user",
    ),
    ("refresh_tokens", "a person's, as sessions"),
    ("password_resets", "a person's, as sessions"),
    (
        "registrations",
        "before the account exists; reached through functions only",
    ),
    (
        "operators",
        "people of the platform; reached through two functions only",
    ),
    (
        "operator_sessions",
        "as operators; reached through three functions only",
    ),
    (
        "login_attempts",
        "counted before anybody is known; reached through two functions only",
    ),
    ("plans", "the platform's price list, the same for all"),
    (
        "webhook_events",
        "as a provider sent it; a platform job finds the company",
    ),
    (
        "whatsapp_templates",
        "the platform's own approved templates, the same for all",
    ),
    (
        "sender_pauses",
        "the platform's own senders, the same for all",
    ),
    (
        "ad_limits",
        "Meta's limits of the platform's app and of tokens, by connection",
    ),
    (
        "inbound_messages",
        "which messages to the platform's number were seen; reached through one function only",
    ),
    ("engine_clock", "one row, no company"),
    ("workers", "the engine's processes"),
    ("leases", "the engine's leaders"),
    ("schedules", "the platform's timers"),
    ("schedule_ticks", "the platform's timers"),
];

#[tokio::test]
async fn every_company_table_is_behind_row_level_security() {
    let app = TestApp::start().await;
    let tables = sqlx::query!(
        r#"select c.relname::text as "name!", c.relrowsecurity as "secured!",
                  exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id'
                          and not a.attisdropped) as "has_company!",
                  exists (select from pg_policy p where p.polrelid = c.oid
                          and 'vigie_app'::regrole = any (p.polroles)
                          and pg_get_expr(p.polqual, p.polrelid) like '%current_company_id()%') as "by_company!"
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('public', 'staging') and c.relkind in ('r', 'p')
             and not c.relispartition
           order by 1"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    let excepted: BTreeSet<_> = WITHOUT_COMPANY.iter().map(|(name, _)| *name).collect();
    for table in &tables {
        let name = table.name.as_str();
        if table.has_company {
            assert!(
                table.secured && table.by_company,
                "{name} has a company column and no company policy"
            );
            assert!(
                !excepted.contains(name),
                "{name} has a company column: no exception"
            );
        } else {
            assert!(
                excepted.contains(name),
                "{name} holds no company: say why in WITHOUT_COMPANY"
            );
        }
    }
    let known: BTreeSet<_> = tables.iter().map(|table| table.name.as_str()).collect();
    let gone: Vec<_> = excepted.difference(&known).collect();
    assert!(gone.is_empty(), "exceptions without a table: {gone:?}");
}

#[tokio::test]
async fn every_key_between_company_tables_holds_the_company() {
    let app = TestApp::start().await;
    let loose: Vec<String> = sqlx::query_scalar!(
        r#"with company_tables as (
             select attrelid, attnum from pg_attribute where attname = 'company_id' and not attisdropped
           )
           select format('%s on %s', k.conname, k.conrelid::regclass) as "key!"
           from pg_constraint k
           join company_tables child on child.attrelid = k.conrelid
           join company_tables parent on parent.attrelid = k.confrelid
           where k.contype = 'f' and k.conparentid = 0
             and not exists (
               select from unnest(k.conkey, k.confkey) as pair (child_column, parent_column)
               where pair.child_column = child.attnum and pair.parent_column = parent.attnum)"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert!(
        loose.is_empty(),
        "a row of one company could point at another's: {loose:?}"
    );
}

#[tokio::test]
async fn the_application_role_owns_nothing_and_bypasses_no_policy() {
    let app = TestApp::start().await;
    let powers = sqlx::query!(
        r#"select r.rolname::text as "role!", r.rolsuper or r.rolbypassrls or r.rolcreaterole as "powerful!",
                  exists (select from pg_class c where c.relowner = r.oid) as "owns!"
           from pg_roles r where r.rolname in ('vigie_app', 'vigie_engine')"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert_eq!(powers.len(), 2);
    for role in powers {
        assert!(
            !role.powerful && !role.owns,
            "{} is more than it should be",
            role.role
        );
    }
    let as_whom: String = sqlx::query_scalar!("select current_user::text as \"name!\"")
        .fetch_one(app.db.db.app())
        .await
        .unwrap();
    assert_eq!(as_whom, "vigie_app");
}

/// The functions that run as the owner of the tables, each with the only role that may call it.
#[tokio::test]
async fn every_security_definer_function_is_closed_to_the_public_and_pins_its_path() {
    let app = TestApp::start().await;
    let open: Vec<String> = sqlx::query_scalar!(
        r#"select p.oid::regprocedure::text as "name!"
           from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname in ('public', 'staging') and p.prosecdef
             and (p.proacl is null
                  or exists (select from aclexplode(p.proacl) grants where grants.grantee = 0)
                  or not exists (select from unnest(p.proconfig) setting where setting like 'search_path=%'))"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn without_a_company_the_application_role_sees_no_row_and_no_password() {
    let app = TestApp::start().await;
    app.with_company().await;
    let mut conn = app.db.db.app().acquire().await.unwrap();
    let seen = sqlx::query_scalar!(
        r#"select (select count(*) from companies) + (select count(*) from users) + (select count(*) from memberships)
                  + (select count(*) from sessions) + (select count(*) from alert_rules) as "seen!""#
    )
    .fetch_one(&mut *conn)
    .await
    .unwrap();
    assert_eq!(seen, 0);
    let hashes = sqlx::query_scalar!("select password_hash from users")
        .fetch_all(&mut *conn)
        .await;
    assert!(
        hashes
            .unwrap_err()
            .to_string()
            .contains("permission denied")
    );
}
