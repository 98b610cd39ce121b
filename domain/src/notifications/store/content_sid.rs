//! The approved WhatsApp templates of the platform's sender.

use sqlx::PgConnection;

use super::super::Template;
use crate::identity::Language;
use crate::{Error, Result};

pub async fn find_content_sid(
    conn: &mut PgConnection,
    template: Template,
    language: Language,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select content_sid from whatsapp_templates where template = $1 and language = $2",
        template.as_str(),
        language as Language,
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets the approved template for one of our templates in one language. Requires the role that owns
/// the tables.
///
/// # Errors
/// `Invalid` for a sid that isn't in Twilio's form.
pub async fn set_content_sid(
    conn: &mut PgConnection,
    template: Template,
    language: Language,
    content_sid: &str,
) -> Result<()> {
    let digits = content_sid.strip_prefix("HX").unwrap_or_default();
    if digits.len() != 32
        || !digits
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Err(Error::invalid(
            "content_sid",
            "invalid",
            "must be HX and 32 hexadecimal digits",
        ));
    }
    sqlx::query!(
        "insert into whatsapp_templates (template, language, content_sid) values ($1, $2, $3)
         on conflict (template, language) do update set content_sid = excluded.content_sid",
        template.as_str(),
        language as Language,
        content_sid,
    )
    .execute(conn)
    .await?;
    Ok(())
}
