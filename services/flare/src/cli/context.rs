//! What every command has at hand: the way to the services, the person's profile, and where to write.

use std::path::{Path, PathBuf};

use clap::Args;
use flare_access::Clock as _;
use flare_contracts::Service;
use flare_edge::{ActKey, Credential, Lines, Session, desk::Desk, receipt::Try, retrying};
use flare_runtime::{
    PeerChannel, Settings, SystemClock, Tls,
    client::{self, ChannelError, Patience},
    config::{Sources, is_loopback},
};
use flare_seal::Sensitive;
use serde::Serialize;
use serde_json::Value;

use super::{CliError, Output, TextSource, prompt, session_file::Profile, text_source};

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Where Flare answers, for all services at once [else: the addresses of the configuration, or this machine]
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    /// The certificate authority to trust (PEM) [else, beyond this machine: the authorities that this machine trusts]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Speak in clear text beyond this machine too; only for a network that is sealed itself
    #[arg(long, global = true, conflicts_with = "ca")]
    pub(crate) insecure: bool,
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
    /// Where each service's replicas are.
    pub(crate) services: Vec<(Service, Vec<Place>)>,
    /// The key of the command's act: as given with `--request-id`, else random.
    pub(crate) key: ActKey,
}

impl Context {
    /// What the options of a command say. Nothing is connected yet.
    pub(crate) fn new(global: &Global) -> Result<Self, CliError> {
        let map = Map::new(global)?;
        let key = match &global.request_id {
            Some(given) => ActKey::given(given.clone()),
            None => ActKey::draw()?,
        };
        Ok(Self {
            lines: map.lines,
            here: map.here,
            services: map.services,
            output: Output::new(global.json, SystemClock.now()),
            profile: Profile::new(global.profile.clone())?,
            key,
        })
    }

    /// An output that tells distances in time from now on.
    pub(crate) fn output_now(&self) -> Output {
        Output::new(self.output.is_json(), SystemClock.now())
    }

    /// The session of whoever is logged in with this profile.
    pub(crate) async fn session(&self) -> Result<Session, CliError> {
        let saved = self.profile.session()?;
        Ok(retrying(|| Session::resume(&self.lines, &saved)).await?)
    }

    /// The desk of whoever is logged in, for this command's act.
    pub(crate) async fn desk(&self) -> Result<Desk, CliError> {
        Ok(Desk::new(self.session().await?, self.key.clone()))
    }

    /// One try of an act of the requester's under this id, now.
    pub(crate) fn attempt(request_id: &str) -> Try<'_> {
        Try { request_id, at: SystemClock.now() }
    }

    /// An error as it is told: with the id to repeat the command under, when it may have been carried out.
    pub(crate) fn told(&self, error: CliError) -> CliError {
        match self.key.to_repeat() {
            Some(key) if error.may_have_been_done() => error.repeatable_as(key),
            _ => error,
        }
    }

    /// Whether somebody reads along who can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        prompt::is_possible() && !self.output.is_json()
    }

    /// Says what was done: one JSON document, or a line for people.
    pub(crate) fn done(&self, said: &str, document: &impl Serialize) -> Result<(), CliError> {
        self.output.show(document, |output| output.line(said))
    }

    /// The same, with more in the document than what is given whole.
    pub(crate) fn done_with<const N: usize>(
        &self,
        said: &str,
        document: &impl Serialize,
        more: [(&str, Value); N],
    ) -> Result<(), CliError> {
        let mut document =
            serde_json::to_value(document).map_err(|error| CliError::unexpected(error.to_string()))?;
        for (key, value) in more {
            document[key] = value;
        }
        self.done(said, &document)
    }

    /// The words of an option that must have some: from its file, from standard input (`-`), or asked for on the
    /// terminal unless a machine reads. The option is told by its name, such as `--text-file`, and has so many characters at
    /// most.
    pub(crate) fn read_text(
        &self,
        source: Option<&TextSource>,
        (option, most): (&str, usize),
        question: &str,
    ) -> Result<Sensitive<String>, CliError> {
        if source.is_none() && self.output.is_json() {
            return Err(CliError::usage(format!("{option} is needed: with --json nothing is asked")));
        }
        text_source::words(source, (option, most), question)
    }

    /// The words of an option that may be left out.
    pub(crate) fn read_optional_text(
        &self,
        source: Option<&TextSource>,
        option: (&str, usize),
    ) -> Result<Option<Sensitive<String>>, CliError> {
        source.map(|source| self.read_text(Some(source), option, "")).transpose()
    }
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
    pub(crate) channel: PeerChannel,
}

