//! What is listed about a request; everything else is sealed.

use flare_contracts::{
    InputRule, Refusal,
    common::v1::{Mode, Trigger},
    danger::lane_in_danger,
    input,
    intake::v1::{self, ConsentState, Danger, Purpose, RequesterKind},
};
use flare_kernel::{Lane, Language};

/// The language of a request that names none.
const UNDETERMINED: &str = "und";

/// A request's listed metadata, parsed. A request of two answers knows no kind, mode or trigger yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listing {
    pub(crate) lane_hint: Lane,
    pub(crate) language: Language,
    pub(crate) kind: RequesterKind,
    pub(crate) on_behalf: bool,
    pub(crate) consents: Vec<(Purpose, ConsentState)>,
    pub(crate) mode: Mode,
    pub(crate) trigger: Trigger,
    pub(crate) danger: Danger,
}

impl Listing {
    pub(crate) fn parse(listing: Option<v1::Listing>) -> Result<Self, Refusal> {
        let listing = input::required("listing", listing)?;
        let language = Language::parse(&listing.language);
        let danger = known("listing.danger", listing.danger)?;
        let hint = input::lane("listing.lane_hint", listing.lane_hint)?;
        Ok(Self {
            // A device may be older than the rule, or lie: a request is in the lane that its danger calls for.
            lane_hint: lane_in_danger(danger, hint),
            language: language
                .map_err(|_| Refusal::invalid("listing.language", InputRule::NotALanguageCode))?,
            kind: known("listing.kind", listing.kind)?,
            on_behalf: listing.on_behalf,
            consents: consents(&listing.consents)?,
            mode: known("listing.mode", listing.mode)?,
            trigger: known("listing.trigger", listing.trigger)?,
            danger,
        })
    }

    /// Which of the questions that are asked one by one were answered, by name; of danger something may have been said
    /// later.
    pub(crate) fn answered(&self, said_later: bool) -> Vec<String> {
        let questions = [
            ("danger", said_later || self.danger != Danger::Unspecified),
            ("kind", self.kind != RequesterKind::Unspecified),
            ("language", self.language.as_str() != UNDETERMINED),
        ];
        questions.into_iter().filter(|(_, answered)| *answered).map(|(name, _)| name.to_owned()).collect()
    }

    pub(crate) fn to_wire(&self) -> v1::Listing {
        let consent = |(purpose, state): &(Purpose, ConsentState)| v1::Consent {
            purpose: i32::from(*purpose),
            state: i32::from(*state),
        };
        v1::Listing {
            lane_hint: input::lane_out(self.lane_hint).into(),
            language: self.language.to_string(),
            kind: self.kind.into(),
            on_behalf: self.on_behalf,
            consents: self.consents.iter().map(consent).collect(),
            mode: self.mode.into(),
            trigger: self.trigger.into(),
            danger: self.danger.into(),
        }
    }
}

/// A value of a protobuf enum, its zero included.
pub(crate) fn known<T: TryFrom<i32>>(field: &str, number: i32) -> Result<T, Refusal> {
    T::try_from(number).map_err(|_| Refusal::invalid(field, InputRule::NotListed))
}

fn consents(consents: &[v1::Consent]) -> Result<Vec<(Purpose, ConsentState)>, Refusal> {
    let mut found: Vec<(Purpose, ConsentState)> = Vec::new();
    for (index, consent) in consents.iter().enumerate() {
        let field = |part: &str| format!("listing.consents[{index}].{part}");
        let purpose = input::choice(&field("purpose"), consent.purpose)?;
        if found.iter().any(|(earlier, _)| *earlier == purpose) {
            return Err(Refusal::invalid(field("purpose"), InputRule::Twice));
        }
        found.push((purpose, input::choice(&field("state"), consent.state)?));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane as WireLane;

    use super::*;

    fn least() -> v1::Listing {
        v1::Listing {
            lane_hint: WireLane::Urgent.into(),
            language: "fr".to_owned(),
            ..v1::Listing::default()
        }
    }

    #[test]
    fn two_answers_list_a_lane_and_a_language_only() {
        let listing = Listing::parse(Some(least())).unwrap();
        assert_eq!(listing.language.as_str(), "fr");
        assert_eq!(listing.kind, RequesterKind::Unspecified);
        assert_eq!(Listing::parse(Some(listing.to_wire())), Ok(listing));
    }

    #[test]
    fn a_hint_that_danger_contradicts_is_not_believed() {
        for (danger, hint, lane) in [
            (Danger::Yes, WireLane::Standard, Lane::Critical),
            (Danger::NotSure, WireLane::Standard, Lane::Urgent),
            (Danger::No, WireLane::Critical, Lane::Critical),
            (Danger::Unspecified, WireLane::Standard, Lane::Standard),
        ] {
            let sent = v1::Listing { danger: danger.into(), lane_hint: hint.into(), ..least() };
            let listing = Listing::parse(Some(sent)).unwrap();
            assert_eq!((listing.lane_hint, listing.danger), (lane, danger));
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let consent = |purpose, state| v1::Consent { purpose, state };
        for (listing, field) in [
            (None, "listing"),
            (Some(v1::Listing { lane_hint: 0, ..least() }), "listing.lane_hint"),
            (Some(v1::Listing { lane_hint: 9, ..least() }), "listing.lane_hint"),
            (Some(v1::Listing { language: "French".to_owned(), ..least() }), "listing.language"),
            (Some(v1::Listing { language: String::new(), ..least() }), "listing.language"),
            (Some(v1::Listing { kind: 77, ..least() }), "listing.kind"),
            (Some(v1::Listing { mode: -1, ..least() }), "listing.mode"),
            (Some(v1::Listing { trigger: 3, ..least() }), "listing.trigger"),
            (Some(v1::Listing { danger: 4, ..least() }), "listing.danger"),
            (Some(v1::Listing { consents: vec![consent(0, 1)], ..least() }), "listing.consents[0].purpose"),
            (Some(v1::Listing { consents: vec![consent(1, 0)], ..least() }), "listing.consents[0].state"),
            (
                Some(v1::Listing { consents: vec![consent(1, 1), consent(1, 2)], ..least() }),
                "listing.consents[1].purpose",
            ),
        ] {
            assert_eq!(Listing::parse(listing).unwrap_err().violations[0].field, field);
        }
    }
}
