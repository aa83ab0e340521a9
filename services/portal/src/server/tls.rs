//! TLS of our own, for a portal that stands before browsers itself.

use std::{path::Path, sync::Arc};

use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::TlsAcceptor;

/// Why a certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read as PEM.
    #[error("portal.tls_certificate or portal.tls_key cannot be read: {0}")]
    Pem(#[from] rustls_pki_types::pem::Error),
    /// The key is not the certificate's, or is of a kind that nobody takes.
    #[error("portal.tls_certificate and portal.tls_key cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// The certificate that browsers are shown, read from PEM files. TLS 1.2 stays on for old telephones.
#[derive(Clone)]
pub struct ShownCertificate(pub(super) TlsAcceptor);

impl ShownCertificate {
    /// Reads a chain of certificates, the portal's own first, and its key.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}