/// Whom to trust beyond this machine: what the options say, else the settings.
fn trust(global: &Global, settings: &Settings) -> Result<Trust, CliError> {
    let ca = global.ca.as_deref().or(Some(&*settings.tls.ca).filter(|ca| !ca.as_os_str().is_empty()));
    Trust::new(ca, global.insecure || settings.tls.insecure)
}

/// Where everything is, as far as the options and the settings say.
struct Map {
    here: Place,
    services: Vec<(Service, Vec<Place>)>,
    lines: Lines,
}

impl Map {
    fn new(global: &Global) -> Result<Self, CliError> {
        let settings = settings()?;
        if let Some(server) = &global.server {
            let trust = trust(global, &settings)?;
            let here = place(server, &trust, "--server")?;
            return Ok(Self {
                services: Service::ALL.map(|service| (service, vec![here.clone()])).to_vec(),
                lines: Lines::all(&here.channel),
                here,
            });
        }
        Self::of_settings(global, &settings)
    }

    fn of_settings(global: &Global, settings: &Settings) -> Result<Self, CliError> {
        let trust = trust(global, settings)?;
        let here = place(&reachable(&settings.server.listen), &trust, "server.listen")?;
        let (mut services, mut channels) = (Vec::new(), Vec::new());
        for service in Service::ALL {
            let addresses: Vec<_> = settings.peers.addresses(service).into_iter().map(reachable).collect();
            let (places, channel) = if addresses.is_empty() {
                (vec![here.clone()], here.channel.clone())
            } else {
                let option = format!("peers.{service}");
                let place = |address: &String| place(address, &trust, &option);
                let places = addresses.iter().map(place).collect::<Result<_, _>>()?;
                (places, way(&addresses, &trust, &option)?)
            };
            services.push((service, places));
            channels.push((service, channel));
        }
        let of = |service| channels.iter().find(|(of, _)| *of == service);
        let lines =
            Lines::each(|service| of(service).map_or_else(|| here.channel.clone(), |(_, way)| way.clone()));
        Ok(Self { here, services, lines })
    }
}

/// Who is believed to be the server.
enum Trust {
    /// Whoever the authority of a file says.
    Authority(Tls),
    /// On this machine, whoever answers; beyond it, whoever its authorities say.
    ThisMachine,
    /// Whoever answers, for somebody who asked for it.
    Anybody,
}

impl Trust {
    fn new(ca: Option<&Path>, insecure: bool) -> Result<Self, CliError> {
        let trusting = |ca| Tls::trusting(ca).map_err(|error| CliError::refused("--ca", error.to_string()));
        Ok(match ca {
            Some(ca) => Self::Authority(trusting(ca)?),
            None if insecure => Self::Anybody,
            None => Self::ThisMachine,
        })
    }

