//! How processes prove themselves to each other: certificates of the installation's own authority.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use crate::config::TlsSettings;

/// Whom to trust, and what to show: the files of `[tls]`, or this machine's own authorities.
#[derive(Clone)]
pub struct Tls {
    ca: Certificate,
    identity: Option<Identity>,
}

/// A file of `[tls]` that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be read: {source}")]
pub struct TlsError {
    path: PathBuf,
    source: io::Error,
}

impl Tls {
    /// Reads the files, when there are any.
    pub fn load(settings: &TlsSettings) -> Result<Option<Self>, TlsError> {
        if !settings.is_set() {
            return Ok(None);
        }
        let identity = Identity::from_pem(read(&settings.certificate)?, read(&settings.key)?);
        Ok(Some(Self { ca: Certificate::from_pem(read(&settings.ca)?), identity: Some(identity) }))
    }

    /// Trusts an authority without a certificate to show: what a person's device does.
    pub fn trusting(ca: &Path) -> Result<Self, TlsError> {
        Ok(Self { ca: Certificate::from_pem(read(ca)?), identity: None })
    }

    /// Trusts the authorities that this machine trusts, for a server whose certificate is one that browsers accept. None
    /// when it knows of no authority.
    pub fn of_this_machine() -> Option<Self> {
        // What cannot be read is left out; whoever was certified by it is not trusted, which is told when it matters.
        let found = rustls_native_certs::load_native_certs().certs;
        let pem: String = found.iter().map(|certificate| pem(certificate)).collect();
        (!found.is_empty()).then(|| Self { ca: Certificate::from_pem(pem), identity: None })
    }

    /// People have no certificate, so none is required for the handshake; the server asks services for theirs.
    pub(crate) fn server(&self) -> ServerTlsConfig {
        let config = ServerTlsConfig::new().client_ca_root(self.ca.clone()).client_auth_optional(true);
        match &self.identity {
            Some(identity) => config.identity(identity.clone()),
            None => config,
        }
    }

    pub(crate) fn client(&self) -> ClientTlsConfig {
        let config = ClientTlsConfig::new().ca_certificate(self.ca.clone());
        match &self.identity {
            Some(identity) => config.identity(identity.clone()),
            None => config,
        }
    }
}

/// A certificate as PEM, which is what the transport takes.
fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_as_it_lies_on_this_machine_is_one_that_the_transport_takes() {
        let made = rcgen::generate_simple_self_signed(vec!["flare.example".to_owned()]).unwrap();
        let tls = Tls { ca: Certificate::from_pem(pem(made.cert.der())), identity: None };
        let endpoint = tonic::transport::Endpoint::from_static("https://flare.example:7420");
        assert!(endpoint.tls_config(tls.client()).is_ok());
        let pem = |pem: String| pem.split_whitespace().collect::<String>();
        assert_eq!(pem(super::pem(made.cert.der())), pem(made.cert.pem()));
    }
}
