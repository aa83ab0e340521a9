//! The texts of each language, as a reader meets them.

use fluent_syntax::{ast, parser};

use super::*;

#[test]
fn the_languages_that_nobody_has_read_are_those_whose_catalogues_say_so() {
    let unread = LANGUAGES.into_iter().filter(|lang| {
        let says = |text: &String| {
            text.lines()
                .find_map(|line| line.strip_prefix("# Not read by a native speaker: "))
                .map(str::to_owned)
        };
        files(&format!("locales/{lang}"))
            .iter()
            .any(|text| says(text).is_none_or(|said| !said.starts_with("no")))
    });
    let mut unread: Vec<_> = unread.collect();
    unread.sort_unstable();
    assert_eq!(unread, crate::UNREAD_LANGUAGES);
}

/// The texts of a catalogue, each with its name and, for one of several plural forms, the form.
fn texts(catalogue: &str) -> Vec<(String, Option<String>, String)> {
    let parsed = parser::parse(catalogue).unwrap();
    let mut texts = Vec::new();
    for entry in parsed.body {
        let ast::Entry::Message(message) = entry else { continue };
        collect(message.id.name, None, &message.value.unwrap(), &mut texts);
    }
    texts
}

fn collect(
    id: &str,
    form: Option<&str>,
    pattern: &ast::Pattern<&str>,
    texts: &mut Vec<(String, Option<String>, String)>,
) {
    let mut text = String::new();
    for element in &pattern.elements {
        match element {
            ast::PatternElement::TextElement { value } => text.push_str(value),
            ast::PatternElement::Placeable { expression: ast::Expression::Select { variants, .. } } => {
                for variant in variants {
                    let (ast::VariantKey::Identifier { name }
                    | ast::VariantKey::NumberLiteral { value: name }) = &variant.key;
                    collect(id, Some(name), &variant.value, texts);
                }
            }
            ast::PatternElement::Placeable { .. } => text.push('X'),
        }
    }
    if !text.is_empty() {
        texts.push((id.to_owned(), form.map(str::to_owned), text));
    }
}

#[test]
fn each_language_has_its_plural_forms_and_the_same_messages() {
    let names = |catalogue: &str| {
        texts(catalogue).into_iter().map(|(id, ..)| id).collect::<std::collections::BTreeSet<_>>()
    };
    for (lang, catalogue) in &*CATALOGUES {
        assert_eq!(names(catalogue), names(&CATALOGUES[0].1), "{lang}");
        // The categories of CLDR.
        let forms: &[&str] = match *lang {
            "en" => &["one", "other"],
            "fr" => &["one", "many", "other"],
            _ => &["zero", "one", "two", "few", "many", "other"],
        };
        let mut counted = std::collections::BTreeMap::<_, Vec<_>>::new();
        for (id, form, _) in texts(catalogue) {
            if let Some(form) = form {
                counted.entry(id).or_default().push(form);
            }
        }
        for (id, has) in &counted {
            assert_eq!(has, forms, "{lang} {id}");
        }
        assert!(["hours", "minutes", "days", "messages-unopened"].iter().all(|id| counted.contains_key(*id)));
        assert!(catalogue.contains("# Not read by a native speaker: "), "{lang} says who read it");
    }
}

