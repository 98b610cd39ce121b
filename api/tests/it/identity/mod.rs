//! Registrations, companies, their members, invitations, password resets and API keys.

mod api_keys;
mod companies;
mod invitations;
mod key_scopes;
mod lockout;
mod password_resets;
mod registration;
mod takeover;

use crate::app::TestApp;

/// The secret at the end of the link in the last message to an address.
pub(crate) async fn mailed_token(app: &TestApp, email: &str) -> String {
    let messages = app.list_messages_to(email).await;
    let text = messages.last().expect("a message was sent").to_string();
    let after = text.split('#').nth(1).expect("the message holds a link");
    after
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect()
}
