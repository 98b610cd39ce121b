//! Who may call which route: every cell is tried, and the table in `docs/roles.md` says the same.
//! `VIGIE_WRITE_TABLES=1 cargo xtask test -E 'test(role_table)'` writes the file.

use std::fmt::Write as _;
use std::path::Path;

use domain::identity::Role;
use serde_json::json;

use crate::app::{Client, TestApp};
use crate::isolation::{WITHOUT_COMPANY, acts_in_a_company};
use crate::routes::{self, Route};

const ROLES: [Role; 5] = [
    Role::Viewer,
    Role::Member,
    Role::Manager,
    Role::Admin,
    Role::Owner,
];

const TITLE: &str = "# Who may call which route\n\n\
    A table that a test writes, and compares with what the API does: each route is called by each \
    role.\n`key` is the scope that an API key needs beside its role; `people` means that no key \
    may.\n\
    `POST /jobs` depends on the kind of job, which names its own role. Everybody may leave a\n\
    company; removing somebody else takes an admin.\n\n\
    | route | viewer | member | manager | admin | owner | key |\n|---|---|---|---|---|---|---|\n";

fn path_of(route: &Route, caller: &Client<'_>) -> String {
    let in_company = route.template.starts_with("/companies/");
    route.path(|name| match (name, in_company) {
        ("id", true) => caller.company().to_string(),
        _ => "0190c6a2-0000-7000-8000-000000000000".to_owned(),
    })
}

async fn call(caller: &Client<'_>, route: &Route) -> (u16, String) {
    let path = path_of(route, caller);
    let answer = caller.send(route.method, &path, Some(json!({})), &[]).await;
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    (answer.status.as_u16(), detail.to_owned())
}

/// Returns the scope that a key needs, which its refusal names.
async fn find_scope(key: &Client<'_>, route: &Route) -> String {
    let (status, detail) = call(key, route).await;
    match detail.strip_prefix("the API key lacks the scope ") {
        Some(rest) => rest.split(": ").next().unwrap_or_default().to_owned(),
        None if status == 403 => "people".to_owned(),
        None => "catalog:read".to_owned(),
    }
}

#[tokio::test]
async fn the_table_of_roles_is_what_the_routes_do() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let key = json!({"name": "Caisse", "role": "admin", "scopes": ["catalog:read"]});
    let created = owner.post("/api-keys", key).await.expect(201);
    let key = owner.with_token(created["key"].as_str().unwrap());
    let mut callers = Vec::new();
    for role in ROLES {
        callers.push(owner.with_user(role).await);
    }
    let nobody = owner.with_token("");
    let mut table = TITLE.to_owned();
    let is_ours = |route: &&Route| acts_in_a_company(route) && route.template != "/";
    for route in routes::list_routes().iter().filter(is_ours) {
        let name = format!("{} {}", route.method, route.template);
        assert_eq!(call(&nobody, route).await.0, 401, "{name}");
        let _ = write!(table, "| `{name}` |");
        let mut may_before = false;
        for (caller, role) in callers.iter().zip(ROLES) {
            let (status, detail) = call(caller, route).await;
            let may = status != 403;
            assert!(
                may || detail.starts_with("needs the role"),
                "{name}: {detail}"
            );
            assert!(
                may || !may_before,
                "{name}: {} may not, a lower role may",
                role.as_str()
            );
            may_before = may;
            table += if may { " yes |" } else { " |" };
        }
        let _ = writeln!(table, " {} |", find_scope(&key, route).await);
    }
    // What the routes enqueued.
    app.run_jobs().await;
    table += "\nOutside of a company:\n\n| routes | who |\n|---|---|\n";
    for (prefix, reason) in WITHOUT_COMPANY {
        let _ = writeln!(table, "| `{prefix}` | {reason} |");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/roles.md");
    if std::env::var_os("VIGIE_WRITE_TABLES").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == table, "docs/roles.md is stale:\n{table}");
}
