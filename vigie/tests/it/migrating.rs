//! `vigie migrate` on a database that another release migrated.

use secrecy::ExposeSecret as _;
use sqlx::Executor as _;
use testing::TestDb;

use crate::support::command;

#[tokio::test]
async fn a_database_of_another_layout_is_left_unchanged_and_the_message_says_what_to_do() {
    let test = TestDb::new().await;
    let mut owner = test.owner().await;
    for change in [
        "update _sqlx_migrations set checksum = '\\x00' where version = 1",
        "update _sqlx_migrations set version = 99 where version = 1",
    ] {
        owner.execute(change).await.unwrap();
        let env = [("DATABASE_URL", test.url().expose_secret().to_owned())];
        let output = command("migrate", &env).output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{errors}");
        assert!(errors.contains("use an empty database"), "{errors}");
    }
}
