//! Certificates as whoever runs Flare makes them: by `deploy/make-secrets`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use flare_runtime::{Settings, Tls, config::Sources};

/// The installation's own authority, and what it signed.
pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them in a folder of their own below this one.
    pub(crate) fn make(below: &Path) -> Self {
        let (home, made) = (below.join("deploy"), below.join("deploy/secrets"));
        fs::create_dir_all(&home).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/make-secrets");
        // It writes beside itself.
        fs::copy(script, home.join("make-secrets")).unwrap();
        let output = Command::new("sh").arg(home.join("make-secrets")).output().unwrap();
        assert!(output.status.success(), "deploy/make-secrets: {output:?}");
        Self { folder: made }
    }

    /// The authority's own certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The settings of the process that runs a role.
    pub(crate) fn environment(&self, role: &str) -> Vec<(String, String)> {
        let set = |(key, file): (&str, PathBuf)| {
            (format!("FLARE__TLS__{}", key.to_uppercase()), file.display().to_string())
        };
        self.files(role).map(set).to_vec()
    }

    /// What a process that runs a role shows, and whom it trusts.
    pub(crate) fn of(&self, role: &str) -> Tls {
        let set = |sources: Sources, (key, file): (&str, PathBuf)| {
            sources.set(format!("tls.{key}"), file.display().to_string())
        };
        let sources = self.files(role).into_iter().fold(Sources::defaults(), set);
        Tls::load(&Settings::load(&sources).unwrap().tls).unwrap().unwrap()
    }

    /// The same for somebody who has no certificate.
    pub(crate) fn of_nobody(&self) -> Tls {
        Tls::trusting(&self.authority()).unwrap()
    }

    fn files(&self, role: &str) -> [(&'static str, PathBuf); 3] {
        let key = if role == "portal" { "portal-tls.key".to_owned() } else { format!("{role}.key") };
        [
            ("ca", self.authority()),
            ("certificate", self.folder.join(format!("{role}.pem"))),
            ("key", self.folder.join(key)),
        ]
    }
}
