//! What the portal itself writes to the team, beside the words of whoever asks: in English, which the team reads, whatever
//! language the page has.

use flare_kernel::CaseId;

/// Of somebody who cannot say on a page what became of a payment.
pub(crate) const ASK_ELSEWHERE: &str =
    "I cannot say on this page whether it arrived. Please ask me in the safe way I gave you.";
/// Of somebody who wants that a decline is looked at again, and says no more.
pub(crate) const LOOK_AGAIN: &str = "Please let another person look at this again.";
/// Of somebody who can be reached in no other way.
pub(crate) const ONLY_HERE: &str = "Only on this page, with the code.";
/// Of somebody who works for nobody.
pub(crate) const ALONE: &str = "Works without an outlet";
/// Of somebody who asked before.
pub(crate) const ASKED_BEFORE: &str = "Asked us before";

/// What happens if nothing is done, of somebody who asked a moment before.
pub(crate) const AS_BEFORE: &str = "As in my request before this one.";

/// Before an answer that no listed one is.
pub(crate) const DANGER: &str = "Danger within 24 hours, as sent";
/// Before a name that is to be used.
pub(crate) const NAME: &str = "To be called";
/// Before who uses the device.
pub(crate) const PHONE: &str = "This phone or computer (mine: nobody else uses it)";
/// Before a number of people that is no number.
pub(crate) const PEOPLE: &str = "About how many people, as typed";
/// Before a need that no listed one is.
pub(crate) const NEED: &str = "Need, as sent";

/// In the place of an answer that is longer than it.
pub(crate) const SEE_ELSEWHERE: &str = "See \"anything else\".";
/// Before answers that are longer than their places.
pub(crate) const LANGUAGE: &str = "Language to write in, as typed";
pub(crate) const KIND: &str = "Who asks, as typed";
pub(crate) const NOW: &str = "Country they are in now, as typed";
pub(crate) const PLACE: &str = "Country where it happened, as typed";
pub(crate) const DAY: &str = "If nothing is done within 24 hours, as typed";
pub(crate) const WEEK: &str = "If nothing is done within 7 days, as typed";
pub(crate) const MONTH: &str = "If nothing is done within 30 days, as typed";
pub(crate) const AMOUNT: &str = "About how much money, as typed";
pub(crate) const BY: &str = "Needed by, as typed";
pub(crate) const PAYMENT: &str = "Safe ways to receive money, as typed";
pub(crate) const ENDANGERING: &str = "Whose money would endanger them, as typed";

/// Who else was asked, where it is told in a line.
pub(crate) fn other(name: &str, may_check: bool) -> String {
    let may = if may_check { "you may speak with them" } else { "do not speak with them" };
    format!("Asked too ({may}): {name}")
}

/// Who can vouch, where it is told in a line.
pub(crate) fn reference(who: &str, contact: &str, may_name: bool) -> String {
    let may = if may_name { "you may tell them my name" } else { "do not tell them my name" };
    format!("Can vouch ({may}): {who}, {contact}")
}

/// Of somebody whose code is lost before their request came in. The request has no name yet, but an id it has.
pub(crate) fn lost_code(case: CaseId) -> String {
    format!(
        "I cannot keep the code of my request before this one: {case}. Please reach me in this way. \
         (Nothing proves that both come from one person.)"
    )
}

/// One more way to reach somebody.
pub(crate) fn safe_way(way: &str) -> String {
    format!("A safe way to reach me: {way}")
}
