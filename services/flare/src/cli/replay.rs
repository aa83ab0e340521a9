//! `flare replay`: events that a service could not apply.

use clap::Args;
use data_encoding::HEXLOWER;
use flare_contracts::{
    Producer,
    events::v1::{ListQuarantinedRequest, QuarantinedStream, ReplayRequest},
    limits,
};
use flare_edge::Session;
use flare_kernel::random;
use serde_json::json;

use super::{CliError, Context, ask, when};

/// Rows asked for at once.
const PAGE: i32 = limits::EVENTS_AT_ONCE;

/// `flare replay`
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  flare replay --consumer triage                                         what it could not apply, and why
  flare replay --consumer triage --producer intake --stream case_…       let it try again
  flare replay --consumer triage --all                                   let it try everything again")]
pub(crate) struct ReplayArgs {
    /// The service that could not apply the events: identity, intake, triage, grants, notification
    #[arg(long)]
    consumer: Producer,
    /// The service whose events they are
    #[arg(long, requires = "stream")]
    producer: Option<Producer>,
    /// Whose history, by id
    #[arg(long, requires = "producer")]
    stream: Option<String>,
    /// Every history that the service gave up, whatever the reason
    #[arg(long, conflicts_with = "stream")]
    all: bool,
}

/// Does it.
pub(crate) async fn run(args: ReplayArgs, context: &Context) -> Result<(), CliError> {
    let session = context.session().await?;
    if args.all {
        return replay_all(args.consumer, &session, context).await;
    }
    let (Some(producer), Some(stream)) = (args.producer, args.stream) else {
        return list(args.consumer, &session, context).await;
    };
    let request = ReplayRequest {
        request_id: context.request_id()?,
        consumer: args.consumer.to_string(),
        producer: producer.to_string(),
        stream: stream.clone(),
    };
    let released = replay(args.consumer, request, &session, context).await?;
    let document = json!({ "stream": stream, "released": released });
    context.output.show(&document, |out| {
        out.line(if released {
            format!("{} tries {stream} again.", args.consumer)
        } else {
            format!("{stream} was not quarantined at {}; nothing changed.", args.consumer)
        });
    })
}

async fn replay_all(consumer: Producer, session: &Session, context: &Context) -> Result<(), CliError> {
    let mut released = Vec::new();
    for found in quarantined(consumer, session, context).await? {
        let request = ReplayRequest {
            // Letting a history go on twice does no more than once, so each call may have an id of its own.
            request_id: HEXLOWER.encode(&random::<16>()?),
            consumer: consumer.to_string(),
            producer: found.producer,
            stream: found.stream.clone(),
        };
        // Somebody else, or the service as it started, may have been faster.
        if replay(consumer, request, session, context).await? {
            released.push(found.stream);
        }
    }
    context.output.show(&json!({ "consumer": consumer.as_str(), "released": released }), |out| {
        out.line(match released.len() {
            0 => format!("Nothing was quarantined at {consumer}; nothing changed."),
            1 => format!("{consumer} tries 1 history again."),
            histories => format!("{consumer} tries {histories} histories again."),
        });
    })
}

/// Says whether the stream was quarantined.
async fn replay(
    consumer: Producer,
    request: ReplayRequest,
    session: &Session,
    context: &Context,
) -> Result<bool, CliError> {
    let log = context.lines.event_log(consumer, &session.credential().await?);
    let answer = ask(log, request, async |mut log, request| log.replay(request).await).await?;
    Ok(answer.released)
}

async fn list(consumer: Producer, session: &Session, context: &Context) -> Result<(), CliError> {
    let streams = quarantined(consumer, session, context).await?;
    let document: Vec<_> = streams
        .iter()
        .map(|found| {
            json!({
                "producer": found.producer, "stream": found.stream, "seq": found.seq, "reason": found.reason,
                "since": when::rfc3339(found.since.as_ref()),
            })
        })
        .collect();
    context.output.show(&json!({ "consumer": consumer.as_str(), "quarantined": document }), |out| {
        if streams.is_empty() {
            return out.line(format!("{consumer} has applied everything it received."));
        }
        let rows = streams.iter().map(|found| {
            let since = out.happened(found.since.as_ref());
            vec![
                found.producer.clone(),
                found.stream.clone(),
                found.seq.to_string(),
                found.reason.clone(),
                since,
            ]
        });
        out.table(&["producer", "stream", "event", "reason", "since"], rows.collect());
    })
}

async fn quarantined(
    consumer: Producer,
    session: &Session,
    context: &Context,
) -> Result<Vec<QuarantinedStream>, CliError> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let log = context.lines.event_log(consumer, &session.credential().await?);
        let request = ListQuarantinedRequest { consumer: consumer.to_string(), page_size: PAGE, page_token };
        let page = ask(log, request, async |mut log, request| log.list_quarantined(request).await).await?;
        all.extend(page.streams);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = page.next_page_token;
    }
}
