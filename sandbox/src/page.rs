//! The page at `/`: WhatsApp messages as a phone shows them, and the e-mails. One file, nothing
//! from outside, and everything that was sent is put in as text or behind a sandboxed frame.

use axum::Router;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::state::Sandbox;

/// Nothing from outside, and nothing of a message's own but its text and styles.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
    connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'";

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/", get(page))
}

async fn page() -> impl IntoResponse {
    (
        [(CONTENT_SECURITY_POLICY, POLICY)],
        Html(include_str!("page.html")),
    )
}

/// Text made safe inside HTML, in content and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn the_page_asks_for_nothing_from_outside() {
        let page = include_str!("page.html");
        for loading in ["src=\"", "href=", "@import", "url(", "innerHTML"] {
            assert!(!page.contains(loading), "{loading}");
        }
    }

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(
            escape("<a b='c' d=\"e\">&"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"
        );
    }
}
