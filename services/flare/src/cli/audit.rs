//! `flare audit`: who did what, and the proof that nobody changed it since.

use clap::{Args, Subcommand};
use flare_contracts::{Event, Service, events::v1::LoggedEvent, input};
use flare_edge::desk::Desk;
use flare_store::{EventRecord, verify_chain};
use serde_json::json;

use super::{CliError, Context, when};

/// The audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// The trail of one thing: a case, a grant, a person
    #[command(after_help = "Examples:
  flare audit show case_… --service triage
  flare audit show grant_… --service grants --details")]
    Show(ShowArgs),
    /// Check the hash chain of one trail, or of all: that no event is missing, moved or changed
    #[command(after_help = "Examples:
  flare audit verify case_… --service intake
  flare audit verify --all                    every trail of every service
  flare audit verify --all --service grants")]
    Verify(VerifyArgs),
}

/// `flare audit show`
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Whose trail, by id
    stream: String,
    /// The service that keeps it: identity, intake, triage, grants, notification
    #[arg(long)]
    service: Service,
    /// What each event holds, too
    #[arg(long)]
    details: bool,
}

/// `flare audit verify`
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// Whose trail, by id
    #[arg(required_unless_present = "all", requires = "service")]
    stream: Option<String>,
    /// The service that keeps it: identity, intake, triage, grants, notification
    #[arg(long)]
    service: Option<Service>,
    /// Every trail, of --service or of every service
    #[arg(long, conflicts_with = "stream")]
    all: bool,
}

/// Does it.
pub(crate) async fn run(command: AuditCommand, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    match command {
        AuditCommand::Show(args) => show(args, &desk, context).await,
        AuditCommand::Verify(args) => verify(args, &desk, context).await,
    }
}

async fn show(args: ShowArgs, desk: &Desk, context: &Context) -> Result<(), CliError> {
    let events = desk.trail(args.service, &args.stream).await?;
    if events.is_empty() {
        return Err(
            CliError::not_found("trail").hint("is it another service that keeps it? Name it with --service")
        );
    }
    let details = |event: &LoggedEvent| match Event::decode(args.service, &event.payload) {
        _ if event.payload.is_empty() => "erased".to_owned(),
        Ok(decoded) => format!("{decoded:?}"),
        Err(unknown) => unknown.to_string(),
    };
    let document: Vec<_> = events
        .iter()
        .map(|event| {
            json!({
                "seq": event.seq, "at": when::rfc3339(event.at.as_ref()), "actor": event.actor,
                "kind": event.kind, "event_id": event.event_id, "details": details(event),
                "hash": data_encoding::HEXLOWER.encode(&event.hash),
            })
        })
        .collect();
    context.output.show(&json!({ "stream": args.stream, "events": document }), |out| {
        let rows = events.iter().map(|event| {
            let kind = event.kind.rsplit('.').next().unwrap_or_default().to_owned();
            let actor = if event.actor.is_empty() { "(erased)".to_owned() } else { event.actor.clone() };
            let mut row = vec![event.seq.to_string(), out.happened(event.at.as_ref()), actor, kind];
            row.extend(args.details.then(|| details(event)));
            row
        });
        let headers = ["no", "when", "who", "what", "details"];
        out.table(&headers[..if args.details { 5 } else { 4 }], rows.collect());
    })
}

/// What came of checking some trails.
#[derive(Debug, Default)]
struct Checked {
    streams: u64,
    events: u64,
    erased: u64,
    breaks: Vec<String>,
}

impl Checked {
    /// Checks a trail that should reach `head`.
    fn take(&mut self, stream: &str, head: Option<i64>, events: Vec<LoggedEvent>) {
        let records: Vec<_> = events.into_iter().map(record).collect();
        self.streams += 1;
        self.events += records.len() as u64;
        self.erased += records.iter().filter(|record| record.salt.is_none()).count() as u64;
        let last = records.last().map_or(0, |record| record.seq);
        if let Err(broken) = verify_chain(&records) {
            self.breaks.push(broken.to_string());
        } else if let Some(stray) = records.iter().find(|record| record.stream != stream) {
            self.breaks.push(format!("the history of {stream} holds an event of {}", stray.stream));
        } else if head.is_some_and(|head| last < head) {
            // Events may have come since the head was read; none may have gone.
            self.breaks
                .push(format!("the history of {stream} ends at event {last} although there were more"));
        }
    }
}

