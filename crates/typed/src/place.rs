//! Countries, by their codes and by their names in many languages, and the right not to name one.

use std::sync::LazyLock;

use flare_kernel::{Country, Place};
use icu_locale::{names::RegionDisplayName, subtags::Region};

use crate::{
    Reading, Rule, TwoWays,
    names::{Index, folded},
    text::clean_value,
};

/// Codes in use that ISO 3166-1 has reserved or withdrawn, where one country follows.
const OTHER_CODES: &[(&str, &str)] = &[
    ("UK", "GB"),
    ("EL", "GR"),
    ("BU", "MM"),
    ("TP", "TL"),
    ("ZR", "CD"),
    ("KV", "XK"),
    ("XKX", "XK"),
    ("ROM", "RO"),
];

/// Names in use that the CLDR does not give, or gives to others too, and whose they are.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("england", "GB"),
    ("scotland", "GB"),
    ("wales", "GB"),
    ("great britain", "GB"),
    ("usa", "US"),
    ("america", "US"),
    ("uae", "AE"),
    ("drc", "CD"),
    ("rdc", "CD"),
    ("dr congo", "CD"),
    ("rd congo", "CD"),
    ("zaire", "CD"),
    ("congo", "CD CG"),
    ("الكونغو", "CD CG"),
    ("korea", "KR KP"),
    ("burma", "MM"),
    ("swaziland", "SZ"),
    ("czech republic", "CZ"),
    ("ivory coast", "CI"),
    ("palestine", "PS"),
    ("فلسطين", "PS"),
    ("gaza", "PS"),
    ("macedonia", "MK"),
    ("holland", "NL"),
    ("persia", "IR"),
];

const WITHHELD: [&str; 6] = ["withheld", "non communiqué", "ne pas dire", "محجوب", "لا أذكر", "reservado"];

impl TwoWays for Place {
    fn two_ways(first: Self, second: Self) -> Rule {
        match (first, second) {
            (Self::Country(first), Self::Country(second)) => Rule::PlaceTwoWays { first, second },
            (Self::Withheld, _) | (_, Self::Withheld) => Rule::PlaceUnknown,
        }
    }
}

/// Reads a country's code of two or three letters or its name, or `withheld`.
pub fn read(text: &str) -> Reading<Place> {
    let text = clean_value(text);
    let name = folded(&text);
    if WITHHELD.iter().any(|word| folded(word) == name) {
        return Reading::One(Place::Withheld);
    }
    if let Some(country) = by_code(&text) {
        return Reading::One(Place::Country(country));
    }
    match NAMES.get(&text) {
        [one] => Reading::One(Place::Country(*one)),
        [first, second, ..] => Reading::Two(Place::Country(*first), Place::Country(*second)),
        [] => Reading::Unreadable(Rule::PlaceUnknown),
    }
}

fn by_code(text: &str) -> Option<Country> {
    let code: String = text.chars().map(letter_of_flag).collect::<String>().to_uppercase();
    if let Some((_, country)) = OTHER_CODES.iter().find(|(other, _)| *other == code) {
        return Country::parse(country).ok();
    }
    match code.len() {
        2 => Country::parse(&code).ok(),
        3 => rust_iso3166::from_alpha3(&code).and_then(|country| Country::parse(country.alpha2).ok()),
        _ => None,
    }
}

/// A flag is written as two letters of its own kind.
fn letter_of_flag(c: char) -> char {
    let place = u32::from(c).checked_sub(0x1f1e6).filter(|place| *place < 26);
    place.and_then(|place| char::from_u32(u32::from('A') + place)).unwrap_or(c)
}

/// Every country by each of its names.
static NAMES: LazyLock<Index<Country>> = LazyLock::new(|| {
    let codes = rust_iso3166::ALL.iter().map(|country| country.alpha2).chain(["XK"]);
    let countries: Vec<Country> = codes.filter_map(|code| Country::parse(code).ok()).collect();
    let mut names = Index::of(&countries, |language, country| {
        let Ok(region) = country.code().parse::<Region>() else { return Vec::new() };
        [
            RegionDisplayName::try_new_light(language, region),
            RegionDisplayName::try_new_short_light(language, region),
        ]
        .into_iter()
        .flatten()
        .map(|name| writeable::Writeable::write_to_string(&name.as_borrowed()).into_owned())
        .collect()
    });
    for country in &countries {
        names.add(country.name(), country);
    }
    for (name, codes) in OTHER_NAMES {
        names.set(name, codes.split(' ').filter_map(|code| Country::parse(code).ok()).collect());
    }
    names
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_read_by_code_and_name() {
        for (text, code) in [
            ("SD", "SD"),
            ("sd\u{200f}", "SD"),
            ("ＳＤ", "SD"),
            ("SDN", "SD"),
            ("🇸🇩", "SD"),
            ("Sudan", "SD"),
            ("السودان", "SD"),
            ("Soudan", "SD"),
            ("UK", "GB"),
            ("United Kingdom", "GB"),
            ("EL", "GR"),
            ("Ελλάδα", "GR"),
            ("Myanmar", "MM"),
            ("Burma", "MM"),
            ("မြန်မာ", "MM"),
            ("Syria", "SY"),
            ("سوريا", "SY"),
            ("Syrian Arab Republic", "SY"),
            ("Côte d'Ivoire", "CI"),
            ("cote d’ivoire", "CI"),
            ("Ivory Coast", "CI"),
            ("Україна", "UA"),
            ("ایران", "IR"),
            ("Türkiye", "TR"),
            ("Turquie", "TR"),
            ("ኢትዮጵያ", "ET"),
            ("中国", "CN"),
            ("Kosovo", "XK"),
            ("Palestine", "PS"),
            ("USA", "US"),
            ("DRC", "CD"),
            ("Burkina Faso", "BF"),
            ("Guinea", "GN"),
            ("Niger", "NE"),
            ("الجزائر", "DZ"),
        ] {
            match read(text) {
                Reading::One(Place::Country(country)) => assert_eq!(country.code(), code, "{text}"),
                other @ (Reading::One(Place::Withheld) | Reading::Two(..) | Reading::Unreadable(_)) => {
                    panic!("{text}: {other:?}")
                }
            }
        }
        assert_eq!(read("Withheld\u{200e}"), Reading::One(Place::Withheld));
    }

    #[test]
    fn a_name_of_two_countries_reads_two_ways() {
        let said = read("Congo").one().unwrap_err().to_string();
        assert!(said.contains("write CD for") && said.contains("CG for"), "{said}");
    }

    #[test]
    fn anything_else_is_no_country() {
        for text in ["", "ZZ", "XX", "EU", "5D", "Atlantis", "\u{200b}"] {
            assert_eq!(read(text), Reading::Unreadable(Rule::PlaceUnknown), "{text}");
        }
    }
}
