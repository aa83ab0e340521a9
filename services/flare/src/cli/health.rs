//! `flare health`: whether Flare serves. Containers and supervisors ask it often, so it is quick and logs nobody in.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{CliError, Context, context::Place};

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(3);

/// `flare health`
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  flare health                                  the Flare of this machine
  flare health --server flare.example:7420
  flare health --services                       every replica of every service, where the configuration says it is

Ends with 0 when it serves and 7 when it does not. With --services, a service serves when one of its replicas does.")]
pub(crate) struct HealthArgs {
    /// Ask every service, where the configuration says it is
    #[arg(long)]
    services: bool,
}

/// Does it.
pub(crate) async fn run(args: HealthArgs, context: &Context) -> Result<(), CliError> {
    let mut places: Vec<(String, &[Place])> = Vec::new();
    if args.services {
        places.extend(context.services.iter().map(|(service, places)| (service.to_string(), &**places)));
    } else {
        places.push(("flare".to_owned(), std::slice::from_ref(&context.here)));
    }
    let mut found = Vec::new();
    for (name, replicas) in &places {
        for place in *replicas {
            found.push((name, &place.address, state(place).await));
        }
    }
    let document: Vec<_> = found
        .iter()
        .map(|(name, address, state)| json!({ "name": name, "address": address, "state": state }))
        .collect();
    let unread = flare_portal::UNREAD_LANGUAGES;
    context.output.show(&json!({ "health": document, "not_read_by_a_native_speaker": unread }), |out| {
        let rows = found
            .iter()
            .map(|(name, address, state)| vec![(*name).clone(), (*address).clone(), (*state).to_owned()]);
        out.table(&["what", "where", "state"], rows.collect());
        for language in unread {
            out.line(format!("pages in {language}: not read by a native speaker"));
        }
    })?;
    // One replica that serves is enough for those who ask it.
    let serves = |name: &String| found.iter().any(|(of, _, state)| *of == name && *state == SERVING);
    let missing: Vec<_> =
        places.iter().map(|(name, _)| name).filter(|name| !serves(name)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(CliError::unavailable(format!("not serving: {}", missing.join(", "))))
}

const SERVING: &str = "serving";

async fn state(place: &Place) -> &'static str {
    let mut client = HealthClient::new(place.channel.clone());
    let asked = client.check(HealthCheckRequest { service: String::new() });
    match tokio::time::timeout(PATIENCE, asked).await {
        Err(_) => "no answer in time",
        Ok(Err(_)) => "cannot be reached",
        Ok(Ok(answer)) => match answer.into_inner().status() {
            ServingStatus::Serving => SERVING,
            ServingStatus::NotServing | ServingStatus::Unknown | ServingStatus::ServiceUnknown => {
                "not serving"
            }
        },
    }
}
