//! Two answers, a code, a question, and the answer to it.

use super::visitor::{CODE, MESSAGES, SEND, Visitor, WRITE};
use crate::{
    acts::{Case, text},
    harness::until,
};

/// What somebody writes in a language, and how they write the digits of a code.
struct Voice {
    story: &'static str,
    reach: &'static str,
    question: &'static str,
    answer: &'static str,
    digits: [char; 10],
}

fn voice(lang: &str) -> Voice {
    match lang {
        "ar" => Voice {
            story: "جاؤوا ليلاً وأخذوا كل الأجهزة من المكتب.\nنحن ثلاثة.",
            reach: "سيغنال بعد السادسة مساءً",
            question: "كم شخصاً معك؟",
            answer: "ثلاثة، بينهم طفلان.",
            digits: ['٠', '١', '٢', '٣', '٤', '٥', '٦', '٧', '٨', '٩'],
        },
        _ => Voice {
            story: "They came at night and took every device.\nWe are three.",
            reach: "Signal, after 18:00",
            question: "How many of you are there?",
            answer: "Three, two of them small.",
            digits: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
        },
    }
}

/// Gives the case, and its code as somebody who writes this language wrote it down.
pub(super) fn from_the_first_page_to_an_answer<'v>(visitor: &Visitor<'v>, lang: &str) -> (Case<'v>, String) {
    let (browser, voice) = (visitor.browser, voice(lang));
    visitor.open(&format!("/{lang}"));
    browser.clicks(&format!("a[href='/{lang}/ask']"), "#story");
    visitor.writes(voice.story, voice.reach);
    another_language_keeps_what_was_typed(visitor, lang, voice.story);
    browser.click("input[name='danger'][value='yes']");
    browser.clicks(SEND, CODE);
    let code = visitor.code();
    let case = visitor.case(&code);
    assert_eq!(case.show()["answers"]["request.happened"], voice.story);
    assert_eq!(case.show()["answers"]["request.contact"], voice.reach);
    assert_eq!(case.show()["case"]["lane"], "critical", "danger was ticked");

    browser.clicks("a.b[href$='/status']", MESSAGES);
    leaves(visitor);
    asked(&case, voice.question);
    let places = "0123456789".chars().zip(voice.digits);
    let written = places.fold(code.digits, |text, (plain, own)| text.replace(plain, &own.to_string()));
    for back_with in [&code.words, &written] {
        visitor.comes_back(lang, back_with);
        browser.clicks(MESSAGES, WRITE);
        assert!(browser.texts(".m").concat().contains(voice.question), "the question is there to read");
        leaves(visitor);
    }
    visitor.comes_back(lang, &written);
    browser.clicks(MESSAGES, WRITE);
    browser.types(WRITE, voice.answer);
    browser.clicks("form[action$='/write'] button", "[role='status']");
    until("the answer has arrived", || case.message("answer", voice.answer));
    until("triage goes on", || (case.stage() == "assessing").then_some(()));
    assert!(browser.texts(".m").concat().contains(voice.answer), "what was written is there to read");
    assert_eq!(text(&case.show()["case"]["stage"]), "assessing");
    leaves(visitor);
    (case, written)
}

/// There and back again: no word is lost on the way.
fn another_language_keeps_what_was_typed(visitor: &Visitor<'_>, lang: &str, story: &str) {
    let browser = visitor.browser;
    let other = if lang == "fr" { "ar" } else { "fr" };
    for to in [other, lang] {
        browser.clicks(&format!("button[name='to'][value='{to}']"), &format!("html[lang='{to}'] #story"));
        assert!(browser.everything().contains(story), "{to}");
    }
}

/// An officer takes the case and asks.
fn asked(case: &Case<'_>, question: &str) {
    case.take();
    let words = case.words(question);
    case.officer_act(&["ask"], &["--text-file", &words], || case.message("question", question).is_some());
    case.stands("waiting-for-you");
}

/// Leaves for another site; nothing opens any more without the code.
fn leaves(visitor: &Visitor<'_>) {
    let browser = visitor.browser;
    browser.click("a[href='/leave']");
    until("another site is open", || browser.url().starts_with("https://localhost:").then_some(()));
    for path in ["/en/status", "/en"] {
        visitor.open(path);
        assert!(!browser.has(MESSAGES), "{path}");
    }
}
