//! Configuration: committed defaults, then a file, then the environment, then the command line.
//!
//! Every key stands in `defaults.toml` with its meaning. Whatever names a key that does not stand there is refused, and
//! so is a value of another kind; all problems are listed at once, before a port opens. Secrets are never printed. What the
//! organisation's policy says is for the services to read and to check ([`PolicySection`]).

mod check;
mod secret;
mod settings;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use config::{Config, File, FileFormat, Source, Value, ValueKind};

pub use check::is_loopback;
pub use flare_kernel::settings::{BadSettings, PolicySection, Problem};
pub use secret::Secret;
pub use settings::{
    BrokerSettings, CacheSettings, DatabaseSettings, FilesSettings, LimitSettings, LogFormat, Mode,
    ModeSettings, PeerSettings, PortalSettings, ServerSettings, ServiceSettings, Settings, TelemetrySettings,
    TlsSettings,
};

/// The committed defaults, with a comment on every key.
pub const DEFAULTS: &str = include_str!("../defaults.toml");

/// What an environment variable that sets a key begins with.
const PREFIX: &str = "FLARE__";

/// The environment variable that names the configuration file.
const FILE_VARIABLE: &str = "FLARE_CONFIG";

/// Keys whose values may hold a password.
const SECRETS: [&str; 3] = ["database.url", "broker.url", "cache.url"];

/// Keys that take one of a few words.
const WORDS: [(&str, &[&str]); 2] =
    [("mode.kind", &["embedded", "distributed"]), ("telemetry.format", &["text", "json"])];

/// Where settings come from, beside the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
    command_line: Vec<(String, String)>,
}

impl Sources {
    /// Nothing but the defaults.
    pub fn defaults() -> Self {
        Self::default()
    }

    /// The environment of this process, and the file named on the command line or by `FLARE_CONFIG`.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let environment: Vec<_> = std::env::vars_os().collect();
        let named = environment.iter().find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
        let file = file.or_else(|| named.map(|(_, value)| PathBuf::from(value)));
        Self { file, environment, command_line: Vec::new() }
    }

    /// Reads this file, too.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Takes this as a variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets a key whatever the other sources say, as an option on the command line does.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.command_line.push((key.into(), value.into()));
        self
    }
}

impl Settings {
    /// Reads the settings. What one key says is checked here; how they fit together, by [`Settings::check`].
    pub fn load(sources: &Sources) -> Result<Self, BadSettings> {
        let mut reader = Reader::new()?;
        if let Some(file) = &sources.file {
            reader.read_file(file);
        }
        for (name, value) in &sources.environment {
            reader.read_variable(name, value);
        }
        for (key, value) in &sources.command_line {
            reader.take_text(key, key, value);
        }
        reader.finish()
    }
}

/// Collects the value of each key and every problem on the way.
struct Reader {
    values: BTreeMap<String, ValueKind>,
    problems: Vec<Problem>,
}

impl Reader {
    fn new() -> Result<Self, BadSettings> {
        let table = File::from_str(DEFAULTS, FileFormat::Toml)
            .collect()
            .map_err(|error| one_problem("defaults.toml", error.to_string()))?;
        let mut values = BTreeMap::new();
        flatten("", table, &mut values);
        Ok(Self { values, problems: Vec::new() })
    }

