//! What each page shows, and how it becomes bytes.

use std::sync::LazyLock;

use askama::Template;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::{
    answers::{Answers, Fault},
    form::Unclear,
    l10n::L10nLanguage,
    language::Language,
    settings::Contact,
};

/// The style of pages on which something is done, which are to be small; on one line, as each style.
pub(crate) static SMALL_STYLE: LazyLock<String> =
    LazyLock::new(|| include_str!("../templates/small.css").replace('\n', ""));

/// The style of every other page: what only they use, and the small one. That comes last, for it ends with what changes in
/// the dark and in print.
pub(crate) static STYLE: LazyLock<String> =
    LazyLock::new(|| include_str!("../templates/rest.css").replace('\n', "") + SMALL_STYLE.as_str());

/// The hashes of both, as a content security policy names them.
pub(crate) static STYLE_HASHES: LazyLock<[String; 2]> = LazyLock::new(|| {
    [&STYLE, &SMALL_STYLE].map(|style| format!("sha256-{}", BASE64.encode(&Sha256::digest(style.as_bytes()))))
});

/// "You may write in your own language", for readers of none of the three.
const OWN_LANGUAGE: [(&str, &str, &str); 12] = [
    ("en", "ltr", "You may write in your own language."),
    ("fr", "ltr", "Vous pouvez écrire dans votre langue."),
    ("ar", "rtl", "يمكنك الكتابة بلغتك."),
    ("es", "ltr", "Puede escribir en su idioma."),
    ("pt", "ltr", "Pode escrever na sua língua."),
    ("ru", "ltr", "Вы можете писать на своём языке."),
    ("uk", "ltr", "Ви можете писати своєю мовою."),
    ("fa", "rtl", "می‌توانید به زبان خودتان بنویسید."),
    ("tr", "ltr", "Kendi dilinizde yazabilirsiniz."),
    ("my", "ltr", "သင့်ဘာသာစကားဖြင့် ရေးနိုင်ပါသည်။"),
    ("zh", "ltr", "您可以用自己的语言书写。"),
    ("am", "ltr", "በራስዎ ቋንቋ መጻፍ ይችላሉ።"),
];

/// What every page has.
pub(crate) struct Page {
    pub(crate) lang: Language,
    pub(crate) t: &'static L10nLanguage,
    pub(crate) title: String,
    pub(crate) style: &'static str,
}

impl Page {
    /// A page in this language under this title.
    pub(crate) fn new(lang: Language, title: impl Fn(&L10nLanguage) -> String) -> Self {
        let t = lang.texts();
        Self { lang, t, title: title(t), style: &STYLE }
    }

    /// The same, whose title begins with the word for error.
    pub(crate) fn at_fault(lang: Language, title: impl Fn(&L10nLanguage) -> String) -> Self {
        let page = Self::new(lang, title);
        Self { title: format!("{}: {}", page.t.title_error(), page.title), ..page }
    }
}

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home<'a> {
    pub(crate) p: Page,
    /// Who reads when, where that is known.
    pub(crate) reading: Option<String>,
    pub(crate) critical: bool,
    pub(crate) helplines: &'a [Contact],
    pub(crate) own_language: &'static [(&'static str, &'static str, &'static str)],
}

impl<'a> Home<'a> {
    pub(crate) fn new(
        lang: Language,
        reading: Option<String>,
        critical: bool,
        helplines: &'a [Contact],
    ) -> Self {
        let p = Page::new(lang, L10nLanguage::title_write);
        Self { p, reading, critical, helplines, own_language: &OWN_LANGUAGE }
    }
}

#[derive(Template)]
#[template(path = "text.html")]
pub(crate) struct Text<'a> {
    pub(crate) p: Page,
    pub(crate) heading: String,
    pub(crate) texts: Vec<String>,
    pub(crate) lines: &'a [Contact],
    pub(crate) next: Option<(&'static str, String)>,
}

