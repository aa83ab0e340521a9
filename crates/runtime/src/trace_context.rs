//! The W3C trace context, through gRPC metadata, message headers and event rows: one request can be followed from the
//! call that began it to the last consumer. It holds two random numbers and a flag, nothing about anyone.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header, attribute and column that carry the context.
pub const TRACEPARENT: &str = "traceparent";

/// The trace context of the current span as one line, to be kept in an event row or a message header. None outside
/// any span.
pub fn traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    propagator().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Puts the trace context of the current span into the headers of an outgoing call.
pub fn inject(headers: &mut HeaderMap) {
    propagator().inject_context(&Span::current().context(), &mut HeaderInjector(headers));
}

/// Makes `span` part of the trace that a call's headers name. A new trace begins when they name none.
pub fn follow_headers(span: &Span, headers: &HeaderMap) {
    follow_context(span, &propagator().extract(&HeaderExtractor(headers)));
}

/// Makes `span` part of the trace that was kept by [`traceparent`].
pub fn follow(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    follow_context(span, &propagator().extract(&carrier));
}

/// The trace's number, for log lines. None outside any trace.
pub(crate) fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| context.trace_id().to_string())
}

fn propagator() -> TraceContextPropagator {
    TraceContextPropagator::new()
}

fn follow_context(span: &Span, context: &Context) {
    if context.span().span_context().is_valid() {
        // It fails where no subscriber follows traces, such as in a test; then there is nothing to follow.
        let _untraced = span.set_parent(context.clone());
    }
}

struct HeaderInjector<'a>(&'a mut HeaderMap);

impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

struct HeaderExtractor<'a>(&'a HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use tracing::info_span;

    use super::*;
    use crate::telemetry::tests::traced;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_goes_on_through_a_line_and_through_headers() {
        let _guard = traced();
        let span = info_span!("consumer");
        follow(&span, PARENT);
        let line = span.in_scope(traceparent).unwrap();
        assert!(line.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{line}");
        assert!(!line.contains("b7ad6b7169203331"), "this span is another one than its parent: {line}");

        let mut headers = HeaderMap::new();
        span.in_scope(|| inject(&mut headers));
        let callee = info_span!("callee");
        follow_headers(&callee, &headers);
        assert_eq!(trace_id(&callee).unwrap(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn without_a_trace_to_follow_a_new_one_begins() {
        let _guard = traced();
        assert_eq!(traceparent(), None, "outside any span");
        let mut seen = Vec::new();
        for line in ["", "nonsense", "00-00000000000000000000000000000000-0000000000000000-01"] {
            let span = info_span!("consumer");
            follow(&span, line);
            seen.push(trace_id(&span).unwrap());
        }
        seen.dedup();
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn where_nothing_is_traced_nothing_is_sent() {
        let span = info_span!("consumer");
        follow(&span, PARENT);
        assert_eq!(span.in_scope(traceparent), None);
    }
}
