//! Languages, by their tags as BCP 47 and computers write them, and by their names in many languages.

use std::sync::LazyLock;

use flare_kernel::Language;
use icu_locale::{
    LanguageIdentifier, Locale, LocaleCanonicalizer,
    names::{LanguageIdentifierDisplayName, LanguageIdentifierDisplayNameOptions},
};
use writeable::TryWriteable as _;

use crate::{Reading, Rule, TwoWays, names::Index, text::clean_value};

/// The languages that are known by name: those the CLDR has names for in most others, and some of Flare's people.
const NAMED: &str = "aa af ak am ar ay az ba be bg bm bn bo bs ca ce ckb cs cy da de din dv dz ee el en eo es et eu fa ff \
    fi fil fon fr ga gl gn gu ha haz he hi hr ht hu hy id ig is it ja jv ka kab kg ki kk kl km kmr kn ko kok kr ks ku ky \
    lb lg ln lo lt lv mg mi mk ml mn mr ms mt my nb nd ne nl nn no nus ny om or os pa pl ps pt qu rn ro ru rw sa sat sd \
    se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tn to tr ts tt tw ug uk ur uz ve vi wo xh yi yo yue \
    zgh zh zu zh-Hans zh-Hant";

impl TwoWays for Language {
    fn two_ways(first: Self, second: Self) -> Rule {
        Rule::LanguageTwoWays { first, second }
    }
}

/// Reads a tag such as `zh-Hant`, `sr_Latn_RS`, `en_US.UTF-8` or `fra`, or a language's name.
///
/// A tag's form is checked, not the register: a language that a list forgot is spoken all the same.
pub fn read(text: &str) -> Reading<Language> {
    let text = clean_value(text);
    if let Some(language) = by_tag(&text) {
        return Reading::One(language);
    }
    match NAMES.get(&text) {
        [one] => Reading::One(one.clone()),
        [first, second, ..] => Reading::Two(first.clone(), second.clone()),
        [] => Reading::Unreadable(Rule::LanguageUnknown),
    }
}

/// The tag in its one form: capitals, and the newer of two codes for a language.
fn by_tag(text: &str) -> Option<Language> {
    // What a computer's settings add: an encoding, and a script or a currency behind an at sign.
    let (tag, modifier) = text.split_once('@').unwrap_or((text, ""));
    let tag = tag.split('.').next().unwrap_or_default().replace('_', "-");
    let primary = tag.split('-').next().unwrap_or_default();
    if !(2..=3).contains(&primary.len()) {
        return None;
    }
    let mut locale: Locale = tag.parse().ok()?;
    LocaleCanonicalizer::new_common().canonicalize(&mut locale);
    let script = match modifier.to_lowercase().as_str() {
        "latin" => "Latn".parse().ok(),
        "cyrillic" => "Cyrl".parse().ok(),
        "arabic" => "Arab".parse().ok(),
        _ => None,
    };
    locale.id.script = locale.id.script.or(script);
    Language::parse(&locale.id.to_string()).ok()
}

/// Every language by each of its names.
static NAMES: LazyLock<Index<Language>> = LazyLock::new(|| {
    let languages: Vec<Language> =
        NAMED.split_whitespace().filter_map(|tag| Language::parse(tag).ok()).collect();
    let mut names = Index::of(&languages, |written_in, language| {
        let Ok(id) = language.as_str().parse::<LanguageIdentifier>() else { return Vec::new() };
        let options = LanguageIdentifierDisplayNameOptions::default();
        let name = LanguageIdentifierDisplayName::try_new_heavy(written_in, id, options);
        name.ok().and_then(|name| written(&name)).into_iter().collect()
    });
    for (name, code) in
        [("farsi", "fa"), ("dari", "fa-AF"), ("sorani", "ckb"), ("kurmanji", "kmr"), ("mandarin", "zh")]
    {
        if let Ok(language) = Language::parse(code) {
            names.set(name, vec![language]);
        }
    }
    names
});

/// A name, unless none is known and the code would stand in its place.
fn written(name: &LanguageIdentifierDisplayName) -> Option<String> {
    name.as_borrowed().try_write_to_string().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_read_by_tag_and_name() {
        for (text, tag) in [
            ("en", "en"),
            ("FR", "fr"),
            ("ar\u{200f}", "ar"),
            ("ckb", "ckb"),
            ("pt-br", "pt-BR"),
            ("es-419", "es-419"),
            ("zh-Hant", "zh-Hant"),
            ("zh_hant_tw", "zh-Hant-TW"),
            ("sr-Latn-RS", "sr-Latn-RS"),
            ("sr_RS@latin", "sr-Latn-RS"),
            ("en_US.UTF-8", "en-US"),
            ("fra", "fr"),
            ("iw", "he"),
            ("ＡＲ", "ar"),
            ("de-CH-1996", "de-CH-1996"),
            ("ar-u-nu-latn", "ar"),
            ("pt\u{2011}BR", "pt-BR"),
            ("French", "fr"),
            ("français", "fr"),
            ("Arabic", "ar"),
            ("العربية", "ar"),
            ("عربي", "ar"),
            ("arabe", "ar"),
            ("မြန်မာ", "my"),
            ("አማርኛ", "am"),
            ("Kiswahili", "sw"),
            ("فارسی", "fa"),
            ("Farsi", "fa"),
            ("Українська", "uk"),
            ("русский", "ru"),
            ("中文", "zh"),
        ] {
            match read(text) {
                Reading::One(language) => assert_eq!(language.as_str(), tag, "{text}"),
                other @ (Reading::Two(..) | Reading::Unreadable(_)) => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn anything_else_is_no_language() {
        for text in ["", "e", "e1", "en-", "-GB", "en-4", "klingonish", "not a language", "\u{200b}"] {
            assert_eq!(read(text), Reading::Unreadable(Rule::LanguageUnknown), "{text}");
        }
    }
}
