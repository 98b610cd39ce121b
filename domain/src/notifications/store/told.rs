//! What providers tell afterwards: applied by rank, so that late, repeated and disordered calls end
//! in the same state, and settling what a lost answer left open.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::{EffectId, MessageId, MessageState};
use crate::Result;

/// One word of a provider on one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub state: MessageState,
    pub provider_id: String,
    pub error_code: Option<String>,
    /// It failed because free text wasn't let through.
    pub window_closed: bool,
}

/// What a word changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Nothing: late, repeated, or not of this company.
    Nothing,
    Moved,
    /// Free text was refused: the message waits again, to go out by its approved template.
    SendAgain(MessageId),
}

/// Applies it. An effect that isn't the company's, or that has another id at the provider, changes
/// nothing.
///
/// # Errors
/// The database's.
pub async fn apply_told(conn: &mut PgConnection, effect: EffectId, told: &Told, now: DateTime<Utc>) -> Result<Applied> {
    let row = sqlx::query!(
        r#"select m.id as "id: MessageId", m.state as "state: MessageState", m.recipient, m.sent_as, e.provider_id,
             e.state as effect
           from effects e join messages m on m.company_id = e.company_id and m.id = e.message_id
           where e.id = $1 for update"#,
        effect.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(Applied::Nothing) };
    if row.provider_id.as_ref().is_some_and(|id| *id != told.provider_id) {
        return Ok(Applied::Nothing);
    }
    let waiting = matches!(row.state, MessageState::Queued | MessageState::Sent) && row.effect != "absent";
    if told.window_closed && waiting && row.sent_as.as_deref() == Some("text") {
        send_again(conn, row.id, effect, &told.provider_id, now).await?;
        super::forget_window(conn, &row.recipient).await?;
        return Ok(Applied::SendAgain(row.id));
    }
    confirm(conn, effect, &told.provider_id, now).await?;
    if !row.state.yields_to(told.state) {
        return Ok(Applied::Nothing);
    }
    sqlx::query!(
        "update messages set state = $2, provider_id = coalesce(provider_id, $3), error_code = coalesce($4, error_code),
           sent_at = coalesce(sent_at, $5),
           delivered_at = case when $2 in ('delivered', 'read') then coalesce(delivered_at, $5) else delivered_at end,
           read_at = case when $2 = 'read' then $5 else read_at end,
           ended_at = case when $2 in ('failed', 'undelivered', 'expired') then $5 end
         where id = $1",
        row.id.0,
        told.state.as_str(),
        told.provider_id,
        told.error_code,
        now,
    )
    .execute(conn)
    .await?;
    Ok(Applied::Moved)
}

/// The provider has it, whatever we thought; unless another try is live, which the index protects.
async fn confirm(conn: &mut PgConnection, effect: EffectId, provider_id: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update effects e set state = 'confirmed', provider_id = $2, settled_at = coalesce(settled_at, $3)
         where id = $1 and state <> 'confirmed'
           and not exists (select 1 from effects o where o.company_id = e.company_id and o.message_id = e.message_id
             and o.id <> e.id and o.state <> 'absent')",
        effect.0,
        provider_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn send_again(
    conn: &mut PgConnection,
    message: MessageId,
    effect: EffectId,
    provider_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with refused as (
           update effects set state = 'absent', provider_id = $3, settled_at = coalesce(settled_at, $4) where id = $2)
         update messages set state = 'queued', provider_id = null, sent_at = null where id = $1",
        message.0,
        effect.0,
        provider_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