fn record(event: LoggedEvent) -> EventRecord {
    let erased = event.salt.is_empty();
    EventRecord {
        at: event.at.as_ref().map_or(flare_kernel::Timestamp::from_micros(0), input::timestamp_in),
        // A lane that is none does not match its hash.
        lane: input::lane("lane", event.lane).unwrap_or(flare_kernel::Lane::Standard),
        stream: event.stream,
        seq: event.seq,
        event_id: event.event_id,
        kind: event.kind,
        payload: (!erased).then_some(event.payload),
        actor: (!erased).then_some(event.actor),
        salt: (!erased).then_some(event.salt),
        digest: event.digest,
        hash: event.hash,
        trace: event.traceparent,
    }
}

async fn verify(args: VerifyArgs, desk: &Desk, context: &Context) -> Result<(), CliError> {
    let mut checked = Checked::default();
    if let (Some(stream), Some(service)) = (&args.stream, args.service) {
        let events = desk.trail(service, stream).await?;
        if events.is_empty() {
            return Err(CliError::not_found("trail"));
        }
        checked.take(stream, None, events);
    } else {
        for service in
            Service::ALL.into_iter().filter(|service| args.service.is_none_or(|only| only == *service))
        {
            verify_all(service, desk, &mut checked).await?;
        }
    }
    let document = json!({
        "trails": checked.streams, "events": checked.events, "erased_events": checked.erased,
        "holds": checked.breaks.is_empty(), "breaks": checked.breaks,
    });
    context.output.show(&document, |out| {
        out.record(&[
            ("trails", checked.streams.to_string()),
            ("events", checked.events.to_string()),
            ("of these erased", checked.erased.to_string()),
        ]);
        checked.breaks.iter().for_each(|broken| out.line(out.red(broken)));
        if checked.breaks.is_empty() {
            out.line("Every chain holds.");
        }
    })?;
    if checked.breaks.is_empty() {
        return Ok(());
    }
    Err(CliError::state(
        "CHAIN_BROKEN",
        format!("{} of {} trails do not hold", checked.breaks.len(), checked.streams),
    ))
}

async fn verify_all(service: Service, desk: &Desk, checked: &mut Checked) -> Result<(), CliError> {
    let mut after = String::new();
    loop {
        let heads = desk.trail_heads(service, &after).await?;
        let Some(last) = heads.last() else { return Ok(()) };
        after.clone_from(&last.stream);
        for head in heads {
            let events = desk.trail(service, &head.stream).await?;
            checked.take(&head.stream, Some(head.seq), events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(stream: &str, head: i64, events: Vec<LoggedEvent>) -> Checked {
        let mut checked = Checked::default();
        checked.take(stream, Some(head), events);
        checked
    }

    #[test]
    fn a_trail_that_was_cut_off_or_forged_does_not_hold() {
        let cut = checked("case_a", 2, Vec::new());
        assert_eq!(cut.breaks, ["the history of case_a ends at event 0 although there were more"]);
        let forged = LoggedEvent { stream: "case_a".to_owned(), seq: 1, lane: 1, ..LoggedEvent::default() };
        assert_eq!(checked("case_a", 1, vec![forged]).breaks.len(), 1);
        assert!(checked("case_a", 0, Vec::new()).breaks.is_empty());
    }

    #[test]
    fn what_was_erased_is_counted_and_not_held_against_its_digest() {
        let erased = record(LoggedEvent::default());
        assert_eq!((erased.payload, erased.actor, erased.salt), (None, None, None));
        let kept = record(LoggedEvent {
            salt: vec![1; 16],
            actor: "requester".to_owned(),
            ..LoggedEvent::default()
        });
        assert_eq!((kept.payload, kept.actor), (Some(Vec::new()), Some("requester".to_owned())));
    }
}