    /// What encrypts the way to these addresses; nothing where clear text may be spoken.
    fn tls(&self, addresses: &[String], option: &str) -> Result<Option<Tls>, CliError> {
        match self {
            Self::Authority(tls) => Ok(Some(tls.clone())),
            Self::Anybody => Ok(None),
            Self::ThisMachine if addresses.iter().all(|address| is_loopback(address)) => Ok(None),
            Self::ThisMachine => Tls::of_this_machine().map(Some).ok_or_else(|| {
                let rule = "must be on this machine, unless --ca names the authority to trust: no authority is installed here";
                CliError::refused(option, rule)
            }),
        }
    }
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
fn place(address: &str, trust: &Trust, option: &str) -> Result<Place, CliError> {
    let channel = way(&[address.to_owned()], trust, option)?;
    Ok(Place { address: address.to_owned(), channel })
}

/// The way to whichever of these addresses can be reached, as services go to each other.
fn way(addresses: &[String], trust: &Trust, option: &str) -> Result<PeerChannel, CliError> {
    for address in addresses {
        let is_address = address.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if !is_address || format!("http://{address}").parse::<http::Uri>().is_err() {
            return Err(CliError::refused(option, format!("must be host:port, not {address:?}")));
        }
    }
    let tls = trust.tls(addresses, option)?;
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    // Each call brings its own credential.
    let connected = client::connect_with(&addresses, tls.as_ref(), Patience::PERSON, Credential::NONE);
    connected.map_err(|error| match error {
        ChannelError::NoAddress => CliError::refused(option, "must be host:port"),
        // The addresses are ones; what is left is the certificate.
        ChannelError::Transport(error) => {
            CliError::refused("--ca", format!("must hold a certificate: {error}"))
        }
    })
}

#[cfg(test)]
mod tests {
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
            let refusal = place(address, &Trust::Anybody, "--server").err().unwrap();
            assert!(refusal.for_people().contains("--server must be host:port"), "{address}");
        }
        assert!(place("localhost:7420", &Trust::ThisMachine, "--server").is_ok());
    }

    #[test]
    fn clear_text_stays_on_this_machine_unless_it_is_asked_for() {
        let encrypted = |trust: &Trust, addresses: &[&str]| {
            let addresses: Vec<_> = addresses.iter().map(|&address| address.to_owned()).collect();
            // Where no authority is installed there is no way at all.
            trust.tls(&addresses, "--server").map_or(true, |tls| tls.is_some())
        };
        let trust = Trust::new(None, false).unwrap();
        for here in ["127.0.0.1:7420", "[::1]:7420", "localhost:7420"] {
            assert!(!encrypted(&trust, &[here]), "{here}");
        }
        for beyond in
            ["help.example.org:7420", "192.0.2.1:7420", "[2001:db8::1]:7420", "localhost.example:7420"]
        {
            assert!(encrypted(&trust, &[beyond]), "{beyond}");
            assert!(encrypted(&trust, &["127.0.0.1:7420", beyond]), "{beyond} beside one of this machine");
            assert!(!encrypted(&Trust::new(None, true).unwrap(), &[beyond]), "{beyond}, as asked for");
        }
    }

    #[tokio::test]
    async fn a_dead_first_address_stops_nobody() {
        use flare_contracts::identity::v1::GetKeyBundleRequest;
        use tonic::Code;

        let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // Whoever answers anything at all was reached.
        let living = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = living.local_addr().unwrap();
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(living);
        let (_, health) = tonic_health::server::health_reporter();
        let serving = tokio::spawn(
            tonic::transport::Server::builder().add_service(health).serve_with_incoming(incoming),
        );
        let settings =
            Settings::load(&Sources::defaults().set("peers.identity", format!("{dead}, {address}"))).unwrap();
        let map = Map::of_settings(&Global::default(), &settings).unwrap();
        let (_, places) = map.services.iter().find(|(of, _)| *of == Service::Identity).unwrap();
        assert_eq!(places.len(), 2, "each replica is told apart by its address");
        for _ in 0..4 {
            // No second try: an act that may not be repeated gets through too.
            let answer = map.lines.identity(&Credential::NONE).get_key_bundle(GetKeyBundleRequest {}).await;
            assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
        }
        serving.abort();
    }

    #[test]
    fn request_ids_are_short_and_printable() {
        assert!(request_id("monday-1").is_ok());
        for text in ["", "a b", "é", &"x".repeat(41)] {
            assert!(request_id(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn the_key_of_a_command_is_told_when_a_call_under_it_may_have_been_carried_out() {
        let folder = tempfile::tempdir().unwrap();
        let global = Global {
            server: Some("127.0.0.1:1".to_owned()),
            profile: Some(folder.path().to_owned()),
            ..Global::default()
        };
        let context = Context::new(&global).unwrap();
        let drawn = context.key.use_it();
        let lost = || CliError::unavailable("away");
        assert!(context.told(lost()).for_people().contains(&drawn));
        assert!(!context.told(CliError::not_found("case")).for_people().contains(&drawn));
        let given = Global { request_id: Some("mine".to_owned()), ..global };
        let context = Context::new(&given).unwrap();
        assert_eq!((context.key.text(), context.key.may_be_a_repetition()), ("mine", true));
        assert!(!context.told(lost()).for_people().contains("mine"), "no call went out under it");
    }
}
