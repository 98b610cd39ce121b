//! The page at `/`: WhatsApp messages as a phone shows them, and the e-mails. It is one file
//! without external resources. Messages are inserted as text or in a sandboxed frame.

use axum::Router;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::state::Sandbox;

/// Blocks external resources, and everything of a message except its text and styles.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
    connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'";

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/", get(show_page))
}

async fn show_page() -> impl IntoResponse {
    (
        [(CONTENT_SECURITY_POLICY, POLICY)],
        Html(include_str!("page.html")),
    )
}

/// Escapes text for HTML content and for quoted attributes.
pub(crate) fn escape_html(text: &str) -> String {
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
    use super::escape_html;

    #[test]
    fn the_page_loads_no_external_resource() {
        let page = include_str!("page.html");
        for loading in ["src=\"", "href=", "@import", "url(", "innerHTML"] {
            assert!(!page.contains(loading), "{loading}");
        }
    }

    #[test]
    fn escaped_text_contains_no_markup() {
        assert_eq!(
            escape_html("<a b='c' d=\"e\">&"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"
        );
    }
}
