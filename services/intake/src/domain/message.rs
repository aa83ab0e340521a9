//! Who may write what to the thread, and about what.

use flare_contracts::{Cause, InputRule, Refusal, input, intake::v1::MessageKind};
use flare_kernel::{GrantId, MessageId, NeedId};

use crate::author::Author;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Nothing,
    /// A question of the same thread.
    Question(MessageId),
    Need(NeedId),
    Grant(GrantId),
}

impl About {
    /// The id, or nothing.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Question(id) => id.to_string(),
            Self::Need(id) => id.to_string(),
            Self::Grant(id) => id.to_string(),
        }
    }
}

/// Refuses a kind that is not this author's to write.
pub(crate) fn may_write(author: &Author, kind: MessageKind) -> Result<(), Refusal> {
    let (allowed, list) = match author {
        Author::Requester => (
            matches!(
                kind,
                MessageKind::Text
                    | MessageKind::Answer
                    | MessageKind::Report
                    | MessageKind::Change
                    | MessageKind::Review
            ),
            "text, answer, report, change, review",
        ),
        Author::Staff(_) => (
            matches!(
                kind,
                MessageKind::Text
                    | MessageKind::Question
                    | MessageKind::Decision
                    | MessageKind::Proposal
                    | MessageKind::Agreement
            ),
            "text, question, decision, proposal, agreement",
        ),
    };
    let rule = || InputRule::NotYoursToWrite { kinds: list.to_owned() };
    if allowed { Ok(()) } else { Err(Refusal::invalid("kind", rule())) }
}

/// Refuses words of staff that cross a message of the requester. They would count as its answer: the notice that asks for
/// one would be settled, and nobody would be told again of what nobody read.
pub(crate) fn has_seen(seen: i64, newest_of_requester: i64) -> Result<(), Refusal> {
    if seen >= newest_of_requester {
        return Ok(());
    }
    let rule = InputRule::TooSmall { least: newest_of_requester };
    Err(Refusal::from(Cause::MessagesCrossed).field("seen", rule))
}

/// Reads what a message of this kind is about.
pub(crate) fn about(kind: MessageKind, text: &str) -> Result<About, Refusal> {
    match kind {
        MessageKind::Unspecified => Err(Refusal::invalid("kind", InputRule::Required)),
        MessageKind::Answer => input::id("about", text).map(About::Question),
        MessageKind::Proposal | MessageKind::Agreement | MessageKind::Report => {
            input::id("about", text).map(About::Grant)
        }
        MessageKind::Review => input::id("about", text).map(About::Need),
        MessageKind::Text | MessageKind::Question | MessageKind::Decision | MessageKind::Change
            if text.is_empty() =>
        {
            Ok(About::Nothing)
        }
        MessageKind::Text | MessageKind::Question | MessageKind::Decision | MessageKind::Change => {
            of_case(text)
        }
    }
}

/// A need or a grant, told apart by the id's own prefix.
fn of_case(text: &str) -> Result<About, Refusal> {
    let need = text.parse().map(About::Need);
    let found = need.or_else(|_| text.parse().map(About::Grant));
    found.map_err(|_| Refusal::invalid("about", InputRule::NeitherNeedNorGrant))
}

#[cfg(test)]
mod tests {
    use flare_kernel::{PersonId, StaffId};

    use super::*;

    const KINDS: [MessageKind; 9] = [
        MessageKind::Text,
        MessageKind::Question,
        MessageKind::Answer,
        MessageKind::Decision,
        MessageKind::Proposal,
        MessageKind::Agreement,
        MessageKind::Report,
        MessageKind::Change,
        MessageKind::Review,
    ];

    #[test]
    fn each_side_writes_its_own_kinds() {
        let staff = Author::Staff(StaffId::from_bytes([1; 16]));
        let by = |author: &Author| KINDS.map(|kind| may_write(author, kind).is_ok());
        assert_eq!(by(&Author::Requester), [true, false, true, false, false, false, true, true, true]);
        assert_eq!(by(&staff), [true, true, false, true, true, true, false, false, false]);
        for author in [&Author::Requester, &staff] {
            assert_eq!(may_write(author, MessageKind::Unspecified).unwrap_err().violations[0].field, "kind");
        }
    }

    #[test]
    fn words_that_cross_the_requesters_are_stale() {
        assert_eq!(has_seen(0, 0), Ok(()), "nothing was written");
        assert_eq!(has_seen(5, 5), Ok(()));
        assert_eq!(has_seen(6, 5), Ok(()), "staff wrote last");
        let refusal = has_seen(4, 5).unwrap_err();
        assert_eq!((refusal.kind, refusal.reason), (flare_contracts::Kind::Stale, "MESSAGES_CROSSED"));
        assert_eq!(refusal.violations[0].field, "seen");
    }

    #[test]
    fn each_kind_is_about_what_it_must_be() {
        let (message, need) = (MessageId::from_bytes([1; 16]), NeedId::from_bytes([2; 16]));
        let (grant, person) = (GrantId::from_bytes([3; 16]), PersonId::from_bytes([4; 16]));
        let texts =
            [String::new(), message.to_string(), need.to_string(), grant.to_string(), person.to_string()];
        for kind in KINDS {
            let found = texts.each_ref().map(|text| about(kind, text).ok());
            let expected = match kind {
                MessageKind::Answer => [None, Some(About::Question(message)), None, None, None],
                MessageKind::Proposal | MessageKind::Agreement | MessageKind::Report => {
                    [None, None, None, Some(About::Grant(grant)), None]
                }
                MessageKind::Review => [None, None, Some(About::Need(need)), None, None],
                MessageKind::Text
                | MessageKind::Question
                | MessageKind::Decision
                | MessageKind::Change
                | MessageKind::Unspecified => {
                    [Some(About::Nothing), None, Some(About::Need(need)), Some(About::Grant(grant)), None]
                }
            };
            assert_eq!(found, expected, "{kind:?}");
            for (about, text) in
                found.iter().zip(&texts).filter_map(|(about, text)| Some((about.as_ref()?, text)))
            {
                assert_eq!(about.text(), *text);
            }
        }
    }
}
