//! The words that a form uses for what is listed as a number.

use flare_contracts::{
    common::v1::{Mode, NeedKind, Trigger},
    intake::v1::{ConsentState, Danger, RequesterKind},
};

/// A word as it is looked up, however it was typed.
fn word(typed: &str) -> String {
    flare_typed::text::clean_value(typed).to_lowercase()
}

/// All needs, for a refusal.
pub(super) const NEEDS: &str =
    "medical, legal, relocation, equipment, subsistence, psychosocial, digital, family, continuity";

/// The need of this name.
pub fn need_kind(name: &str) -> Option<NeedKind> {
    match word(name).as_str() {
        "medical" => Some(NeedKind::Medical),
        "legal" => Some(NeedKind::Legal),
        "relocation" => Some(NeedKind::Relocation),
        "equipment" => Some(NeedKind::Equipment),
        "subsistence" => Some(NeedKind::Subsistence),
        "psychosocial" => Some(NeedKind::Psychosocial),
        "digital" => Some(NeedKind::Digital),
        "family" => Some(NeedKind::Family),
        "continuity" => Some(NeedKind::Continuity),
        _ => None,
    }
}

/// The kind of requester of this name.
pub(super) fn requester_kind(name: &str) -> Option<RequesterKind> {
    match word(name).as_str() {
        "individual" => Some(RequesterKind::Individual),
        "outlet" => Some(RequesterKind::Outlet),
        "organisation" => Some(RequesterKind::Organisation),
        "unregistered group" => Some(RequesterKind::UnregisteredGroup),
        _ => None,
    }
}

/// What these words say of danger.
pub(super) fn danger(text: &str) -> Option<Danger> {
    match word(text).as_str() {
        "yes" => Some(Danger::Yes),
        "no" => Some(Danger::No),
        "not sure" => Some(Danger::NotSure),
        _ => None,
    }
}

/// The mode of this name.
pub(super) fn mode(name: &str) -> Option<Mode> {
    match word(name).as_str() {
        "preventive" => Some(Mode::Preventive),
        "reactive" => Some(Mode::Reactive),
        _ => None,
    }
}

/// The trigger of this name.
pub(super) fn trigger(name: &str) -> Option<Trigger> {
    match word(name).as_str() {
        "negative" => Some(Trigger::Negative),
        "positive" => Some(Trigger::Positive),
        _ => None,
    }
}

/// The consent that these words are.
pub(super) fn consent_state(text: &str) -> Option<ConsentState> {
    match word(text).as_str() {
        "agreed" => Some(ConsentState::Agreed),
        "refused" => Some(ConsentState::Refused),
        "cannot be asked" => Some(ConsentState::CannotBeAsked),
        _ => None,
    }
}
