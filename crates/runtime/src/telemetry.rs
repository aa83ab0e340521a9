//! Logs, traces and figures. None of them ever holds content: calls are known by their RPC, their status and their time.

use std::{io, net::SocketAddr, panic::PanicHookInfo, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tokio::net::TcpListener;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, filter::LevelFilter, fmt::MakeWriter, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    config::{LogFormat, TelemetrySettings},
    observe::CALL_SECONDS,
    prometheus,
    tasks::{Tasks, constant_text},
};

/// Kept quiet unless the filter names them: statements and the server's notices are of no use to who runs Flare, and
/// the protocols underneath say a line for each frame. lapin reports a broker that is away as an error at every try to
/// reach it, and writes out whatever comes back unroutable; our supervisor says it once, so lapin says nothing.
const QUIET: &str = "sqlx=warn,sqlx::postgres::notice=off,h2=warn,hyper=warn,hyper_util=warn,tower=warn,tonic=warn,\
                     lapin=off,rustls=warn,opentelemetry=warn,opentelemetry_sdk=warn,opentelemetry-otlp=warn";

/// How long the last traces may take to leave when the process ends.
const FLUSH: Duration = Duration::from_secs(3);

/// Upper edges of the histogram of call times, in seconds.
const CALL_BUCKETS: [f64; 12] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0];

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("telemetry.filter cannot be read: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Traces cannot be sent.
    #[error("telemetry.otlp_endpoint cannot be used: {0}")]
    Otlp(#[from] ExporterBuildError),
    /// The address for Prometheus is none.
    #[error("telemetry.prometheus_listen must be an IP address and a port")]
    PrometheusAddress,
    /// The listener for Prometheus could not be opened.
    #[error("telemetry.prometheus_listen cannot be listened on: {0}")]
    PrometheusListen(io::Error),
    /// The edges of a histogram are none.
    #[error("a histogram cannot be kept: {0}")]
    Histogram(#[from] BuildError),
    /// Telemetry is started once in a process.
    #[error("telemetry has been started before in this process")]
    StartedBefore,
}

/// What must be ended with the process.
#[must_use = "the last traces are lost unless it is finished"]
pub struct Telemetry {
    traces: SdkTracerProvider,
}

impl Telemetry {
    /// Starts logging, and traces and figures where configured. Once in a process, on a Tokio runtime. `histograms` are those
    /// of whatever runs in it beside the times of calls: the name of each, and the upper edges of its buckets.
    pub fn start(
        settings: &TelemetrySettings,
        histograms: &[(&str, &[f64])],
        tasks: &Tasks,
    ) -> Result<Self, TelemetryError> {
        let traces = traces(settings)?;
        subscriber(settings, &traces, io::stderr)?.try_init().map_err(|_| TelemetryError::StartedBefore)?;
        std::panic::set_hook(Box::new(log_panic));
        if !settings.prometheus_listen.is_empty() {
            start_prometheus(&settings.prometheus_listen, histograms, tasks)?;
        }
        Ok(Self { traces })
    }

    /// Sends the last traces.
    pub async fn finish(self) {
        let flushed = tokio::task::spawn_blocking(move || self.traces.shutdown_with_timeout(FLUSH)).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Log lines by the filter; spans of calls whatever it says, because a trace goes on through a process that logs little.
fn subscriber<W>(
    settings: &TelemetrySettings,
    traces: &SdkTracerProvider,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let spans = tracing_opentelemetry::layer().with_tracer(traces.tracer("flare"));
    Ok(tracing_subscriber::registry()
        .with(spans.with_filter(LevelFilter::INFO))
        .with(lines(settings.format, writer).with_filter(filter(&settings.filter)?)))
}

/// The filter, with what is kept quiet unless it names it.
fn filter(directives: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    let quiet = QUIET.split(',').filter(|directive| {
        let target = directive.split(['=', ':']).next().unwrap_or_default();
        !directives
            .split(',')
            .any(|named| named.split(['=', ':']).next().unwrap_or_default().trim() == target)
    });
    EnvFilter::try_new(quiet.chain([directives]).collect::<Vec<_>>().join(","))
}

/// Log lines, written to standard error in production.
fn lines<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => layer.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).boxed(),
        LogFormat::Json => {
            layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    }
}

/// Spans have numbers whether or not they are sent anywhere, so that a trace goes on through a process that sends none.
fn traces(settings: &TelemetrySettings) -> Result<SdkTracerProvider, TelemetryError> {
    let builder = SdkTracerProvider::builder();
    if settings.otlp_endpoint.is_empty() {
        return Ok(builder.with_sampler(Sampler::AlwaysOff).build());
    }
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(&settings.otlp_endpoint).build()?;
    let resource = Resource::builder_empty()
        .with_attribute(KeyValue::new("service.name", settings.service_name.clone()))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    // Always, whatever the caller's flag says: callers from outside must not decide what is recorded.
    Ok(builder.with_sampler(Sampler::AlwaysOn).with_resource(resource).with_batch_exporter(exporter).build())
}

fn start_prometheus(
    listen: &str,
    histograms: &[(&str, &[f64])],
    tasks: &Tasks,
) -> Result<(), TelemetryError> {
    let address: SocketAddr = listen.parse().map_err(|_| TelemetryError::PrometheusAddress)?;
    let listener = std::net::TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    });
    let listener = listener.map_err(TelemetryError::PrometheusListen)?;
    let mut builder = PrometheusBuilder::new();
    for (name, edges) in histograms.iter().chain(&[(CALL_SECONDS, CALL_BUCKETS.as_slice())]) {
        builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), edges)?;
    }
    let recorder = builder.build_recorder();
    let figures = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::StartedBefore)?;
    crate::guard::count_panics(0);
    let token = tasks.token().clone();
    tasks.spawn_once("prometheus", async move {
        prometheus::serve(listener, figures, token).await;
        Ok(())
    });
    Ok(())
}

