//! The spellings that a phrase is searched in: as it is written, without an article that melts, with letters that are typed
//! in place of its own, and with what other endings leave of its words.

use flare_typed::text::is_invisible;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    letters::{
        Letter, UMLAUT, is_mark, is_of_prefixing_script, is_of_syllables, is_vowel, letters, orders_of,
    },
    tables::{ARTICLES, ENDINGS, INSTEAD},
};

/// A way to spell a phrase.
pub(super) struct Spelling {
    /// For each word the letters of which any may stand for it.
    pub(super) words: Vec<Vec<String>>,
    pub(super) stands: Stands,
}

/// Where in a text a spelling counts.
#[derive(Clone, Copy)]
pub(super) enum Stands {
    /// Within other letters too.
    Anywhere,
    /// From the beginning of a word on.
    FromABeginning,
    /// From the beginning of a word on, nearly to its end.
    NearlyAlone,
}

/// A word without its article has at least so many letters: a shorter one would be found everywhere.
const FEWEST_WITHOUT_ARTICLE: usize = 3;
/// What is left of a phrase of one word has at least so many letters, however it ended. With no more than these it counts
/// as a word of its own only: what is left of "radio" also stands in "tradition".
const FEWEST: usize = 4;
/// The same for a word among others, which tell it from other words.
const FEWEST_OF_SEVERAL: usize = 3;
/// And for all of these words together.
const FEWEST_TOGETHER: usize = 6;
/// And for scripts whose letters are a consonant with its vowel.
const FEWEST_SYLLABLES: usize = 3;

pub(super) fn spellings(phrase: &str) -> Vec<Spelling> {
    let phrase = phrase.nfc().collect::<String>().to_lowercase();
    let mut texts: Vec<String> = INSTEAD
        .iter()
        .filter(|(letter, _)| phrase.contains(*letter))
        .map(|(letter, other)| phrase.replace(*letter, other))
        .collect();
    texts.extend(without_article(&phrase));
    texts.push(phrase);
    texts.iter().flat_map(|text| spellings_of(text)).collect()
}

/// The phrase without an article, whatever invisible marks stand before it.
fn without_article(phrase: &str) -> Option<String> {
    let visible: String = phrase.chars().filter(|c| !is_invisible(*c) && !is_mark(*c)).collect();
    let visible = visible.trim_start_matches(|c: char| !c.is_alphanumeric());
    let bare = ARTICLES.iter().find_map(|article| visible.strip_prefix(article))?;
    (letters(bare).len() >= FEWEST_WITHOUT_ARTICLE).then(|| bare.to_owned())
}

fn spellings_of(text: &str) -> Vec<Spelling> {
    let string = |letters: &[Letter]| letters.iter().map(|letter| letter.own).collect::<String>();
    let letters = letters(text);
    let mut spellings = vec![Spelling { words: vec![vec![string(&letters)]], stands: Stands::Anywhere }];
    let words: Vec<_> = letters.chunk_by(|_, next| !next.opens_word).map(string).collect();
    match words.as_slice() {
        [] => {}
        [word] => spellings.extend(stems(word).into_iter().filter_map(one_word)),
        words => spellings.extend(several_words(words)),
    }
    spellings
}

/// A stem that is searched by itself.
fn one_word(stem: String) -> Option<Spelling> {
    let count = count(&stem);
    let fewest = if stem.contains(is_of_syllables) { FEWEST_SYLLABLES } else { FEWEST };
    let is_short = count <= FEWEST && !stem.contains(is_of_prefixing_script);
    let stands = if is_short { Stands::NearlyAlone } else { Stands::Anywhere };
    (count >= fewest).then(|| Spelling { words: vec![vec![stem]], stands })
}

/// Words each of which may end otherwise.
fn several_words(words: &[String]) -> Option<Spelling> {
    let spellings_of = |word: &String| {
        let mut spellings = stems(word);
        spellings.retain(|stem| count(stem) >= FEWEST_OF_SEVERAL);
        spellings.push(word.clone());
        spellings
    };
    let each: Vec<_> = words.iter().map(spellings_of).collect();
    let fewest = |spellings: &Vec<String>| spellings.iter().map(|spelling| count(spelling)).min();
    let together: usize = each.iter().filter_map(fewest).sum();
    let is_prefixed = words.first().is_some_and(|word| word.contains(is_of_prefixing_script));
    let stands = if is_prefixed { Stands::Anywhere } else { Stands::FromABeginning };
    (together >= FEWEST_TOGETHER).then_some(Spelling { words: each, stands })
}

/// What other endings leave of a word.
fn stems(word: &str) -> Vec<String> {
    let changed = ENDINGS.iter().filter_map(|(ending, instead)| {
        let rest = word.strip_suffix(*ending)?;
        Some(format!("{rest}{instead}"))
    });
    let mut stems: Vec<_> = changed.collect();
    let mut rest = word.chars();
    let Some(last) = rest.next_back() else { return stems };
    stems.extend(orders_of(last).map(|order| format!("{}{order}", rest.as_str())));
    if is_vowel(last) {
        stems.push(rest.as_str().to_owned());
        // Slavic adjectives end in two (Грозный, Грозного).
        if matches!(last, '\u{400}'..='\u{52f}') && rest.next_back().is_some_and(is_vowel) {
            stems.push(rest.as_str().to_owned());
        }
    }
    stems
}

/// How many letters tell a word from others: one that is doubled counts once, and an umlaut's dots do not.
fn count(word: &str) -> usize {
    let mut letters: Vec<_> = word.chars().filter(|letter| *letter != UMLAUT).collect();
    letters.dedup();
    letters.len()
}
