//! The one shape of a page on which something is done: what it is about, and a few buttons.

use askama::Template;
use flare_seal::Receipt;

use crate::{
    act_id::ActId,
    acts::Act,
    answers::Body,
    l10n::L10nLanguage,
    language::Language,
    pages::{Page, SMALL_STYLE},
    settings::Contact,
};

/// What a page carries from when it was drawn to when it is sent back.
pub(crate) struct Carried {
    /// Tells this act from every other; none where it was altered.
    pub(crate) id: Option<ActId>,
    /// The grant, payment or need it is about; empty where it is about none.
    pub(crate) about: String,
    /// What was shown of it.
    pub(crate) shown: String,
}

/// Where something can be written.
#[derive(Default)]
pub(crate) enum Field {
    /// Nowhere.
    #[default]
    None,
    /// On one line, under this label.
    Line(String),
    /// On several.
    Words(String),
}

/// Buttons that send the same.
#[derive(Default)]
pub(crate) struct ActForm {
    pub(crate) question: String,
    pub(crate) choices: Vec<(&'static str, String)>,
    pub(crate) field: Field,
    pub(crate) buttons: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "act.html")]
pub(crate) struct ActPage<'a> {
    pub(crate) p: Page,
    pub(crate) heading: String,
    pub(crate) fault: Option<String>,
    pub(crate) texts: Vec<String>,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) quoted: Option<String>,
    pub(crate) act: &'static str,
    pub(crate) carried: String,
    pub(crate) forms: Vec<ActForm>,
    pub(crate) typed: &'a str,
    pub(crate) next: Option<String>,
    pub(crate) lines: &'a [Contact],
}

impl Act {
    /// What it is called on its button and above its page.
    pub(crate) fn name(self, t: &L10nLanguage) -> String {
        match self {
            Self::Proposal => t.act_proposal(),
            Self::Agreement => t.act_agreement(),
            Self::Money => t.act_money(),
            Self::Report => t.act_report(),
            Self::Review => t.act_review(),
            Self::Change => t.act_change(),
            Self::Stop => t.act_stop(),
            Self::Seen => t.act_seen(),
        }
    }
}

impl Carried {
    /// As the page carries it.
    pub(crate) fn written(&self) -> String {
        let id = self.id.as_ref().map_or("", ActId::as_str);
        format!("{id}.{}.{}", self.about, self.shown)
    }

    /// What a page brought back; none where it was opened by a button of another page.
    pub(crate) fn read(body: &Body, code: &Receipt) -> Option<Self> {
        let text = body.text("h");
        let mut parts = text.splitn(3, '.').map(str::to_owned);
        let (id, about, shown) = (parts.next()?, parts.next(), parts.next());
        (!text.is_empty()).then(|| Self {
            id: ActId::read(code, &id),
            about: about.unwrap_or_default(),
            shown: shown.unwrap_or_default(),
        })
    }
}

impl ActForm {
    /// Whether something can be written in it.
    pub(crate) const fn takes_words(&self) -> bool {
        match self.field {
            Field::None => false,
            Field::Line(_) | Field::Words(_) => true,
        }
    }

    /// One button.
    pub(crate) fn button(value: &'static str, label: String) -> Self {
        Self { buttons: vec![(value, label)], ..Self::default() }
    }
}

/// What every page of an act has.
pub(crate) fn small(lang: Language, is_at_fault: bool) -> Page {
    let title = L10nLanguage::title_messages;
    let page = if is_at_fault { Page::at_fault(lang, title) } else { Page::new(lang, title) };
    Page { style: &SMALL_STYLE, ..page }
}

impl<'a> ActPage<'a> {
    /// A page of this act that says nothing yet.
    pub(crate) fn new(
        lang: Language,
        act: Act,
        carried: &Carried,
        fault: Option<String>,
        typed: &'a str,
    ) -> Self {
        let p = small(lang, fault.is_some());
        Self {
            heading: act.name(p.t),
            p,
            fault,
            texts: Vec::new(),
            facts: Vec::new(),
            quoted: None,
            act: act.word(),
            carried: carried.written(),
            forms: Vec::new(),
            typed,
            next: None,
            lines: &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_carries_comes_back_and_what_was_altered_has_no_id() {
        let body = |text: &str| Body::read(format!("h={text}").as_bytes());
        let code = Receipt::from_bytes([7; 15]);
        let carried = Carried {
            id: Some(ActId::draw(&code).unwrap()),
            about: "grant_a".to_owned(),
            shown: "message_b".to_owned(),
        };
        let back = Carried::read(&body(&carried.written()), &code).unwrap();
        assert_eq!(back.written(), carried.written());
        assert!(Carried::read(&body(""), &code).is_none());
        for altered in ["x", "..", "0f.grant_a.message_b", "%00.a.b.c", &"a".repeat(10_000)] {
            assert_eq!(Carried::read(&body(altered), &code).unwrap().id, None, "{altered}");
        }
    }
}
