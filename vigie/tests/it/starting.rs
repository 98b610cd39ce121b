//! Starting: what is wrong is said at once and all together, and many may start side by side.

use std::process::{Output, Stdio};

use platform::testing::TestDb;
use secrecy::ExposeSecret as _;
use tokio::io::AsyncWriteExt as _;

use crate::support::{Role, System, command, eventually, guarded};

async fn run(argument: &str, env: &[(&str, String)]) -> Output {
    command(argument, env)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_on_one_port_names_the_port_and_what_to_set() {
    guarded(async {
        let mut system = System::new().await;
        system.start(Role::All);
        system.until_ready(1).await;
        let second = run("all", &system.environment()).await;
        assert_eq!(second.status.code(), Some(1));
        let port = system.url().replace("http://", "");
        let said = errors(&second);
        assert!(
            said.contains(&port) && said.contains("VIGIE_API_ADDR"),
            "{said}"
        );
        assert!(system.processes[0].runs());

        let metrics = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = metrics.local_addr().unwrap().to_string();
        let mut env = system.environment();
        env.retain(|(key, _)| *key != "VIGIE_METRICS_ADDR");
        env.push(("VIGIE_METRICS_ADDR", taken.clone()));
        let said = errors(&run("scheduler", &env).await);
        assert!(
            said.contains(&taken) && said.contains("VIGIE_METRICS_ADDR"),
            "{said}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_migrate_one_database_at_once_all_succeed() {
    guarded(async {
        let test = TestDb::unmigrated().await;
        let env = [("DATABASE_URL", test.url().expose_secret().to_owned())];
        let runs = futures::future::join_all((0..6).map(|_| run("migrate", &env))).await;
        for output in &runs {
            assert!(output.status.success(), "{}", errors(output));
        }
        let applied = sqlx::query_scalar!("select count(*) from products")
            .fetch_one(&mut test.owner().await)
            .await;
        assert_eq!(applied.unwrap(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn what_is_done_from_the_command_line_is_written_down_with_it() {
    let test = TestDb::new().await;
    let env = [("DATABASE_URL", test.url().expose_secret().to_owned())];
    let admin = async |args: &[&str], input: &str| {
        let mut command = command("admin", &env);
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // A command that refuses its arguments doesn't wait to hear more.
        let _ = process
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .await;
        process.wait_with_output().await.unwrap().status.success()
    };
    let operator = ["operator", "add", "ops@vigie.example", "Ops"];
    let template = |sid| ["template", "set", "alert", "fr", sid];
    assert!(admin(&operator, "une-phrase-assez-longue").await);
    assert!(
        !admin(&operator, "une-phrase-assez-longue").await,
        "there is one of that address"
    );
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
async fn all_that_is_wrong_with_the_configuration_is_said_at_once_and_no_secret_with_it() {
    let env = [
        (
            "DATABASE_URL",
            "postgres://vigie:a-password@127.0.0.1:1/vigie".to_owned(),
        ),
        ("VIGIE_SIGNING_KEY", "too-short-a-key".to_owned()),
        ("VIGIE_ENCRYPTION_KEYS", "a:not-a-key".to_owned()),
        ("VIGIE_HEARTBEAT_MS", "soon".to_owned()),
        ("VIGIE_PROVIDERS", "live".to_owned()),
        ("TWILIO_AUTH_TOKEN", "a-token".to_owned()),
    ];
    for role in ["all", "api", "worker", "scheduler"] {
        let output = run(role, &env).await;
        assert_eq!(output.status.code(), Some(1), "{role}");
        let said = errors(&output);
        for key in [
            "REDIS_URL",
            "VIGIE_PUBLIC_URL",
            "VIGIE_SIGNING_KEY",
            "VIGIE_ENCRYPTION_KEYS",
            "VIGIE_HEARTBEAT_MS",
            "VIGIE_BLOB_DIR",
            "TWILIO_ACCOUNT_SID",
            "STRIPE_WEBHOOK_SECRET",
        ] {
            assert!(said.contains(key), "{role} doesn't name {key}: {said}");
        }
        for secret in ["a-password", "too-short-a-key", "not-a-key", "a-token"] {
            assert!(!said.contains(secret), "{role} prints {secret}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_ready_where_it_sees_the_files_of_the_api() {
    guarded(async {
        let mut system = System::new().await;
        let env = system.environment();
        let before = run("ready", &env).await;
        assert_eq!(before.status.code(), Some(1));
        assert!(
            errors(&before).contains("VIGIE_BLOB_DIR"),
            "{}",
            errors(&before)
        );
        system.start(Role::Api);
        eventually("a worker is ready", async || {
            run("ready", &env).await.status.success().then_some(())
        })
        .await;
        let mut elsewhere = env;
        elsewhere.retain(|(key, _)| *key != "DATABASE_URL");
        elsewhere.push((
            "DATABASE_URL",
            "postgres://vigie:a-password@127.0.0.1:1/vigie".to_owned(),
        ));
        assert!(errors(&run("ready", &elsewhere).await).contains("Postgres"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_named_without_its_password() {
    guarded(async {
        let system = System::new().await;
        let mut env = system.environment();
        env.retain(|(key, _)| *key != "DATABASE_URL");
        env.push((
            "DATABASE_URL",
            "postgres://vigie:a-password@127.0.0.1:1/vigie".to_owned(),
        ));
        let output = run("worker", &env).await;
        assert_eq!(output.status.code(), Some(1));
        let said = errors(&output);
        assert!(
            said.contains("Postgres") && !said.contains("a-password"),
            "{said}"
        );
    })
    .await;
}