/// A panic as a log line: where, and its text when that is a constant of the program. The standard hook would also
/// print texts made at run time, which may quote what the code stumbled over.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, text = constant_text(panic.payload()), "panic");
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::DefaultGuard;

    use super::*;
    use crate::{
        Ending,
        config::{Settings, Sources},
    };

    fn settings() -> TelemetrySettings {
        Settings::load(&Sources::defaults()).unwrap().telemetry
    }

    /// Traces spans on this thread while the guard lives, and logs nothing.
    pub(crate) fn traced() -> DefaultGuard {
        let settings = TelemetrySettings { filter: "off".into(), ..settings() };
        subscriber(&settings, &traces(&settings).unwrap(), io::sink).unwrap().set_default()
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, directives: &str, log: impl FnOnce()) -> String {
        let written = Lines::default();
        let writer = written.clone();
        let settings = TelemetrySettings { format, filter: directives.into(), ..settings() };
        let subscriber = subscriber(&settings, &traces(&settings).unwrap(), move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_are_for_people_or_for_machines() {
        let log = || tracing::info_span!("call", rpc = "x").in_scope(|| tracing::info!(status = 5, "ended"));
        let text = logged(LogFormat::Text, "info", log);
        assert!(text.contains("INFO call{rpc=\"x\"}") && text.contains("ended status=5"), "{text}");
        let json = logged(LogFormat::Json, "info", log);
        for part in ["\"message\":\"ended\"", "\"status\":5", "\"span\":{\"rpc\":\"x\",\"name\":\"call\"}"] {
            assert!(json.contains(part), "{part} is missing in {json}");
        }
        assert_eq!(json.lines().count(), 1);
    }

    #[test]
    fn statements_and_notices_stay_out_unless_asked_for() {
        let log = || {
            tracing::debug!(target: "sqlx::query", "SELECT");
            tracing::info!(target: "sqlx::postgres::notice", "NOTICE");
            tracing::info!(target: "sqlx::other", "OTHER");
            tracing::error!(target: "lapin::io_loop", "RECONNECT");
            tracing::debug!(target: "flare_store", "OURS");
        };
        assert_eq!(logged(LogFormat::Text, "info", log), "");
        let debug = logged(LogFormat::Text, "debug", log);
        assert!(debug.contains("OURS") && debug.lines().count() == 1, "{debug}");
        let asked = logged(LogFormat::Text, "info,sqlx=debug", log);
        for word in ["SELECT", "NOTICE", "OTHER"] {
            assert!(asked.contains(word), "{word} is missing in {asked}");
        }
        let asked = logged(LogFormat::Text, "info,lapin=warn", log);
        assert!(asked.contains("RECONNECT") && asked.lines().count() == 1, "{asked}");
    }

    #[test]
    fn a_panic_is_logged_with_its_place_and_without_what_it_quotes() {
        std::panic::set_hook(Box::new(log_panic));
        let secret = String::from("canary");
        let log = || {
            assert!(std::panic::catch_unwind(|| panic!("deliberate")).is_err());
            assert!(std::panic::catch_unwind(|| panic!("deliberate {secret}")).is_err());
        };
        let text = logged(LogFormat::Text, "info", log);
        drop(std::panic::take_hook());
        assert_eq!(text.matches("telemetry.rs:").count(), 2, "{text}");
        assert!(text.contains("text=\"deliberate\"") && text.contains("(text withheld)"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }

    #[tokio::test]
    async fn figures_are_served_and_traces_are_sent_where_configured() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let collector = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let sources = Sources::defaults()
            .set("telemetry.otlp_endpoint", format!("http://{}", collector.local_addr().unwrap()))
            .set("telemetry.prometheus_listen", free.to_string());
        let settings = Settings::load(&sources).unwrap().telemetry;
        let tasks = Tasks::new(tokio_util::sync::CancellationToken::new());
        let histograms: [(&str, &[f64]); 1] = [("flare_told_seconds", &[0.5, 4.0])];
        let telemetry = Telemetry::start(&settings, &histograms, &tasks).unwrap();
        assert!(matches!(Telemetry::start(&settings, &[], &tasks), Err(TelemetryError::StartedBefore)));

        metrics::histogram!(CALL_SECONDS, "rpc" => "x").record(0.003);
        metrics::histogram!("flare_told_seconds").record(3.0);
        let mut connection = tokio::net::TcpStream::connect(free).await.unwrap();
        connection.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("flare_call_seconds_bucket{rpc=\"x\",le=\"0.005\"} 1"), "{answer}");
        assert!(answer.contains("flare_told_seconds_bucket{le=\"4\"} 1"), "{answer}");

        tracing::info_span!("sent").in_scope(|| ());
        let (finished, arrived) = tokio::join!(telemetry.finish(), async {
            let (mut connection, _) = collector.accept().await.unwrap();
            let mut preface = [0; 14];
            connection.read_exact(&mut preface).await.unwrap();
            preface
        });
        let () = finished;
        assert_eq!(&arrived, b"PRI * HTTP/2.0", "gRPC to the collector");
        tasks.token().cancel();
        assert_eq!(tasks.finish(Duration::from_secs(5)).await, Ending::default());
    }
}