impl<'a> Text<'a> {
    /// A page that says this.
    pub(crate) const fn new(p: Page, heading: String, texts: Vec<String>) -> Self {
        Self { p, heading, texts, lines: &[], next: None }
    }

    /// The same, with a button to this address.
    pub(crate) fn leading_to(self, address: &'static str, label: String) -> Self {
        Self { next: Some((address, label)), ..self }
    }

    /// The same, with whom else to turn to.
    pub(crate) fn with_contacts(self, contacts: &'a [Contact]) -> Self {
        Self { lines: contacts, ..self }
    }
}

pub(crate) struct ShownFault {
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

#[derive(Template)]
#[template(path = "ask.html")]
pub(crate) struct Ask<'a> {
    pub(crate) p: Page,
    pub(crate) slip: String,
    pub(crate) a: &'a Answers,
    pub(crate) faults: Vec<ShownFault>,
    pub(crate) day: String,
    pub(crate) week: String,
    pub(crate) month: String,
    pub(crate) needs: [(&'static str, String); 9],
}

impl<'a> Ask<'a> {
    pub(crate) fn new(lang: Language, slip: String, answers: &'a Answers, faults: &[Fault]) -> Self {
        let title = L10nLanguage::title_write;
        let p = if faults.is_empty() { Page::new(lang, title) } else { Page::at_fault(lang, title) };
        let t = p.t;
        let shown = |fault: &Fault| ShownFault { field: fault.field(), text: fault_text(t, *fault) };
        let faults = faults.iter().map(shown).collect();
        let [day, week, month] = spans(lang);
        Self { p, slip, a: answers, faults, day, week, month, needs: needs(t) }
    }

    /// The same, with why it was refused as a whole: no one answer is at fault.
    pub(crate) fn refused(lang: Language, slip: String, answers: &'a Answers, text: String) -> Self {
        let p = Page::at_fault(lang, L10nLanguage::title_write);
        let faults = vec![ShownFault { field: "top", text }];
        Self { p, faults, ..Self::new(lang, slip, answers, &[]) }
    }

    /// Every question is asked here, and none back.
    #[allow(
        clippy::unused_self,
        reason = "a part of its template belongs to another page too, which asks some"
    )]
    const fn asks(&self, _: &str) -> bool {
        true
    }

    #[allow(clippy::unused_self, reason = "as above")]
    const fn asks_back(&self, _: &str) -> bool {
        false
    }

    fn fault(&self, field: &str) -> Option<&str> {
        self.faults.iter().find(|fault| fault.field == field).map(|fault| fault.text.as_str())
    }
}

/// What keeps answers from being sent, in words.
pub(crate) fn fault_text(t: &L10nLanguage, fault: Fault) -> String {
    match fault {
        Fault::StoryEmpty => t.error_story_empty(),
        Fault::ReachEmpty => t.error_reach_empty(),
        Fault::StoryLong | Fault::ReachLong | Fault::RestLong => t.error_long(),
        Fault::Nothing => t.messages_empty(),
    }
}

/// The spans that "if nothing is done" is asked for.
fn spans(lang: Language) -> [String; 3] {
    let t = lang.texts();
    [lang.hours(24), t.days(7), t.days(30)]
}

