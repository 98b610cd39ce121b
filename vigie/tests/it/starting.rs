//! Starting: all problems are reported at once, and many processes may start side by side.

use std::process::{Output, Stdio};

use platform::ids::Uuid;
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use testing::TestDb;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use crate::support::{Role, System, command, eventually, run_alone};

async fn run_vigie(argument: &str, env: &[(&str, String)]) -> Output {
    command(argument, env)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

fn stderr_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_on_one_port_names_the_port_and_its_setting() {
    run_alone(async {
        let mut system = System::new().await;
        system.start(Role::All);
        system.until_ready(1).await;
        let second = run_vigie("all", &system.environment()).await;
        assert_eq!(second.status.code(), Some(1));
        let port = system.url().replace("http://", "");
        let message = stderr_text(&second);
        assert!(
            message.contains(&port) && message.contains("VIGIE_API_ADDR"),
            "{message}"
        );
        assert!(system.processes[0].is_running());

        let metrics = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = metrics.local_addr().unwrap().to_string();
        let mut env = system.environment();
        env.retain(|(key, _)| *key != "VIGIE_METRICS_ADDR");
        env.push(("VIGIE_METRICS_ADDR", taken.clone()));
        let message = stderr_text(&run_vigie("scheduler", &env).await);
        assert!(
            message.contains(&taken) && message.contains("VIGIE_METRICS_ADDR"),
            "{message}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_migrations_of_one_database_all_succeed() {
    run_alone(async {
        let test = TestDb::unmigrated().await;
        let (name, url) = process_role(&test);
        let env = [
            ("VIGIE_MIGRATION_URL", test.url().expose_secret().to_owned()),
            ("DATABASE_URL", url),
        ];
        let runs = futures::future::join_all((0..6).map(|_| run_vigie("migrate", &env))).await;
        for output in &runs {
            assert!(output.status.success(), "{}", stderr_text(output));
        }
        let applied = sqlx::query_scalar!("select count(*) from products")
            .fetch_one(&mut test.owner().await)
            .await;
        assert_eq!(applied.unwrap(), Some(0));
        drop_role(&test, &name).await;
    })
    .await;
}

/// Returns a role that doesn't exist yet, and the URL by which a process connects as it.
fn process_role(test: &TestDb) -> (String, String) {
    let name = format!("vigie_process_{}", Uuid::new_v4().simple());
    let mut url = Url::parse(test.url().expose_secret()).unwrap();
    url.set_username(&name).unwrap();
    url.set_password(Some("a p@ss/word")).unwrap();
    (name, url.into())
}

async fn drop_role(test: &TestDb, name: &str) {
    let dropped = format!("drop owned by {name}; drop role {name}");
    let mut owner = test.owner().await;
    owner.execute(AssertSqlSafe(dropped)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_connect_as_a_role_that_owns_nothing_and_reaches_nothing_by_itself() {
    run_alone(async {
        let mut system = System::new().await;
        let (name, url) = process_role(&system.db);
        let env = [
            (
                "VIGIE_MIGRATION_URL",
                system.db.url().expose_secret().to_owned(),
            ),
            ("DATABASE_URL", url.clone()),
        ];
        for _ in 0..2 {
            let output = run_vigie("migrate", &env).await;
            assert!(output.status.success(), "{}", stderr_text(&output));
        }
        system.process_url = Some(url.clone());
        for role in [Role::Worker, Role::Scheduler, Role::Api] {
            system.start(role);
        }
        system.until_ready(1).await;
        let client = system.register_company(1).await;
        client.get("/sales").await.expect(200);
        let mut process = PgConnection::connect(&url).await.unwrap();
        assert_eq!(count_owned(&mut process).await, 0);
        for statement in [
            "select from sales",
            "set role none; select from sales",
            "select from users",
            "select from jobs_open",
            "select from staging.sale_lines",
            "create table theirs ()",
            "alter table sales disable row level security",
            "set role pg_read_server_files",
        ] {
            let error = process.execute(statement).await.unwrap_err();
            let code = error.as_database_error().and_then(|error| error.code());
            assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
        }
        process.close().await.unwrap();
        for process in &mut system.processes {
            process.kill().await;
        }
        drop_role(&system.db, &name).await;
    })
    .await;
}

/// Returns how many tables, functions and schemas belong to the role of a connection.
async fn count_owned(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar!(
        r#"select (select count(*) from pg_class where relowner = session_user::regrole)
             + (select count(*) from pg_proc where proowner = session_user::regrole)
             + (select count(*) from pg_namespace where nspowner = session_user::regrole)
             as "owned!""#
    )
    .fetch_one(conn)
    .await
    .unwrap()
}

/// Runs a command of the administrator and returns whether it succeeded.
async fn run_admin(env: &[(&'static str, String)], args: &[&str], input: &str) -> bool {
    let mut command = command("admin", env);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A command that rejects its arguments does not read its input.
    let _ = process
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .await;
    process.wait_with_output().await.unwrap().status.success()
}

#[tokio::test]
async fn commands_of_the_administrator_are_recorded_in_the_audit_log() {
    let test = TestDb::new().await;
    let env = [
        ("DATABASE_URL", test.url().expose_secret().to_owned()),
        (
            "VIGIE_ENCRYPTION_KEYS",
            "a:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned(),
        ),
    ];
    let admin = async |args: &[&str], input: &str| run_admin(&env, args, input).await;
    let operator = ["operator", "add", "ops@vigie.example", "Ops"];
    let template = |sid| ["template", "set", "alert", "fr", sid];
    assert!(admin(&operator, "une-phrase-assez-longue").await);
    assert!(
        !admin(&operator, "une-phrase-assez-longue").await,
        "the address is taken"
    );
    assert!(admin(&["operator", "list"], "").await);
    let change = |act| ["operator", act, "ops@vigie.example"];
    assert!(admin(&change("disable"), "").await);
    assert!(admin(&change("password"), "une-autre-phrase").await);
    assert!(!admin(&change("password"), "court").await);
    assert!(admin(&change("second-factor"), "").await);
    assert!(admin(&change("enable"), "").await);
    assert!(admin(&change("sign-out"), "").await);
    assert!(!admin(&["operator", "disable", "nobody@vigie.example"], "").await);
    assert!(admin(&template("HX0123456789abcdef0123456789abcdef"), "").await);
    assert!(!admin(&template("HX1"), "").await);
    let acts =
        sqlx::query!("select action, actor_kind, subject_id, details from audit_log order by id")
            .fetch_all(&mut test.owner().await)
            .await
            .unwrap();
    let found: Vec<_> = acts
        .iter()
        .map(|act| (act.action.as_str(), act.actor_kind.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("operators.add", "command_line"),
            ("operators.disable", "command_line"),
            ("operators.change_password", "command_line"),
            ("operators.replace_second_factor", "command_line"),
            ("operators.enable", "command_line"),
            ("operators.sign_out", "command_line"),
            ("notifications.set_template", "command_line")
        ]
    );
    let id = sqlx::query_scalar!("select id from operators")
        .fetch_one(&mut test.owner().await)
        .await
        .unwrap();
    assert_eq!(acts[0].subject_id, Some(id));
    assert!(!acts[0].details.to_string().contains("phrase"));
}

#[tokio::test]
async fn all_problems_of_the_configuration_are_reported_at_once_without_secrets() {
    let env = [
        (
            "DATABASE_URL",
            "postgres://vigie:a-password@127.0.0.1:1/vigie".to_owned(),
        ),
        ("VIGIE_SIGNING_KEYS", "too-short-a-key".to_owned()),
        ("VIGIE_ENCRYPTION_KEYS", "a:not-a-key".to_owned()),
        ("VIGIE_HEARTBEAT_MS", "soon".to_owned()),
        ("VIGIE_PROVIDERS", "live".to_owned()),
        ("TWILIO_AUTH_TOKEN", "a-token".to_owned()),
    ];
    for role in ["all", "api", "worker", "scheduler"] {
        let output = run_vigie(role, &env).await;
        assert_eq!(output.status.code(), Some(1), "{role}");
        let message = stderr_text(&output);
        for key in [
            "REDIS_URL",
            "VIGIE_PUBLIC_URL",
            "VIGIE_SIGNING_KEYS",
            "VIGIE_ENCRYPTION_KEYS",
            "VIGIE_HEARTBEAT_MS",
            "VIGIE_BLOB_DIR",
            "TWILIO_ACCOUNT_SID",
            "STRIPE_WEBHOOK_SECRET",
        ] {
            assert!(
                message.contains(key),
                "{role} does not name {key}: {message}"
            );
        }
        for secret in ["a-password", "too-short-a-key", "not-a-key", "a-token"] {
            assert!(
                !message.contains(secret),
                "{role} prints {secret}: {message}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_ready_if_it_reads_the_files_of_the_api() {
    run_alone(async {
        let mut system = System::new().await;
        let env = system.environment();
        let before = run_vigie("ready", &env).await;
        assert_eq!(before.status.code(), Some(1));
        assert!(
            stderr_text(&before).contains("VIGIE_BLOB_DIR"),
            "{}",
            stderr_text(&before)
        );
        system.start(Role::Api);
        eventually("a worker is ready", async || {
            run_vigie("ready", &env)
                .await
                .status
                .success()
                .then_some(())
        })
        .await;
        let mut elsewhere = env;
        elsewhere.retain(|(key, _)| *key != "DATABASE_URL");
        elsewhere.push((
            "DATABASE_URL",
            "postgres://vigie:a-password@127.0.0.1:1/vigie".to_owned(),
        ));
        assert!(stderr_text(&run_vigie("ready", &elsewhere).await).contains("Postgres"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_database_is_reported_without_its_password() {
    run_alone(async {
        let system = System::new().await;
        let mut env = system.environment();
        env.retain(|(key, _)| *key != "DATABASE_URL");
        env.push((
            "DATABASE_URL",
            "postgres://vigie:a-password@127.0.0.1:1/vigie".to_owned(),
        ));
        let output = run_vigie("worker", &env).await;
        assert_eq!(output.status.code(), Some(1));
        let message = stderr_text(&output);
        assert!(
            message.contains("Postgres") && !message.contains("a-password"),
            "{message}"
        );
    })
    .await;
}
