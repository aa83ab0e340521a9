//! What every command has at hand: the way to the services, the person's profile, and where to write.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use clap::Args;
use data_encoding::HEXLOWER;
use flare_access::Clock as _;
use flare_contracts::Producer;
use flare_edge::{KeyBundle, Lines, Session};
use flare_kernel::random;
use flare_runtime::{Backoff, Settings, SystemClock, config::Sources};
use flare_seal::Sensitive;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use super::{CliError, Output, TextSource, session_file::Profile, text_source};

/// How long a connection may take to open. How long an answer may take is the service's to say.
const CONNECT: Duration = Duration::from_secs(5);
/// A silent connection is given up after this.
const SILENCE: Duration = Duration::from_secs(20);
/// How often a call is made at most before its failure counts.
const TRIES: u32 = 3;

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Where Flare answers, for all services at once [else: the addresses of the configuration, or this machine]
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    /// The certificate authority to trust (PEM); the connection is then encrypted
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Write exactly one JSON document, for machines; errors as JSON on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The folder that keeps your session [else: the variable `FLARE_PROFILE`, or ~/.config/flare]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) profile: Option<PathBuf>,
    /// Makes a repetition of this very command harmless: the same id gives the same answer again
    #[arg(long, global = true, value_name = "ID", value_parser = request_id)]
    pub(crate) request_id: Option<String>,
}

/// What every command has at hand.
pub(crate) struct Context {
    /// The way to the services.
    pub(crate) lines: Lines,
    /// Where to write.
    pub(crate) output: Output,
    /// This person's folder on this device.
    pub(crate) profile: Profile,
    /// The Flare of this machine, or the one that was named.
    pub(crate) here: Place,
    /// Where each service is.
    pub(crate) services: Vec<(Producer, Place)>,
    request_id: OnceLock<String>,
}

impl Context {
    /// What the options of a command say. Nothing is connected yet.
    pub(crate) fn new(global: &Global) -> Result<Self, CliError> {
        let map = Map::new(global)?;
        let context = Self {
            lines: map.lines(),
            here: map.here,
            services: map.services,
            output: Output::new(global.json, SystemClock.now()),
            profile: Profile::new(global.profile.clone())?,
            request_id: OnceLock::new(),
        };
        if let Some(given) = &global.request_id {
            let _ = context.request_id.set(given.clone());
        }
        Ok(context)
    }

    /// An output that tells distances in time from now on.
    pub(crate) fn output_now(&self) -> Output {
        Output::new(self.output.is_json(), SystemClock.now())
    }

    /// The session of whoever is logged in with this profile.
    pub(crate) async fn session(&self) -> Result<Session, CliError> {
        let saved = self.profile.session()?;
        retrying(|| Session::resume(&self.lines, &saved)).await
    }

    /// The keys to seal to, of the organisation that this device trusts.
    pub(crate) async fn bundle(&self) -> Result<KeyBundle, CliError> {
        let trusted = self.profile.organisation()?;
        retrying(|| KeyBundle::fetch(&self.lines, trusted.as_deref())).await
    }

    /// The idempotency key of the command's one call that changes something: as given with `--request-id`, else random;
    /// the same each time it is asked for.
    pub(crate) fn request_id(&self) -> Result<String, CliError> {
        if let Some(id) = self.request_id.get() {
            return Ok(id.clone());
        }
        let drawn = HEXLOWER.encode(&random::<16>()?);
        Ok(self.request_id.get_or_init(|| drawn).clone())
    }

    /// The idempotency key of one of several calls of a command, told apart by a short word.
    pub(crate) fn request_id_of(&self, step: &str) -> Result<String, CliError> {
        Ok(format!("{}.{step}", self.request_id()?))
    }

    /// The words of an option that must have some: from its file, from standard input (`-`), or asked for on the
    /// terminal unless a machine reads. `option` is its name for refusals, such as `--text-file`.
    pub(crate) fn read_text(
        &self,
        source: Option<&TextSource>,
        option: &str,
        question: &str,
    ) -> Result<Sensitive<String>, CliError> {
        if source.is_none() && self.output.is_json() {
            return Err(CliError::usage(format!("{option} is needed: with --json nothing is asked")));
        }
        text_source::words(source, option, question)
    }

    /// The words of an option that may be left out.
    pub(crate) fn read_optional_text(
        &self,
        source: Option<&TextSource>,
        option: &str,
    ) -> Result<Option<Sensitive<String>>, CliError> {
        source.map(|source| self.read_text(Some(source), option, "")).transpose()
    }
}

/// Makes a call again, up to three times, when the service could not be reached. Only for calls that may be repeated:
/// reads, and changes that carry the same `request_id` and content each time.
pub(crate) async fn retrying<T, E, R>(mut call: impl FnMut() -> R) -> Result<T, CliError>
where
    E: Into<CliError>,
    R: Future<Output = Result<T, E>>,
{
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    for _ in 1..TRIES {
        match call().await.map_err(Into::into) {
            Err(error) if error.may_pass() => tokio::time::sleep(backoff.next_wait()).await,
            result => return result,
        }
    }
    call().await.map_err(Into::into)
}

/// [`retrying`] for a call of a generated client; gives what was answered.
pub(crate) async fn retried<T, R>(mut call: impl FnMut() -> R) -> Result<T, CliError>
where
    R: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
{
    retrying(&mut call).await.map(tonic::Response::into_inner)
}

/// [`retried`] for a client and a request, which are cloned for each try.
pub(crate) async fn ask<C, Q, T>(
    client: C,
    request: Q,
    call: impl AsyncFn(C, Q) -> Result<tonic::Response<T>, tonic::Status>,
) -> Result<T, CliError>
where
    C: Clone,
    Q: Clone,
{
    let call = &call;
    retried(|| call(client.clone(), request.clone())).await
}

