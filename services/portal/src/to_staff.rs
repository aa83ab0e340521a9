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

/// Of somebody whose code is lost before their request came in.
pub(crate) fn lost_code(name: &str, case: CaseId) -> String {
    format!(
        "I cannot keep the code of my request before this one: {name}, {case}. Please reach me in this way. \
         (Nothing proves that both come from one person.)"
    )
}

/// One more way to reach somebody.
pub(crate) fn safe_way(way: &str) -> String {
    format!("A safe way to reach me: {way}")
}
