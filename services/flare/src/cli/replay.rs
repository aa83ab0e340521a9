//! `flare replay`: events that a service could not apply.

use clap::Args;
use flare_contracts::Service;
use flare_edge::desk::Desk;
use serde_json::json;

use super::{CliError, Context, when};

/// `flare replay`
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  flare replay --consumer triage                                         what it could not apply, and why
  flare replay --consumer triage --producer intake --stream case_…       let it try again
  flare replay --consumer triage --all                                   let it try everything again")]
pub(crate) struct ReplayArgs {
    /// The service that could not apply the events: identity, intake, triage, grants, notification
    #[arg(long)]
    consumer: Service,
    /// The service whose events they are
    #[arg(long, requires = "stream")]
    producer: Option<Service>,
    /// Whose history, by id
    #[arg(long, requires = "producer")]
    stream: Option<String>,
    /// Every history that the service gave up, but for those whose producer tells another history
    #[arg(long, conflicts_with = "stream")]
    all: bool,
    /// With --all: those too; the service follows each producer as it is now
    #[arg(long, requires = "all")]
    differing: bool,
}

/// Does it.
pub(crate) async fn run(args: ReplayArgs, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let consumer = args.consumer;
    if args.all {
        let (released, differing) = desk.replay_all(consumer, args.differing).await?;
        let mut said = match released.len() {
            0 => format!("Nothing was quarantined at {consumer}; nothing changed."),
            1 => format!("{consumer} tries 1 history again."),
            histories => format!("{consumer} tries {histories} histories again."),
        };
        if differing > 0 {
            said += "\nSome were left alone, whose producer tells another history: read deploy/README.md, then give --differing too.";
        }
        let document =
            json!({ "consumer": consumer.as_str(), "released": released, "left_differing": differing });
        return context.done(&said, &document);
    }
    let (Some(producer), Some(stream)) = (args.producer, args.stream) else {
        return list(consumer, &desk, context).await;
    };
    let released = desk.replay(consumer, producer.as_str(), &stream).await?;
    let said = if released {
        format!("{consumer} tries {stream} again.")
    } else {
        format!("{stream} was not quarantined at {consumer}; nothing changed.")
    };
    context.done(&said, &json!({ "stream": stream, "released": released }))
}

async fn list(consumer: Service, desk: &Desk, context: &Context) -> Result<(), CliError> {
    let streams = desk.quarantined(consumer).await?;
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
        if streams.iter().any(|found| found.reason == "HISTORY_DIFFERS") {
            out.line(
                "HISTORY_DIFFERS: the producer was restored from a backup and tells other things than happened. \
                 Read deploy/README.md before you replay.",
            );
        }
    })
}