    fn read_file(&mut self, file: &std::path::Path) {
        let name = file.display().to_string();
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return self.refuse(&name, format!("cannot be read: {error}"), None),
        };
        match File::from_str(&text, FileFormat::Toml).collect() {
            Ok(table) => {
                let mut leaves = BTreeMap::new();
                flatten("", table, &mut leaves);
                for (key, value) in leaves {
                    self.take(&format!("{key} (in {name})"), &key, value);
                }
            }
            // The parser quotes the line it stumbled over, which may hold a password; its place is enough.
            Err(error) => {
                let text = error.to_string();
                let place = text.lines().next().unwrap_or_default().split(" in ").next().unwrap_or_default();
                self.refuse(&name, format!("must be TOML: {place}"), None);
            }
        }
    }

    fn read_variable(&mut self, name: &OsStr, value: &OsStr) {
        let name = name.to_string_lossy();
        let Some(rest) = name.strip_prefix(PREFIX) else { return };
        let key = rest.to_lowercase().replace("__", ".");
        match value.to_str() {
            Some(text) => self.take_text(&name, &key, text),
            None => self.refuse(&name, "must be UTF-8 text".to_owned(), None),
        }
    }

    /// Takes a value that came as text, read as what the default is.
    fn take_text(&mut self, origin: &str, key: &str, text: &str) {
        let value = match self.values.get(key) {
            Some(ValueKind::Boolean(_)) => text.parse().map(ValueKind::Boolean).ok(),
            Some(ValueKind::I64(_)) => text.replace('_', "").parse().map(ValueKind::I64).ok(),
            _ => None,
        };
        self.take(origin, key, value.unwrap_or_else(|| ValueKind::String(text.to_owned())));
    }

    fn take(&mut self, origin: &str, key: &str, value: ValueKind) {
        let Some(default) = self.values.get(key) else {
            return self.refuse(origin, "is no setting of Flare".to_owned(), None);
        };
        match broken_rule(key, default, &value) {
            None => {
                self.values.insert(key.to_owned(), value);
            }
            Some(rule) => {
                let shown = (!SECRETS.contains(&key)).then(|| value.to_string());
                self.refuse(origin, rule, shown);
            }
        }
    }

    fn refuse(&mut self, key: &str, rule: String, value: Option<String>) {
        self.problems.push(Problem { key: key.to_owned(), rule, value });
    }

    fn finish(self) -> Result<Settings, BadSettings> {
        if !self.problems.is_empty() {
            return Err(BadSettings { problems: self.problems });
        }
        let mut builder = Config::builder();
        for (key, value) in self.values {
            builder = builder
                .set_override(&key, Value::new(None, value))
                .map_err(|error| one_problem(&key, error.to_string()))?;
        }
        builder
            .build()
            .and_then(Config::try_deserialize)
            .map_err(|error| one_problem("defaults.toml", error.to_string()))
    }
}

/// The leaves of a table by their dotted keys. An empty table counts as a leaf unless it is a section, so that a
/// misspelt section is named too.
fn flatten(prefix: &str, table: config::Map<String, Value>, leaves: &mut BTreeMap<String, ValueKind>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value.kind {
            ValueKind::Table(inner) if !inner.is_empty() => flatten(&key, inner, leaves),
            leaf @ (ValueKind::Nil
            | ValueKind::Boolean(_)
            | ValueKind::I64(_)
            | ValueKind::I128(_)
            | ValueKind::U64(_)
            | ValueKind::U128(_)
            | ValueKind::Float(_)
            | ValueKind::String(_)
            | ValueKind::Table(_)
            | ValueKind::Array(_)) => {
                leaves.insert(key, leaf);
            }
        }
    }
}

/// The rule that a value breaks by itself.
fn broken_rule(key: &str, default: &ValueKind, value: &ValueKind) -> Option<String> {
    let allowed = WORDS.iter().find(|(name, _)| *name == key).map(|(_, words)| *words);
    match (default, value) {
        (ValueKind::Boolean(_), ValueKind::Boolean(_)) => None,
        (ValueKind::Boolean(_), _) => Some("must be true or false".to_owned()),
        (ValueKind::I64(_), ValueKind::I64(number)) => {
            let most = if key.ends_with("_minor") { i64::MAX } else { u32::MAX.into() };
            (!(0..=most).contains(number)).then(|| format!("must be from 0 to {most}"))
        }
        (ValueKind::I64(_), _) => Some("must be a whole number".to_owned()),
        (_, ValueKind::String(text)) => {
            let words = allowed.filter(|words| !words.contains(&text.as_str()))?;
            Some(format!("must be {}", words.join(" or ")))
        }
        _ => Some("must be a text".to_owned()),
    }
}

fn one_problem(key: &str, rule: String) -> BadSettings {
    BadSettings { problems: vec![Problem { key: key.to_owned(), rule, value: None }] }
}

#[cfg(test)]
mod tests;
