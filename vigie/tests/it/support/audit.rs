//! Assertions on the system at rest: each job has finished once, each notice is one message, each
//! message reached its provider once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use platform::ids::Uuid;
use serde_json::Value;
use sqlx::PgConnection;

use super::{System, eventually, select_texts};

/// One message that a provider received.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) channel: String,
    pub(crate) to: String,
    /// The effect in our ledger.
    pub(crate) effect: Uuid,
}

impl Sent {
    /// Parses the effect from the callback URL of WhatsApp or from the reference of an e-mail.
    fn from_item(item: &Value) -> Self {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let reference = if item["channel"] == "whatsapp" {
            text("status_callback")
        } else {
            text("reference")
        };
        let effect = reference
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
    /// Returns all messages that the providers received.
    pub(crate) async fn sent_messages(&self) -> Vec<Sent> {
        self.sent_items()
            .await
            .iter()
            .map(Sent::from_item)
            .collect()
    }

    /// Returns when no job is due or running.
    pub(crate) async fn until_idle(&self) {
        let mut conn = self.db.owner().await;
        eventually("no job is due", async || {
            (count_due_jobs(&mut conn).await == 0).then_some(())
        })
        .await;
    }

    /// Returns when every job is finished or parked. While nothing runs, moves the clock to the
    /// next due job, so that a call which may still arrive is never taken for lost.
    pub(crate) async fn until_all_finished(&self) {
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
            // The sandbox's own clock does not move, and a search tolerates five minutes.
            assert!(
                moved < 240.0,
                "jobs are retried for ever: {:?}",
                recent_errors(&mut conn).await
            );
            self.db.advance(Duration::from_secs_f64(seconds)).await;
        }
    }

    /// Returns the jobs that did not succeed, with their error.
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

    /// Counts the attempts of this kind whose worker was lost.
    pub(crate) async fn count_crashes(&self, kind: &str) -> usize {
        let statement = format!(
            "select a.class from job_attempts a join job_bodies b on b.id = a.job_id
             where b.kind = '{kind}' and a.class = 'crash'"
        );
        select_texts(&mut self.db.owner().await, &statement)
            .await
            .len()
    }
}

async fn count_due_jobs(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from jobs_open where state = 'running' or run_at <= (select engine_now())"#,
    )
    .fetch_one(conn)
    .await
    .unwrap()
}

async fn recent_errors(conn: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar!("select error from job_attempts order by finished_at desc limit 10")
        .fetch_all(conn)
        .await
        .unwrap()
}

/// Panics with what was lost or happened twice.
pub(crate) async fn expect_nothing_lost_or_doubled(system: &System) {
    let mut conn = system.db.owner().await;
    // At any hour a schedule may have fired just now.
    eventually("every job is finished", async || {
        let open = sqlx::query_scalar!("select count(*) from jobs_open")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        (open == Some(0)).then_some(())
    })
    .await;
    let lost = sqlx::query_scalar!(
        r#"select b.kind from job_bodies b left
           join jobs_finished f on f.id = b.id where f.id is null"#,
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert!(lost.is_empty(), "jobs without an outcome: {lost:?}");
    let failed = system.failed_jobs().await;
    assert!(failed.is_empty(), "jobs failed: {failed:?}");
    expect_each_message_once(system, &mut conn).await;
}

/// Panics unless the first company's owner was notified of exactly these kinds of alert and causes,
/// once on each address.
pub(crate) async fn expect_notified(system: &System, expected: &[(&str, &str)]) {
    let rows = sqlx::query!(
        "select a.kind, n.cause, n.channel, n.recipient
           from notifications n join alerts a on a.id = n.alert_id
         order by a.kind, n.cause, n.channel",
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    let notified: Vec<_> = rows
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
    assert_eq!(notified, wanted);
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
    let notified: BTreeSet<_> = notices
        .iter()
        .map(|n| (n.alert_id, &n.recipient, &n.channel, &n.cause, n.revision))
        .collect();
    assert_eq!(
        (notified.len(), notices.len()),
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
            .unwrap_or_else(|| panic!("not in our ledger: {sent:?}"));
        copies.entry(*message).or_default().push(sent);
    }
    let doubled: Vec<_> = copies.values().filter(|sent| sent.len() > 1).collect();
    assert!(doubled.is_empty(), "sent more than once: {doubled:?}");
    assert_eq!(
        copies.len(),
        notices.len(),
        "messages that no provider received"
    );
    for notice in &notices {
        let sent = &copies[&notice.message_id][0];
        assert_eq!(
            (&sent.channel, &sent.to),
            (&notice.channel, &notice.recipient)
        );
    }
}
