//! What somebody wrote on the page, as it was typed: kept whole, shown again whole, and sent even when it reads oddly.

use std::collections::BTreeMap;

use flare_contracts::answers::{CONTACT, HAPPENED, answer_rule};
use flare_typed::text::{characters, has_visible};
use zeroize::Zeroize;

/// Names and values of a body at most; what comes after is no form of ours.
const MOST_FIELDS: usize = 200;
/// What the portal writes beside an answer that it puts elsewhere, in characters.
const ROOM: usize = 300;

/// One line of the page with up to three things in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// Who.
    pub(crate) name: String,
    /// How to reach them.
    pub(crate) contact: String,
    /// Whether they may be spoken with, or told the requester's name.
    pub(crate) may: bool,
}

/// The answers of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) danger: String,
    pub(crate) story: String,
    pub(crate) reach: String,
    pub(crate) way: String,
    pub(crate) phone: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) kind: String,
    pub(crate) alone: bool,
    pub(crate) now: String,
    pub(crate) place: String,
    pub(crate) day: String,
    pub(crate) week: String,
    pub(crate) month: String,
    pub(crate) needs: Vec<String>,
    pub(crate) people: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) by: String,
    pub(crate) payment: String,
    pub(crate) endangering: String,
    pub(crate) others: [Person; 2],
    pub(crate) before: bool,
    pub(crate) references: [Person; 2],
    pub(crate) anything: String,
}

/// How long a story or a way to be reached may be that is typed into a page: what the portal writes beside it has room.
pub(crate) fn most_characters(name: &str) -> usize {
    answer_rule(name).map_or(0, |rule| rule.max_characters.saturating_sub(ROOM))
}

/// What keeps a form from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    StoryEmpty,
    StoryLong,
    ReachEmpty,
    ReachLong,
    /// Everything below the first Send, taken together.
    RestLong,
    /// Nothing at all, where something is added.
    Nothing,
}

impl Fault {
    /// The field it is about.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::StoryEmpty | Self::StoryLong => "story",
            Self::ReachEmpty | Self::ReachLong => "reach",
            Self::RestLong | Self::Nothing => "anything",
        }
    }
}

/// A body of the kind that forms send. Broken encodings become the replacement character; nothing is refused.
pub(crate) struct Body(BTreeMap<String, Vec<String>>);

impl Body {
    /// Reads a body.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in form_urlencoded::parse(bytes).take(MOST_FIELDS) {
            // Browsers send CR LF for a line break.
            fields.entry(name.into_owned()).or_default().push(value.replace("\r\n", "\n"));
        }
        Self(fields)
    }

    /// The first value of this name; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Answers {
    /// What a body holds of them.
    pub(crate) fn read(body: &Body) -> Self {
        let text = |name: &str| body.text(name).to_owned();
        // One line is one line: a line break in it could only be made to look like another answer.
        let line = |name: &str| body.text(name).replace(['\n', '\r'], " ");
        let is_on = |name: &str| !body.text(name).is_empty();
        let person = |name: [&str; 3], index: usize| Person {
            name: line(&format!("{}{index}", name[0])),
            contact: line(&format!("{}{index}", name[1])),
            may: is_on(&format!("{}{index}", name[2])),
        };
        Self {
            danger: line("danger"),
            story: text("story"),
            reach: text("reach"),
            way: line("way"),
            phone: line("phone"),
            name: line("name"),
            language: line("language"),
            kind: line("kind"),
            alone: is_on("alone"),
            now: line("now"),
            place: line("place"),
            day: line("day"),
            week: line("week"),
            month: line("month"),
            needs: body.all("need").to_vec(),
            people: line("people"),
            amount: line("amount"),
            currency: line("currency"),
            by: line("by"),
            payment: text("payment"),
            endangering: text("endangering"),
            others: [0, 1].map(|index| person(["other", "", "check"], index)),
            before: is_on("before"),
            references: [0, 1].map(|index| person(["who", "how", "tell"], index)),
            anything: text("anything"),
        }
    }

    /// Whether a need is ticked.
    pub(crate) fn has_need(&self, need: &&str) -> bool {
        self.needs.iter().any(|ticked| ticked == need)
    }

    /// Whether the page is the only way to reach whoever asks.
    pub(crate) fn only_here(&self) -> bool {
        self.way == "here"
    }

    /// What keeps it from being sent: the two first answers, when they say nothing or are too long, and a rest that no
    /// request could carry.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !has_visible(&self.story) {
            faults.push(Fault::StoryEmpty);
        } else if characters(&self.story) > most_characters(HAPPENED) {
            faults.push(Fault::StoryLong);
        }
        if !has_visible(&self.reach) && !self.only_here() {
            faults.push(Fault::ReachEmpty);
        } else if characters(&self.reach) > most_characters(CONTACT) {
            faults.push(Fault::ReachLong);
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(body: &str) -> Answers {
        Answers::read(&Body::read(body.as_bytes()))
    }

    #[test]
    fn two_answers_are_enough_and_odd_ones_do_not_stop_anybody() {
        let sent = answers("story=They+came&reach=Signal&amount=about+500&now=Sudan&by=tomorrow&people=six");
        assert_eq!(sent.faults(), []);
        assert_eq!((sent.amount.as_str(), sent.now.as_str()), ("about 500", "Sudan"));
    }

    #[test]
    fn only_empty_or_long_story_and_reach_stop() {
        assert_eq!(answers("").faults(), [Fault::StoryEmpty, Fault::ReachEmpty]);
        assert_eq!(answers("story=%E2%80%8F+%0A&reach=x").faults(), [Fault::StoryEmpty]);
        assert_eq!(answers("story=x&way=here").faults(), []);
        let long = format!("story={}&reach={}", "a".repeat(20_000), "b".repeat(2_000));
        assert_eq!(answers(&long).faults(), [Fault::StoryLong, Fault::ReachLong]);
    }

    #[test]
    fn a_line_stays_one_line_and_a_text_keeps_its_own() {
        let read = answers("who0=Ana%0Amust+hear&story=a%0D%0Ab");
        assert_eq!((read.references[0].name.as_str(), read.story.as_str()), ("Ana must hear", "a\nb"));
    }

    #[test]
    fn broken_encodings_and_ten_thousand_fields_are_read_as_far_as_they_go() {
        let body = format!("story=%FF%zz&{}", "a=b&".repeat(10_000));
        assert!(answers(&body).story.starts_with('\u{fffd}'));
        assert_eq!(Body::read(body.as_bytes()).all("a").len(), MOST_FIELDS - 1);
    }
}
