//! How processes prove themselves to each other: certificates of the installation's own authority.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use crate::config::TlsSettings;

/// The files of `[tls]`, read.
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

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError { path: path.to_owned(), source })
}