/// The needs as they are sent, each with its words.
fn needs(t: &L10nLanguage) -> [(&'static str, String); 9] {
    [
        ("medical", t.need_medical()),
        ("legal", t.need_legal()),
        ("relocation", t.need_relocation()),
        ("equipment", t.need_equipment()),
        ("subsistence", t.need_subsistence()),
        ("psychosocial", t.need_psychosocial()),
        ("digital", t.need_digital()),
        ("family", t.need_family()),
        ("continuity", t.need_continuity()),
    ]
}

#[derive(Template)]
#[template(path = "more.html")]
pub(crate) struct More<'a> {
    pub(crate) p: Page,
    pub(crate) id: String,
    pub(crate) a: &'a Answers,
    pub(crate) questions: Vec<&'static str>,
    pub(crate) unclear: Unclear,
    pub(crate) fault: Option<String>,
    pub(crate) day: String,
    pub(crate) week: String,
    pub(crate) month: String,
    pub(crate) needs: [(&'static str, String); 9],
}

impl<'a> More<'a> {
    pub(crate) fn new(
        lang: Language,
        id: String,
        answers: &'a Answers,
        (questions, unclear): (Vec<&'static str>, Unclear),
        fault: Option<String>,
    ) -> Self {
        let title = L10nLanguage::title_write;
        let p = if fault.is_none() { Page::new(lang, title) } else { Page::at_fault(lang, title) };
        let t = p.t;
        let [day, week, month] = spans(lang);
        Self { p, id, a: answers, questions, unclear, fault, day, week, month, needs: needs(t) }
    }

    fn asks(&self, field: &str) -> bool {
        self.questions.contains(&field)
    }

    fn asks_back(&self, field: &str) -> bool {
        self.unclear.has(field)
    }
}

#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct Code {
    pub(crate) p: Page,
    /// The address under which this site was reached.
    pub(crate) host: String,
    pub(crate) by: String,
    pub(crate) other_words: Option<String>,
    pub(crate) words_first: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) words: Vec<String>,
    pub(crate) places: [usize; 2],
    pub(crate) wrong: bool,
}

#[derive(Template)]
#[template(path = "cannot.html")]
pub(crate) struct Cannot<'a> {
    pub(crate) p: Page,
    pub(crate) id: String,
    pub(crate) text: &'a str,
    pub(crate) fault: Option<String>,
}

#[derive(Template)]
#[template(path = "back.html")]
pub(crate) struct Back<'a> {
    pub(crate) p: Page,
    pub(crate) faults: Vec<String>,
    pub(crate) typed: &'a str,
}

#[derive(Template)]
#[template(path = "status.html")]
pub(crate) struct Status {
    pub(crate) p: Page,
    pub(crate) turn: String,
    pub(crate) since: Option<String>,
    pub(crate) unclear: bool,
    pub(crate) acts: Vec<ActButton>,
}

/// A button that opens the page of an act.
pub(crate) struct ActButton {
    pub(crate) word: &'static str,
    pub(crate) name: String,
    /// Whether it is of the kind that we ask for.
    pub(crate) is_asked: bool,
}

pub(crate) struct ShownMessage {
    pub(crate) from_us: bool,
    pub(crate) when: String,
    pub(crate) text: String,
}

#[derive(Template)]
#[template(path = "messages.html")]
pub(crate) struct Messages<'a> {
    pub(crate) p: Page,
    pub(crate) acts: Vec<ActButton>,
    pub(crate) asked: Vec<String>,
    pub(crate) unopened: Option<String>,
    pub(crate) thread: Vec<ShownMessage>,
    pub(crate) sent: bool,
    /// The id of the question that is answered here; empty where none is open.
    pub(crate) question: String,
    pub(crate) id: String,
    pub(crate) typed: &'a str,
    pub(crate) fault: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_rest_of_the_style_is_used_by_no_page_that_has_the_small_one() {
        assert!(STYLE.ends_with(&*SMALL_STYLE) && SMALL_STYLE.len() + 500 < STYLE.len());
        assert!(SMALL_STYLE.contains("@media print") && !include_str!("../templates/rest.css").contains('@'));
        let pages = ["base", "act", "text"].map(|page| {
            std::fs::read_to_string(format!("{}/templates/{page}.html", env!("CARGO_MANIFEST_DIR"))).unwrap()
        });
        for rule in include_str!("../templates/rest.css").lines() {
            let name: String = rule[1..].chars().take_while(char::is_ascii_alphanumeric).collect();
            let used = match &rule[..1] {
                "." => format!("class=\"{name}\""),
                "#" => format!("id=\"{name}\""),
                tag => format!("<{tag}{name}"),
            };
            assert!(pages.iter().all(|page| !page.contains(&used)), "{rule}");
        }
    }
}
