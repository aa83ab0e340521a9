//! What an organisation decides about its portal.

use flare_kernel::{
    Duration, Timestamp,
    settings::{BadSettings, MOST_HOURS, PolicySection},
};

/// Somebody a page names: a helpline, or whom to complain to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub name: String,
    /// A number or address.
    pub contact: String,
}

/// A list of contacts that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be \"name: number or address\", several parted by semicolons")]
pub struct BadLines;

/// Reads contacts as settings hold them.
pub fn contacts(text: &str) -> Result<Vec<Contact>, BadLines> {
    let lines = text.split(';').map(str::trim).filter(|line| !line.is_empty());
    let contact = |line: &str| {
        let (name, contact) = line.split_once(':').ok_or(BadLines)?;
        let contact = Contact { name: name.trim().to_owned(), contact: contact.trim().to_owned() };
        (!contact.name.is_empty() && !contact.contact.is_empty()).then_some(contact).ok_or(BadLines)
    };
    lines.map(contact).collect()
}

/// The hours of each day, in UTC, in which somebody reads. The same hour twice: nothing is said of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingHours {
    /// From this hour, 0 to 23.
    pub from: u32,
    /// Until this hour, 0 to 24. From 0 until 24 is all day.
    pub until: u32,
}

/// Whether somebody reads at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The organisation says nothing of it.
    Unsaid,
    /// Somebody does.
    Now,
    /// Nobody does until then.
    Again(Timestamp),
}

impl ReadingHours {
    /// Whether somebody reads now.
    pub fn at(self, now: Timestamp) -> Reading {
        const DAY: i64 = 86_400;
        let (from, until) = (i64::from(self.from) * 3_600, i64::from(self.until) * 3_600);
        let of_day = (now.as_micros() / 1_000_000).rem_euclid(DAY);
        let since_opening = (of_day - from).rem_euclid(DAY);
        let open_for = until - from;
        if open_for == 0 {
            return Reading::Unsaid;
        }
        let open_for = if open_for < 0 { open_for + DAY } else { open_for };
        if since_opening < open_for {
            Reading::Now
        } else {
            Reading::Again(now.plus(Duration::from_secs(DAY - since_opening)))
        }
    }

    /// When somebody reads again, where nobody does now.
    pub fn again(self, now: Timestamp) -> Option<Timestamp> {
        match self.at(now) {
            Reading::Again(again) => Some(again),
            Reading::Unsaid | Reading::Now => None,
        }
    }
}

/// Hours in which a new request is read, by lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    /// Somebody may be harmed within a day.
    pub critical: u32,
    /// Soon, or not said.
    pub urgent: u32,
    /// Within a month.
    pub standard: u32,
}

impl Targets {
    /// Reads what the settings say of when somebody owns a new request.
    pub fn read(section: &PolicySection) -> Result<Self, BadSettings> {
        section.read(|policy| Self {
            critical: policy.number("acknowledge_critical_hours", 1, MOST_HOURS),
            urgent: policy.number("acknowledge_urgent_hours", 1, MOST_HOURS),
            standard: policy.number("acknowledge_standard_hours", 1, MOST_HOURS),
        })
    }
}

/// The settings of a portal.
#[derive(Clone, Debug)]
pub struct PortalSettings {
    /// Exactly these `Host` headers are answered.
    pub hosts: Vec<String>,
    /// When somebody reads.
    pub reading: ReadingHours,
    /// Whether what may cost a life is read at any hour.
    pub critical_at_any_hour: bool,
    /// By when a request is read.
    pub targets: Targets,
    /// Where "leave" leads.
    pub leave: String,
    /// Others who answer at any hour.
    pub helplines: Vec<Contact>,
    /// Who hears complaints, outside the team.
    pub complaints: Vec<Contact>,
    /// The fingerprint of the one organisation to which anything is sealed; without one, whichever answers.
    pub organisation: Option<String>,
    /// Whether TLS is ours, so that browsers may be told to use nothing else.
    pub over_tls: bool,
    /// Whether a front speaks to browsers, which beyond this machine is over TLS.
    pub behind_front: bool,
    /// Where the same pages are as an onion service: `http://….onion`, or nothing.
    pub onion: Option<String>,
    /// Whom to tell of a weakness: an address that begins with `mailto:` or `https://`.
    pub security_contact: Option<String>,
}

impl PortalSettings {
    /// How browsers reach the pages under one of our names. A front has TLS but for names that never leave this machine and
    /// for onion services, which need none.
    pub(crate) fn scheme(&self, host: &str) -> &'static str {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let in_the_clear =
            matches!(name, "127.0.0.1" | "localhost" | "[::1]") || name.strip_suffix(".onion").is_some();
        if self.over_tls || (self.behind_front && !in_the_clear) { "https" } else { "http" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_read_or_refused() {
        let read = contacts("Line A: +1 202 555 0142; Line B: https://example.org ;").unwrap();
        assert_eq!(read[1], Contact { name: "Line B".to_owned(), contact: "https://example.org".to_owned() });
        assert_eq!(contacts(""), Ok(Vec::new()));
        assert_eq!(contacts("Line A"), Err(BadLines));
        assert_eq!(contacts(": 1"), Err(BadLines));
    }

    #[test]
    fn a_page_has_one_scheme() {
        let settings =
            |over_tls, behind_front| PortalSettings { over_tls, behind_front, ..crate::tests::settings() };
        let onion = format!("{}.onion", "a".repeat(56));
        for (host, schemes) in [
            ("ask.example.org", ["http", "https", "https"]),
            ("ask.example.org:8443", ["http", "https", "https"]),
            ("127.0.0.1:7480", ["http", "http", "https"]),
            ("localhost", ["http", "http", "https"]),
            ("[::1]:7480", ["http", "http", "https"]),
            (onion.as_str(), ["http", "http", "https"]),
        ] {
            let kinds = [settings(false, false), settings(false, true), settings(true, false)];
            assert_eq!(kinds.map(|settings| settings.scheme(host)), schemes, "{host}");
        }
    }

    #[test]
    fn whoever_writes_at_night_is_told_when_somebody_reads() {
        let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
        let day = ReadingHours { from: 8, until: 20 };
        let again =
            |hours: ReadingHours, hour| hours.again(at(hour)).map(|again| again.as_micros() / 3_600_000_000);
        assert_eq!([8, 19, 20, 2].map(|hour| again(day, hour)), [None, None, Some(32), Some(8)]);
        let night = ReadingHours { from: 20, until: 4 };
        assert_eq!([20, 3, 4].map(|hour| again(night, hour)), [None, None, Some(20)]);
        let at_noon = |from, until| ReadingHours { from, until }.at(at(12));
        assert_eq!([at_noon(0, 0), at_noon(9, 9)], [Reading::Unsaid; 2]);
        assert_eq!([at_noon(0, 24), at_noon(12, 13), at_noon(20, 13)], [Reading::Now; 3]);
        assert_eq!(at_noon(0, 12), Reading::Again(at(24)));
    }
}
