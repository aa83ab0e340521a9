//! The pages for people in danger as they are reached: in the clear or over TLS, from some place, by some line.

mod line;
mod visitor;

use std::{fs, net::Ipv4Addr, path::Path, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair};
use rustls_pki_types::CertificateDer;

use crate::Failure;

pub(crate) use visitor::{REACH, STORY, Visitor};

/// What a certificate of a public authority holds beyond what ours needs: where to ask about it, its policy, and what logs
/// say of it. With it ours is as large as theirs, about 1 KB, and as long on a slow line.
const PUBLIC_BYTES: usize = 600;
/// The extension of what logs say.
const OF_LOGS: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// Where pages are.
#[derive(Clone)]
pub(crate) struct Pages {
    /// An address of this machine with a port.
    listen: String,
    /// The name under which they know themselves.
    host: String,
    tls: Option<OverTls>,
}

/// The files of a certificate, and the authority that browsers trust.
#[derive(Clone)]
struct OverTls {
    certificate: String,
    key: String,
    authority: CertificateDer<'static>,
}

/// How somebody reaches pages.
#[derive(Clone)]
pub(crate) struct Way {
    /// Where they connect.
    to: String,
    /// An address of this machine that they connect from, if it matters.
    from: Option<Ipv4Addr>,
    host: String,
    tls: Option<OverTls>,
}

impl Pages {
    /// As behind a front, or an onion service.
    pub(crate) fn in_the_clear(port: u16) -> Self {
        let listen = format!("127.0.0.1:{port}");
        Self { host: listen.clone(), listen, tls: None }
    }

    /// With a certificate of an authority's second certificate, as they come from public authorities. Its files are in
    /// `folder`.
    pub(crate) fn over_tls(port: u16, folder: &Path) -> Result<Self, Failure> {
        let public = || CustomExtension::from_oid_content(&OF_LOGS, vec![0; PUBLIC_BYTES]);
        let authority = |name: &str, public: Vec<CustomExtension>| -> Result<_, Failure> {
            let mut authority = CertificateParams::new(Vec::new())?;
            authority.distinguished_name.push(DnType::CommonName, name);
            authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            authority.custom_extensions = public;
            Ok((authority, KeyPair::generate()?))
        };
        let (root, root_key) = authority("root", Vec::new())?;
        let (second, second_key) = authority("second", vec![public()])?;
        let authority = root.self_signed(&root_key)?.der().clone();
        let second_shown = second.signed_by(&second_key, &Issuer::new(root, root_key))?;
        let mut own = CertificateParams::new(vec!["localhost".to_owned()])?;
        own.custom_extensions = vec![public()];
        let own_key = KeyPair::generate()?;
        let own_shown = own.signed_by(&own_key, &Issuer::new(second, second_key))?;
        let (certificate, key) = (folder.join("pages.pem"), folder.join("pages-key.pem"));
        fs::write(&certificate, own_shown.pem() + &second_shown.pem())?;
        fs::write(&key, own_key.serialize_pem())?;
        let text = |path: &Path| path.display().to_string();
        let tls = OverTls { certificate: text(&certificate), key: text(&key), authority };
        let (listen, host) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
        Ok(Self { listen, host, tls: Some(tls) })
    }

    /// The settings of whoever serves them.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = vec![("FLARE__PORTAL__LISTEN", self.listen.clone())];
        if let Some(tls) = &self.tls {
            environment.push(("FLARE__PORTAL__TLS_CERTIFICATE", tls.certificate.clone()));
            environment.push(("FLARE__PORTAL__TLS_KEY", tls.key.clone()));
        }
        environment
    }

    /// The straight way to them.
    pub(crate) fn way(&self) -> Way {
        Way { to: self.listen.clone(), from: None, host: self.host.clone(), tls: self.tls.clone() }
    }
}

impl Way {
    /// The same from this address.
    pub(crate) fn from(&self, place: Ipv4Addr) -> Self {
        Self { from: Some(place), ..self.clone() }
    }

    /// The same by a slow line.
    pub(crate) async fn by_line(&self, round_trip: Duration, bits_per_second: u32) -> Result<Self, Failure> {
        Ok(Self { to: line::slow(&self.to, round_trip, bits_per_second).await?, ..self.clone() })
    }

    /// Fetches a page, and goes.
    pub(crate) async fn visit(&self, path: &str) -> Result<(), Failure> {
        Visitor::arrive(self).await?.opens(path).await.map(drop)
    }

    /// From connecting to the code.
    pub(crate) async fn ask(&self) -> Result<(), Failure> {
        let mut visitor = Visitor::arrive(self).await?;
        let slip = visitor.opens("/en/ask").await?;
        visitor.sends(&slip).await
    }
}