fn request_id(text: &str) -> Result<String, String> {
    // Steps of one command add a word of their own; the services take 64 characters.
    if (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 40 printable ASCII characters without spaces".to_owned())
}

/// Where a service answers, and the way there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// host:port
    pub(crate) address: String,
    /// Connected at the first call.
    pub(crate) channel: Channel,
}

/// Where everything is, as far as the options and the settings say.
struct Map {
    here: Place,
    services: Vec<(Producer, Place)>,
}

impl Map {
    fn new(global: &Global) -> Result<Self, CliError> {
        if let Some(server) = &global.server {
            let here = place(server, tls(global.ca.as_deref())?.as_ref(), "--server")?;
            return Ok(Self {
                services: Producer::ALL.map(|service| (service, here.clone())).to_vec(),
                here,
            });
        }
        let settings = settings()?;
        let ca = global.ca.as_deref().or(Some(&*settings.tls.ca).filter(|ca| !ca.as_os_str().is_empty()));
        let tls = tls(ca)?;
        let here = place(&reachable(&settings.server.listen), tls.as_ref(), "server.listen")?;
        let mut services = Vec::new();
        for service in Producer::ALL {
            let found = match settings.peers.addresses(service).first() {
                Some(address) => place(&reachable(address), tls.as_ref(), &format!("peers.{service}"))?,
                None => here.clone(),
            };
            services.push((service, found));
        }
        Ok(Self { here, services })
    }

    fn lines(&self) -> Lines {
        let of = |service| self.services.iter().find(|(of, _)| *of == service);
        Lines::each(|service| {
            of(service).map_or_else(|| self.here.channel.clone(), |(_, at)| at.channel.clone())
        })
    }
}

fn tls(ca: Option<&Path>) -> Result<Option<ClientTlsConfig>, CliError> {
    let Some(ca) = ca else { return Ok(None) };
    let pem = std::fs::read(ca).map_err(|error| CliError::file(ca, &error))?;
    Ok(Some(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))))
}

/// The settings of this machine; a command needs to know where the services are.
fn settings() -> Result<Settings, CliError> {
    Settings::load(&Sources::of_process(None)).map_err(|bad| {
        let error = CliError::usage("the settings cannot be used");
        bad.problems.into_iter().fold(error, |error, problem| error.field(problem.key, problem.rule))
    })
}

/// Where to call a server that listens on this address: one that listens everywhere is called on this machine.
fn reachable(listen: &str) -> String {
    match listen.rsplit_once(':') {
        Some(("0.0.0.0" | "", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => listen.to_owned(),
    }
}

/// The way to an address. Nothing is connected yet.
fn place(address: &str, tls: Option<&ClientTlsConfig>, option: &str) -> Result<Place, CliError> {
    let refused = || CliError::refused(option, format!("must be host:port, not {address:?}"));
    let scheme = if tls.is_some() { "https" } else { "http" };
    let is_address = address.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if !is_address {
        return Err(refused());
    }
    let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
        .map_err(|_| refused())?
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(SILENCE)
        .keep_alive_timeout(SILENCE);
    if let Some(tls) = tls {
        endpoint = endpoint
            .tls_config(tls.clone())
            .map_err(|error| CliError::refused("--ca", format!("must hold a certificate: {error}")))?;
    }
    Ok(Place { address: address.to_owned(), channel: endpoint.connect_lazy() })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tonic::Status;

    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_called_here() {
        assert_eq!(reachable("0.0.0.0:7420"), "127.0.0.1:7420");
        assert_eq!(reachable("[::]:7420"), "[::1]:7420");
        assert_eq!(reachable("flare.example:7420"), "flare.example:7420");
    }

    #[tokio::test]
    async fn an_address_without_a_port_is_refused_by_its_option() {
        for address in ["localhost", "localhost:", "http://localhost:1", "a b:1", ":1", "localhost:0"] {
            let refusal = place(address, None, "--server").unwrap_err();
            assert!(refusal.for_people().contains("--server must be host:port"), "{address}");
        }
        assert!(place("localhost:7420", None, "--server").is_ok());
    }

    #[test]
    fn request_ids_are_short_and_printable() {
        assert!(request_id("monday-1").is_ok());
        for text in ["", "a b", "é", &"x".repeat(41)] {
            assert!(request_id(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn one_command_has_one_request_id_and_a_word_for_each_step() {
        let folder = tempfile::tempdir().unwrap();
        let global = Global {
            server: Some("127.0.0.1:1".to_owned()),
            profile: Some(folder.path().to_owned()),
            ..Global::default()
        };
        let context = Context::new(&global).unwrap();
        let drawn = context.request_id().unwrap();
        assert_eq!((drawn.len(), context.request_id().unwrap()), (32, drawn.clone()));
        assert_eq!(context.request_id_of("words").unwrap(), format!("{drawn}.words"));
        let given = Global { request_id: Some("mine".to_owned()), ..global };
        assert_eq!(Context::new(&given).unwrap().request_id().unwrap(), "mine");
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        let tries = Cell::new(0);
        let fail = |status: Status| {
            tries.set(tries.get() + 1);
            async move { Err::<(), _>(status) }
        };
        assert!(retrying(|| fail(Status::unavailable("away"))).await.unwrap_err().may_pass());
        assert_eq!(tries.replace(0), 3);
        assert!(retrying(|| fail(Status::aborted("stale"))).await.is_err());
        assert_eq!(tries.get(), 1);
    }
}
