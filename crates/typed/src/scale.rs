//! Words that multiply the amount before them: "5k", "2 lakh", "٣ آلاف", "10万".

use std::{collections::HashMap, sync::LazyLock};

use crate::names::spelled;

/// Each word, with the power of ten that it stands for; with two where it stands for one or the other.
const WORDS: &[(&[u32], &str)] = &[
    (&[3], "k thousand thousands mille milliers tausend tsd duizend tys тыс тысяча тысячи тысяч тис тисяча"),
    (
        &[3],
        "тисячі тисяч bin هزار ہزار ألف الف ألفا آلاف الاف हज़ार हजार হাজার elfu ሺ ሺህ ထောင် พัน ribu rb nghìn ngàn",
    ),
    (&[3], "千 천"),
    (&[4], "万 萬 만 သောင်း หมื่น"),
    (&[5], "lakh lakhs lac lacs लाख লাখ লক্ষ لاکھ لک သိန်း แสน laki"),
    (
        &[6],
        "million millions mn mln mio millón millones milhão milhões milione milioni millionen miljoen milion",
    ),
    (
        &[6],
        "миллион миллиона миллионов млн мільйон мільйони мільйонів milyon مليون ملايين میلیون ملین ሚሊዮን သန်း ล้าน",
    ),
    (&[6], "juta jt triệu"),
    (&[7], "crore crores करोड़ কোটি کروڑ"),
    (&[8], "億 亿 억"),
    (
        &[9],
        "milliard milliards millardo mrd млрд миллиард миллиарда миллиардов мільярд мільярдів milyar miliardo",
    ),
    (&[9], "miliardi مليار مليارات میلیارد ارب bn"),
    // A thousand in Latin figures and a million in a bank's; a thousand in Spanish and a million in spoken English.
    (&[6, 3], "m"),
    (&[3, 6], "mil"),
    // A thousand millions in English, a million of them in most of Europe.
    (&[9, 12], "billion billions billón billones bilhão bilhões بليون"),
];

/// The powers of ten that the word stands for, if it multiplies.
fn powers(word: &str) -> Option<&'static [u32]> {
    static POWERS: LazyLock<HashMap<String, &[u32]>> = LazyLock::new(|| {
        let all = WORDS.iter().flat_map(|(powers, words)| words.split(' ').map(|word| (word, *powers)));
        all.map(|(word, powers)| (spelled(word), powers)).collect()
    });
    POWERS.get(&spelled(word)).copied()
}

/// Cuts the word that multiplies off the front of what stands behind an amount.
pub(crate) fn cut_off(behind: &str) -> Option<(&'static [u32], &str)> {
    let word_ends = behind.find(|c: char| c.is_whitespace() || c == '.' || crate::currency::is_sign(c));
    let (word, rest) = behind.split_at(word_ends.unwrap_or(behind.len()));
    if let Some(powers) = powers(word) {
        let unit = rest.trim_start_matches('.').trim_start();
        let linked = ["d'", "d’", "de ", "of "].iter().find_map(|link| unit.strip_prefix(link));
        return Some((powers, linked.unwrap_or(unit)));
    }
    // No space parts the words of the far east.
    let (first, rest) = behind.split_at(behind.chars().next()?.len_utf8());
    powers(first).filter(|_| first >= "\u{3000}").map(|powers| (powers, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_in_two_rows() {
        let words: Vec<_> = WORDS.iter().flat_map(|(_, words)| words.split(' ')).map(spelled).collect();
        for (at, word) in words.iter().enumerate() {
            assert!(!words[..at].contains(word), "{word}");
        }
    }

    #[test]
    fn a_word_that_multiplies_is_cut_off_and_nothing_else_is() {
        for (behind, powers, rest) in [
            ("k", &[3][..], ""),
            ("K USD", &[3], "USD"),
            ("k€", &[3], "€"),
            ("lakh rupees", &[5], "rupees"),
            ("Mrd. €", &[9], "€"),
            ("万元", &[4], "元"),
            ("millions d'euros", &[6], "euros"),
        ] {
            assert_eq!(cut_off(behind), Some((powers, rest)), "{behind}");
        }
        for behind in ["", "kr", "KSh", "kyat", "€", "元", "kind", "t"] {
            assert_eq!(cut_off(behind), None, "{behind}");
        }
    }
}
