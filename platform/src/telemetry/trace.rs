//! The trace context of the task at hand: the request id that people search for, and the W3C
//! `traceparent` that tools link by. Set by the HTTP layer and by the job runner, read by enqueueing.

use std::future::Future;

use uuid::Uuid;

tokio::task_local! {
    static CURRENT: TraceContext;
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceContext {
    pub request_id: Option<String>,
    /// `00-<32 hex trace>-<16 hex span>-01`.
    pub traceparent: Option<String>,
}

impl TraceContext {
    /// The context of the current task; empty outside of any request or job.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// A request's context: the caller's trace goes on where its header is well-formed, else a new one
    /// begins.
    pub fn of_request(request_id: String, traceparent: Option<&str>) -> Self {
        Self {
            request_id: Some(request_id),
            traceparent: Some(child_of(traceparent)),
        }
    }

    /// A job's context: a child of whoever enqueued it.
    pub fn of_job(request_id: Option<String>, traceparent: Option<&str>) -> Self {
        Self {
            request_id,
            traceparent: Some(child_of(traceparent)),
        }
    }

    /// The trace's own part of `traceparent`: the same from the request through every job that it caused.
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref().and_then(trace_id)
    }

    /// Runs `future` in this context.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}

fn child_of(parent: Option<&str>) -> String {
    let random = Uuid::new_v4().simple().to_string();
    let trace = parent.and_then(trace_id).map_or(random, str::to_owned);
    let span = &Uuid::new_v4().simple().to_string()[..16];
    format!("00-{trace}-{span}-01")
}

fn trace_id(traceparent: &str) -> Option<&str> {
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
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let child = TraceContext::of_request("r".into(), Some(given))
            .traceparent
            .unwrap();
        assert_eq!(trace_id(&child), trace_id(given));
        assert_ne!(child, given);
        for bad in [
            "",
            "00-xyz-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            let fresh = TraceContext::of_request("r".into(), Some(bad))
                .traceparent
                .unwrap();
            assert!(trace_id(&fresh).is_some(), "{fresh}");
        }
    }
}
