//! The trace context of the current task: the request id that people search for, and the W3C
//! `traceparent` that tools link by. The HTTP layer and the job runner set it; enqueueing reads it.

use std::future::Future;

use uuid::Uuid;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A request id and its trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceContext {
    pub request_id: Option<String>,
    /// `00-<32 hex trace>-<16 hex span>-01`.
    pub traceparent: Option<String>,
}

impl TraceContext {
    /// Returns the context of the current task; empty outside of requests and jobs.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Builds a request's context. It continues the client's trace if the header is well-formed,
    /// and starts a new one otherwise.
    pub fn of_request(request_id: String, traceparent: Option<&str>) -> Self {
        Self {
            request_id: Some(request_id),
            traceparent: Some(derive_child(traceparent)),
        }
    }

    /// Builds a job's context, a child of the request or job that enqueued it.
    pub(crate) fn of_job(request_id: Option<String>, traceparent: Option<&str>) -> Self {
        Self {
            request_id,
            traceparent: Some(derive_child(traceparent)),
        }
    }

    /// Returns the trace id of `traceparent`, which a request shares with every job it causes.
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref().and_then(parse_trace_id)
    }

    /// Runs `future` in this context.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}

fn derive_child(parent: Option<&str>) -> String {
    let random = Uuid::new_v4().simple().to_string();
    let trace = parent
        .and_then(parse_trace_id)
        .map_or(random, str::to_owned);
    let span = &Uuid::new_v4().simple().to_string()[..16];
    format!("00-{trace}-{span}-01")
}

fn parse_trace_id(traceparent: &str) -> Option<&str> {
    let parts: Vec<_> = traceparent.split('-').collect();
    let [_, trace, span, _] = parts[..] else {
        return None;
    };
    let is_hex =
        |s: &str, len| s.len() == len && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (is_hex(trace, 32) && is_hex(span, 16) && trace.bytes().any(|b| b != b'0')).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_trace_goes_on_and_another_does_not() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let child = TraceContext::of_request("r".into(), Some(parent))
            .traceparent
            .unwrap();
        assert_eq!(parse_trace_id(&child), parse_trace_id(parent));
        assert_ne!(child, parent);
        for bad in [
            "",
            "00-xyz-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            let traceparent = TraceContext::of_request("r".into(), Some(bad))
                .traceparent
                .unwrap();
            assert!(parse_trace_id(&traceparent).is_some(), "{traceparent}");
        }
    }
}
