//! Looks at everything from outside, at rest: each job ended once, each notice is one message, each
//! message is one at the provider.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use platform::ids::Uuid;
use serde_json::Value;
use sqlx::PgConnection;

use super::{System, eventually, look};

/// One message at the provider.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) channel: String,
    pub(crate) to: String,
    /// Of our ledger.
    pub(crate) effect: Uuid,
}

impl Sent {
    /// Both channels carry the effect: a callback's address, an e-mail's reference.
    fn read(item: &Value) -> Self {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let mark = if item["channel"] == "whatsapp" {
            text("status_callback")
        } else {
            text("reference")
        };
        let effect = mark
            .rsplit(['=', ':'])
            .next()
            .unwrap()
            .parse()
            .unwrap_or_else(|_| panic!("no effect: {item}"));
        Self {
            channel: text("channel"),
            to: text("to"),
            effect,
        }
    }
}

impl System {
    /// Everything at the providers.
    pub(crate) async fn sent_messages(&self) -> Vec<Sent> {
        self.sent().await.iter().map(Sent::read).collect()
    }

    /// Returns once no job is due or running.
    pub(crate) async fn until_idle(&self) {
        let mut conn = self.db.owner().await;
        eventually("no job is due", async || {
            (open_jobs(&mut conn).await == 0).then_some(())
        })
        .await;
    }

    /// Returns once no job is left but those that are retried by a person. Moves the clock to where the
    /// next one is due while nothing runs: a call that may still arrive is never taken for lost.
    pub(crate) async fn until_all_is_done(&self) {
        let mut conn = self.db.owner().await;
        let mut moved = 0.0;
        loop {
            self.until_idle().await;
            let next = sqlx::query_scalar!(
                r#"select extract(epoch from min(run_at) - engine_now())::float8 from jobs_open"#,
            )
            .fetch_one(&mut conn)
            .await
            .unwrap();
            let Some(seconds) = next else { return };
            let seconds = seconds.max(0.0) + 0.01;
            moved += seconds;
            // The sandbox's clock stays where it is, and a search allows for five minutes.
            assert!(
                moved < 240.0,
                "jobs keep coming back: {:?}",
                errors(&mut conn).await
            );
            self.db.advance(Duration::from_secs_f64(seconds)).await;
        }
    }

    /// Jobs that ended otherwise than well, with their reason.
    pub(crate) async fn failed_jobs(&self) -> Vec<(Uuid, String, String, String)> {
        let rows = sqlx::query!(
            r#"select id, kind, state::text as "state!", error from jobs_finished
                   where state <> 'succeeded'"#
        )
        .fetch_all(&mut self.db.owner().await)
        .await
        .unwrap();
        rows.into_iter()
            .map(|row| (row.id, row.kind, row.state, row.error.unwrap_or_default()))
            .collect()
    }

    /// How many tries of jobs of this kind died with their worker.
    pub(crate) async fn crashes(&self, kind: &str) -> usize {
        let statement = format!(
            "select a.class from job_attempts a join job_bodies b on b.id = a.job_id
             where b.kind = '{kind}' and a.class = 'crash'"
        );
        look(&mut self.db.owner().await, &statement).await.len()
    }
}

async fn open_jobs(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs_open where state = 'running' or run_at <= (select engine_now())"#,
    )
    .fetch_one(conn)
    .await
    .unwrap()
}

async fn errors(conn: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar!("select error from job_attempts order by finished_at desc limit 10")
        .fetch_all(conn)
        .await
        .unwrap()
}

/// # Panics
/// Names what was lost or done twice.
pub(crate) async fn expect_nothing_lost_or_doubled(system: &System) {
    let mut conn = system.db.owner().await;
    // Whatever the hour, a schedule may have fired just now.
    eventually("every job has ended", async || {
        let open = sqlx::query_scalar!("select count(*) from jobs_open")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        (open == Some(0)).then_some(())
    })
    .await;
    let unended = sqlx::query_scalar!(
        r#"select b.kind from job_bodies b left join jobs_finished f on f.id = b.id where f.id is null"#,
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert!(unended.is_empty(), "jobs without an end: {unended:?}");
    let failed = system.failed_jobs().await;
    assert!(failed.is_empty(), "jobs ended badly: {failed:?}");
    expect_each_message_once(system, &mut conn).await;
}

/// # Panics
/// Unless the first company's owner was told of exactly these kinds of alert and causes, once on each address.
pub(crate) async fn expect_told(system: &System, expected: &[(&str, &str)]) {
    let rows = sqlx::query!(
        "select a.kind, n.cause, n.channel, n.recipient from notifications n join alerts a on a.id = n.alert_id
         order by a.kind, n.cause, n.channel",
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|r| {
            (
                r.kind.as_str(),
                r.cause.as_str(),
                r.channel.as_str(),
                r.recipient.as_str(),
            )
        })
        .collect();
    let mut wanted: Vec<_> = expected
        .iter()
        .flat_map(|(kind, cause)| {
            [
                (*kind, *cause, "email", "owner1@example.sn"),
                (*kind, *cause, "whatsapp", "+221771000001"),
            ]
        })
        .collect();
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    expect_nothing_lost_or_doubled(system).await;
}

async fn expect_each_message_once(system: &System, conn: &mut PgConnection) {
    let notices = sqlx::query!(
        "select n.alert_id, n.recipient, n.channel, n.cause, n.revision, n.message_id, m.state
         from notifications n join messages m on m.id = n.message_id",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let messages = sqlx::query_scalar!(r#"select count(*) as "count!" from messages"#)
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    let told: BTreeSet<_> = notices
        .iter()
        .map(|n| (n.alert_id, &n.recipient, &n.channel, &n.cause, n.revision))
        .collect();
    assert_eq!(
        (told.len(), notices.len()),
        (messages as usize, messages as usize),
        "a message without its notice"
    );
    let unsent: Vec<_> = notices
        .iter()
        .filter(|n| !matches!(n.state.as_str(), "sent" | "delivered" | "read"))
        .map(|n| &n.state)
        .collect();
    assert!(unsent.is_empty(), "messages not sent: {unsent:?}");

    let effects = sqlx::query!("select id, message_id from effects")
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    let message_of: BTreeMap<_, _> = effects
        .into_iter()
        .map(|effect| (effect.id, effect.message_id))
        .collect();
    let mut copies: BTreeMap<Uuid, Vec<Sent>> = BTreeMap::new();
    for sent in system.sent_messages().await {
        let message = message_of
            .get(&sent.effect)
            .unwrap_or_else(|| panic!("not of our ledger: {sent:?}"));
        copies.entry(*message).or_default().push(sent);
    }
    let doubled: Vec<_> = copies.values().filter(|sent| sent.len() > 1).collect();
    assert!(doubled.is_empty(), "sent more than once: {doubled:?}");
    assert_eq!(
        copies.len(),
        notices.len(),
        "messages that the provider never had"
    );
    for notice in &notices {
        let sent = &copies[&notice.message_id][0];
        assert_eq!(
            (&sent.channel, &sent.to),
            (&notice.channel, &notice.recipient)
        );
    }
}