/// The code of this crate's files in a folder without their tests, each line trimmed, a call on the line of what it calls.
fn code_in(folder: &std::path::Path) -> String {
    let mut code = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("tests") || path.ends_with("tests.rs") {
            continue;
        }
        if path.is_dir() {
            code.push_str(&code_in(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.split("#[cfg(test)]\nmod tests {").next().unwrap().lines().map(str::trim) {
                code.extend([if line.starts_with('.') { "" } else { " " }, line]);
            }
        }
    }
    code
}

#[test]
fn each_text_of_the_catalogues_is_shown_somewhere() {
    let folder = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let code = code_in(&folder("src")) + &code_in(&folder("templates"));
    let is_name =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let is_shown = |id: &str| {
        let name = id.replace('-', "_");
        ["t.", "t().", "texts.", "texts().", "L10nLanguage::"].iter().any(|of| {
            let call = format!("{of}{name}");
            code.match_indices(&call).any(|(at, _)| {
                !is_name(code[..at].chars().next_back()) && !is_name(code[at + call.len()..].chars().next())
            })
        })
    };
    assert!(!is_shown("skip") && is_shown("title-about"));
    for (id, ..) in texts(&CATALOGUES[0].1) {
        assert!(is_shown(&id), "{id}");
    }
}

#[test]
fn texts_are_short_and_hold_no_figure_and_no_word_that_is_never_shown() {
    let never = [
        "applicant",
        "beneficiary",
        "file",
        "files",
        "must",
        "case",
        "receipt",
        "dossier",
        "requérant",
        "bénéficiaire",
        "veuillez",
        "reçu",
        "يرجى",
        "المستفيد",
        "إيصال",
        "بلاغ",
        "تقرير",
    ];
    for (lang, catalogue) in &*CATALOGUES {
        for (id, _, text) in texts(catalogue) {
            assert!(!text.chars().any(char::is_numeric), "{lang} {id} holds a figure: {text}");
            for sentence in text.split(['.', '?', '!', '؟', ':', ';', '؛']) {
                assert!(sentence.split_whitespace().count() <= 20, "{lang} {id}: {sentence}");
            }
            for word in text.to_lowercase().split(|c: char| !c.is_alphabetic()) {
                assert!(!never.contains(&word), "{lang} {id}: {word}");
            }
        }
    }
}

#[test]
fn french_has_its_spaces_and_no_participle_with_two_endings() {
    for (id, _, text) in texts(&CATALOGUES[1].1) {
        for mark in ['?', '!', ';'] {
            assert!(!text.contains(&format!(" {mark}")), "{id}: {text}");
        }
        assert!(!text.contains(" :") && !text.contains('·') && !text.contains("(e)"), "{id}: {text}");
    }
}

/// Whoever is told to press something finds it under that very name.
#[test]
fn what_a_text_quotes_is_called_so() {
    for (lang, catalogue) in &*CATALOGUES {
        let texts = texts(catalogue);
        let text = |id: &str| &texts.iter().find(|(name, ..)| name == id).unwrap().2;
        for (quoting, quoted) in [
            ("code-finder", "act-seen"),
            ("back-not-found", "link-lost"),
            ("lost-way", "asked-before"),
            ("seen-way-lost", "asked-before"),
            ("seen-too-late", "asked-before"),
            ("error-reach-empty", "reach-here"),
            ("safe-leave", "leave"),
        ] {
            assert!(text(quoting).contains(text(quoted).as_str()), "{lang} {quoting}: {}", text(quoted));
        }
    }
}

/// A title stands in the history, in the list of recent apps, and on the screen of whoever looks over a shoulder.
#[test]
fn titles_say_nothing() {
    let convicting = [
        "help",
        "money",
        "grant",
        "press",
        "journalis",
        "danger",
        "emergency",
        "crisis",
        "flare",
        "aide",
        "argent",
        "presse",
        "urgence",
        "crise",
        "مساعدة",
        "مال",
        "صحف",
        "صحاف",
        "خطر",
        "طوارئ",
    ];
    for (lang, catalogue) in &*CATALOGUES {
        let titles: Vec<_> =
            texts(catalogue).into_iter().filter(|(id, ..)| id.starts_with("title-")).collect();
        assert_eq!(titles.len(), 6, "{lang}");
        for (id, _, text) in titles {
            let lower = text.to_lowercase();
            assert!(convicting.iter().all(|word| !lower.contains(word)), "{lang} {id}: {text}");
            assert!(text.split_whitespace().count() <= 5, "{lang} {id}: {text}");
        }
    }
}

/// The Latin letters that an Arabic page shows, but those that are listed.
pub(super) fn latin_in(html: &str) -> String {
    let body = html.split("<body").nth(1).unwrap();
    let mut text = String::new();
    // What is marked as another language is no Arabic.
    let mut skipping = false;
    for piece in body.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').unwrap();
        if tag.contains(" lang=\"") {
            skipping = !tag.contains("lang=\"ar\"");
        } else if tag.starts_with('/') && skipping {
            skipping = false;
            text.push_str(words);
            continue;
        }
        if !skipping {
            text.push_str(words);
        }
    }
    // The name of a helpline of this test.
    let text = text.replace("Line", "").replace("UTC", "");
    text.chars().filter(char::is_ascii_alphabetic).collect()
}

#[tokio::test]
async fn arabic_pages_hold_no_latin_letters_but_those_listed() {
    for path in PAGES {
        let html = get(&format!("/ar{path}")).await.html;
        assert_eq!(latin_in(&html), "", "/ar{path}");
    }
}
