//! PostgreSQL, RabbitMQ and Redis for the tests: the ones that run, or ones started for this run and stopped after it.

mod compose;
mod private;
mod probe;

use std::env;

use url::Url;

pub(crate) use private::install_on_debian;

use crate::steps::{Failure, variable};

/// A server that the tests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Rabbitmq,
    Redis,
}

/// The servers that this run uses; those it started are stopped when this is dropped.
#[derive(Default)]
pub(crate) struct Servers {
    addresses: Vec<(Kind, Url)>,
    started: Vec<Started>,
}

/// A server started for this run. Dropping it stops it.
enum Started {
    Compose(#[allow(dead_code, reason = "kept for its drop")] compose::Project),
    Private(#[allow(dead_code, reason = "kept for its drop")] Box<private::Server>),
}

impl Kind {
    /// In the order in which they are looked for.
    pub(crate) const ALL: [Self; 3] = [Self::Postgres, Self::Rabbitmq, Self::Redis];

    /// The name, as compose and this tool's output have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Rabbitmq => "rabbitmq",
            Self::Redis => "redis",
        }
    }

    /// The variable that says where it is.
    const fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "FLARE_TEST_POSTGRES",
            Self::Rabbitmq => "FLARE_TEST_RABBITMQ",
            Self::Redis => "FLARE_TEST_REDIS",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Rabbitmq => 5672,
            Self::Redis => 6379,
        }
    }

    /// The address of one on this machine, reached as its own first user.
    fn at(self, port: u16) -> Result<Url, Failure> {
        let address = match self {
            Self::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Self::Rabbitmq => format!("amqp://guest:guest@127.0.0.1:{port}/%2f"),
            Self::Redis => format!("redis://127.0.0.1:{port}"),
        };
        parse(&address)
    }
}

impl Servers {
    /// Sees to it that this server answers, starting one where it does not, and notes where it is.
    pub(crate) fn ensure(&mut self, kind: Kind) -> Result<String, Failure> {
        let asked_for = match variable(kind.variable()) {
            Some(address) => parse(&address).map_err(|why| Failure(format!("{}: {why}", kind.variable())))?,
            None => kind.at(kind.port())?,
        };
        let Err(silence) = probe::probe(kind, &asked_for) else {
            let note = place(&asked_for);
            self.addresses.push((kind, asked_for));
            return Ok(note);
        };
        let (address, started) = start(kind).map_err(|why| {
            Failure(format!(
                "No {name} for the tests.\n  At {place}: {silence}\n{why}\n\
                 Start one and name it in {variable}, or start a docker engine, or run this as root on Debian.",
                name = kind.name(),
                place = place(&asked_for),
                variable = kind.variable(),
            ))
        })?;
        let note = format!("{}, started for this run", place(&address));
        self.addresses.push((kind, address));
        self.started.push(started);
        Ok(note)
    }

    /// What tells the tests where the servers are.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let addresses = self.addresses.iter().map(|(kind, address)| (kind.variable(), address.as_str()));
        // With this, a test that does not find its server fails instead of being left out.
        addresses.chain([("FLARE_TEST_ALL", "1")])
    }
}

/// Starts one, by compose or as a program of this machine; says what stands in the way of each when neither can be.
fn start(kind: Kind) -> Result<(Url, Started), Failure> {
    let by_compose = match compose::Project::start(kind) {
        Ok((port, project)) => return Ok((kind.at(port)?, Started::Compose(project))),
        Err(why) => why,
    };
    match private::Server::start(kind) {
        Ok((port, server)) => Ok((kind.at(port)?, Started::Private(Box::new(server)))),
        Err(why) => Err(Failure(format!("  By docker compose: {by_compose}\n  As a program: {why}"))),
    }
}

fn parse(address: &str) -> Result<Url, Failure> {
    Url::parse(address).map_err(|error| Failure(format!("not an address: {error}")))
}

/// Host and port, without the password that an address may hold.
fn place(address: &Url) -> String {
    let host = address.host_str().unwrap_or("?");
    address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The first program of this name that is there, looked for in the folders and then in `PATH`.
pub(crate) fn program(
    name: &str,
    folders: impl IntoIterator<Item = std::path::PathBuf>,
) -> Option<std::path::PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let candidates = folders.into_iter().chain(env::split_paths(&path)).map(|folder| folder.join(name));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_an_address_that_says_where_and_not_the_password() {
        for kind in Kind::ALL {
            assert_eq!(place(&kind.at(4711).unwrap()), "127.0.0.1:4711");
        }
        assert_eq!(place(&parse("amqp://u:secret@example.org/x").unwrap()), "example.org");
    }

    #[test]
    fn the_broker_address_keeps_its_default_vhost() {
        assert_eq!(Kind::Rabbitmq.at(5672).unwrap().as_str(), "amqp://guest:guest@127.0.0.1:5672/%2f");
    }
}
