//! `flare health`: whether Flare serves. Containers and supervisors ask it often, so it is quick and logs nobody in.

use std::time::Duration;

use clap::Args;
use flare_contracts::Service;
use serde_json::json;
use tonic::Status;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{CliError, Context, context::Place};
use crate::run::histories_name;

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(3);

/// `flare health`
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  flare health                                  the Flare of this machine
  flare health --server flare.example:7420
  flare health --services                       every replica of every service, where the configuration says it is

Ends with 0 when it serves and 7 when it does not. With --services, a service serves when one of its replicas does.
A service that serves may hold histories that wait for somebody to look; that is said too.")]
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
            let state = state(place).await;
            let waits = if state == SERVING { set_aside(place).await } else { Vec::new() };
            found.push((name, &place.address, state, waits));
        }
    }
    let document: Vec<_> = found
        .iter()
        .map(|(name, address, state, waits)| {
            json!({ "name": name, "address": address, "state": state, "set_aside_at": waits })
        })
        .collect();
    let unread = flare_portal::UNREAD_LANGUAGES;
    context.output.show(&json!({ "health": document, "not_read_by_a_native_speaker": unread }), |out| {
        let rows = found
            .iter()
            .map(|(name, address, state, _)| vec![(*name).clone(), (*address).clone(), (*state).to_owned()]);
        out.table(&["what", "where", "state"], rows.collect());
        for service in found.iter().flat_map(|(_, _, _, waits)| waits) {
            let look = format!("{service} has set histories aside: flare replay --consumer {service}");
            out.line(out.red(&look));
        }
        for language in unread {
            out.line(format!("pages in {language}: not read by a native speaker"));
        }
    })?;
    // One replica that serves is enough for those who ask it.
    let serves = |name: &String| found.iter().any(|(of, _, state, _)| *of == name && *state == SERVING);
    let missing: Vec<_> =
        places.iter().map(|(name, _)| name).filter(|name| !serves(name)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(CliError::unavailable(format!("not serving: {}", missing.join(", "))))
}

const SERVING: &str = "serving";

async fn state(place: &Place) -> &'static str {
    match check(place, String::new()).await {
        None => "no answer in time",
        Some(Err(_)) => "cannot be reached",
        Some(Ok(ServingStatus::Serving)) => SERVING,
        Some(Ok(ServingStatus::NotServing | ServingStatus::Unknown | ServingStatus::ServiceUnknown)) => {
            "not serving"
        }
    }
}

/// The services of a place that hold histories which wait for somebody to look, by name.
async fn set_aside(place: &Place) -> Vec<&'static str> {
    let mut found = Vec::new();
    for service in Service::ALL {
        if let Some(Ok(ServingStatus::NotServing)) = check(place, histories_name(service)).await {
            found.push(service.as_str());
        }
    }
    found
}

/// What a place says of something there; none when it says nothing in time.
async fn check(place: &Place, service: String) -> Option<Result<ServingStatus, Status>> {
    let mut client = HealthClient::new(place.channel.clone());
    let asked = client.check(HealthCheckRequest { service });
    let answer = tokio::time::timeout(PATIENCE, asked).await.ok()?;
    Some(answer.map(|answer| answer.into_inner().status()))
}
