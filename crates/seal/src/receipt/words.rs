//! A receipt as ten words.
//!
//! The 120 bits and the first 9 bits of SHA-256(`flare/v1/receipt/words` ‖ receipt) behind them are one number of 129 bits.
//! Its ten digits to the base 7,776, the most significant first, are the places of the words on the EFF's large list.

use std::sync::LazyLock;

use eff_wordlist::large::LIST;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{LEN, ReceiptError, ReceiptForm};
use crate::Sensitive;

const WORDS: usize = 10;
const BASE: u32 = 7776;
/// The number's bytes, big-endian; of the first, only the lowest bit is ever set.
const NUMBER_LEN: usize = 17;
const CHECKSUM_BITS: u32 = 9;
/// A pasted word longer than this has no nearest word; the longest on the list has nine letters.
const LONGEST_GUESSED: usize = 16;

type Places = Zeroizing<[u32; WORDS]>;

pub(super) fn write(receipt: &[u8; LEN]) -> Sensitive<String> {
    let mut text = String::with_capacity(WORDS * 10);
    for place in places(receipt).iter() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word(*place));
    }
    Sensitive::new(text)
}

/// Reads words that were cut apart at spaces and hyphens alike.
pub(super) fn read(pieces: &[&str]) -> Result<[u8; LEN], ReceiptError> {
    let mut places = Zeroizing::new([0; WORDS]);
    let mut found = 0;
    let mut rest = pieces;
    while let Some((place, after)) = next_word(rest) {
        rest = after;
        let Some(place) = place else {
            let nearest = nearest(pieces[pieces.len() - rest.len() - 1]);
            return Err(ReceiptError::UnknownWord { position: found + 1, nearest });
        };
        if let Some(slot) = places.get_mut(found) {
            *slot = place;
        }
        found += 1;
    }
    if found != WORDS {
        return Err(ReceiptError::Count { form: ReceiptForm::Words, found, expected: WORDS });
    }
    receipt(&places).ok_or(ReceiptError::Checksum)
}

/// Whether no swap of two neighbouring words, and no single slip of a letter in one word, gives the words of another
/// receipt.
pub(super) fn notices_likely_slips(bytes: &[u8; LEN]) -> bool {
    let right = places(bytes);
    let swapped = (1..WORDS).map(|i| {
        let mut places = right.clone();
        places.swap(i - 1, i);
        places
    });
    let mistaken = (0..WORDS).flat_map(|i| {
        let right = &right;
        SLIPS[right[i] as usize].iter().map(move |place| {
            let mut places = right.clone();
            places[i] = *place;
            places
        })
    });
    swapped.chain(mistaken).all(|places| places == right || receipt(&places).is_none())
}

fn word(place: u32) -> &'static str {
    LIST[place as usize].1
}

fn place_of(word: &str) -> Option<u32> {
    let place = LIST.binary_search_by(|(_, listed)| (*listed).cmp(word)).ok()?;
    u32::try_from(place).ok()
}

/// The place of the first word, none if it is not on the list, and the pieces after it.
///
/// Four words of the list have a hyphen and so come in two pieces, of which the first is never a word by itself.
fn next_word<'a, 't>(pieces: &'a [&'t str]) -> Option<(Option<u32>, &'a [&'t str])> {
    if let [first, second, rest @ ..] = pieces {
        let hyphenated = Zeroizing::new([*first, "-", *second].concat());
        if let Some(place) = place_of(&hyphenated) {
            return Some((Some(place), rest));
        }
    }
    pieces.split_first().map(|(first, rest)| (place_of(first), rest))
}

fn checksum(receipt: &[u8; LEN]) -> u128 {
    let hash = Sha256::new().chain_update("flare/v1/receipt/words").chain_update(receipt).finalize();
    u128::from(u16::from_be_bytes([hash[0], hash[1]]) >> (16 - CHECKSUM_BITS))
}

fn places(receipt: &[u8; LEN]) -> Places {
    let payload = receipt.iter().fold(0_u128, |payload, byte| (payload << 8) | u128::from(*byte));
    let low = (payload << CHECKSUM_BITS) | checksum(receipt);
    let mut number = Zeroizing::new([0; NUMBER_LEN]);
    number[0] = u8::from(payload >> (128 - CHECKSUM_BITS) != 0);
    number[1..].copy_from_slice(&low.to_be_bytes());
    let mut places = Zeroizing::new([0; WORDS]);
    for place in places.iter_mut().rev() {
        // Long division by the base, byte after byte; the remainder is the next digit.
        for byte in number.iter_mut() {
            let dividend = (*place << 8) | u32::from(*byte);
            *place = dividend % BASE;
            [.., *byte] = (dividend / BASE).to_be_bytes();
        }
    }
    places
}

fn receipt(places: &Places) -> Option<[u8; LEN]> {
    let mut number = Zeroizing::new([0_u8; NUMBER_LEN]);
    for place in places.iter() {
        let mut carry = *place;
        for byte in number.iter_mut().rev() {
            let product = u32::from(*byte) * BASE + carry;
            [.., *byte] = product.to_be_bytes();
            carry = product >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let (top, low) = number.split_first_chunk::<1>()?;
    let low = u128::from_be_bytes(low.try_into().ok()?);
    if top[0] > 1 {
        return None;
    }
    let payload = (u128::from(top[0]) << (128 - CHECKSUM_BITS)) | (low >> CHECKSUM_BITS);
    let receipt = *payload.to_be_bytes().last_chunk()?;
    (low & ((1 << CHECKSUM_BITS) - 1) == checksum(&receipt)).then_some(receipt)
}

/// The word of the list that `typed` comes closest to, if at most two slips lie between and nothing is as close.
fn nearest(typed: &str) -> Option<&'static str> {
    let typed: Vec<char> = typed.chars().collect();
    if typed.len() > LONGEST_GUESSED {
        return None;
    }
    let slips = |listed: &str| slips(&typed, &listed.chars().collect::<Vec<_>>());
    let mut best: (usize, Option<&'static str>) = (2, None);
    for (_, listed) in LIST.iter().filter(|(_, listed)| listed.len().abs_diff(typed.len()) <= 2) {
        match slips(listed) {
            count if count < best.0 || (count == best.0 && best.1.is_none()) => best = (count, Some(listed)),
            _ => {}
        }
    }
    best.1
}

/// How many letters must be changed, added, left out or swapped with their neighbour to make one word of the other
/// (the optimal string alignment distance).
fn slips(from: &[char], to: &[char]) -> usize {
    let mut rows = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
                let best = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[from.len()][to.len()]
}

/// For each place of the list, the places of the words that are one slip away.
///
/// Every word stands under what is left of it without one letter, and under itself. Two words that are one slip apart have one
/// of these in common: a wrong letter and two swapped ones are left out of both, and one too many is left out of the longer
/// word. (The symmetric delete of spelling correction.)
static SLIPS: LazyLock<Vec<Vec<u32>>> = LazyLock::new(|| {
    let mut by_key: Vec<_> =
        (0..BASE).flat_map(|place| without_one_letter(word(place)).map(move |key| (key, place))).collect();
    by_key.sort_unstable();
    let under = |key| {
        let from = by_key.partition_point(|(known, _)| *known < key);
        by_key[from..].iter().take_while(move |(known, _)| *known == key).map(|(_, place)| *place)
    };
    let of_word = |word: &'static str| {
        let found = without_one_letter(word).flat_map(under);
        let mut found: Vec<_> = found.filter(|place| one_slip_apart(word, self::word(*place))).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    (0..BASE).map(|place| of_word(word(place))).collect()
});

/// A word and all that is left of it without one letter, each as its FNV-1a hash. Two may share one by chance.
fn without_one_letter(word: &str) -> impl Iterator<Item = u64> {
    let hash = |without: usize| {
        let kept = word.bytes().enumerate().filter(move |(at, _)| *at != without);
        kept.fold(0xcbf2_9ce4_8422_2325, |hash, (_, byte)| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    (0..=word.len()).map(hash)
}

/// Whether [`slips`] is one.
fn one_slip_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same_start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same_start..], &b[same_start..]);
    let same_end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    match (&a[..a.len() - same_end], &b[..b.len() - same_end]) {
        ([_, _], [second, first]) => a[..2] == [*first, *second],
        (a, b) => a.len().max(b.len()) == 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Receipt;

    #[test]
    fn the_list_is_the_one_the_format_relies_on() {
        assert_eq!(u32::try_from(LIST.len()), Ok(BASE));
        assert!(LIST.is_sorted_by(|a, b| a.1 < b.1));
        assert!(LIST.iter().all(|(_, word)| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        let hyphenated: Vec<_> = LIST.iter().filter_map(|(_, word)| word.split_once('-')).collect();
        assert_eq!(hyphenated, [("drop", "down"), ("felt", "tip"), ("t", "shirt"), ("yo", "yo")]);
        assert!(hyphenated.iter().all(|(first, _)| place_of(first).is_none()));
        // A change of any word would change what receipts in people's hands mean.
        let all = LIST.iter().map(|(_, word)| *word).collect::<Vec<_>>().join("\n");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&Sha256::digest(all)),
            "abae49761b88f3f1ba31ef944bea1f61b795a3cd7e1cfb7d276ed45bf77967ba"
        );
    }

    #[test]
    fn extremes_are_written_and_read() {
        for bytes in [[0; LEN], [0xff; LEN], [0x80; LEN]] {
            assert_eq!(receipt(&places(&bytes)), Some(bytes));
        }
        let beyond = Zeroizing::new([BASE - 1; WORDS]);
        assert_eq!(receipt(&beyond), None, "the largest ten words are above 2^129");
    }

    #[test]
    fn words_with_a_hyphen_are_found_in_their_two_pieces() {
        let place = |pieces: &[&str]| next_word(pieces).map(|(place, rest)| (place.map(word), rest.len()));
        assert_eq!(place(&["yo", "yo", "yoyo"]), Some((Some("yo-yo"), 1)));
        assert_eq!(place(&["yoyo", "yo"]), Some((Some("yoyo"), 1)));
        assert_eq!(place(&["t", "shirt"]), Some((Some("t-shirt"), 0)));
        assert_eq!(place(&["shirt", "t"]), Some((Some("shirt"), 1)));
        assert_eq!(place(&["t"]), Some((None, 0)));
        assert_eq!(place(&[]), None);
    }

    #[test]
    fn an_unknown_word_is_named_by_its_position_and_the_nearest_is_offered() {
        let right = Receipt::draw().unwrap();
        for (typed, meant) in [("abacsu", "abacus"), ("zoologgy", "zoology"), ("photoghraph", "photograph")] {
            let nearest = place_of(meant).map(word);
            for position in [1, 5, WORDS] {
                let text = right.words();
                let mut words: Vec<&str> = text.expose().split(' ').collect();
                words[position - 1] = typed;
                let refusal = Receipt::parse(&words.join(" ")).err().unwrap();
                assert_eq!(refusal, ReceiptError::UnknownWord { position, nearest }, "{typed}");
            }
        }
        assert_eq!(nearest("qqqqqqqq"), None);
        assert_eq!(nearest(&"a".repeat(1000)), None);
    }

    #[test]
    fn a_word_too_few_or_too_many_is_counted() {
        let text = Receipt::draw().unwrap().words();
        let counted = |text: &str| Receipt::parse(text).err();
        let refusal = |found| Some(ReceiptError::Count { form: ReceiptForm::Words, found, expected: WORDS });
        assert_eq!(counted(&format!("{} abacus", text.expose())), refusal(11));
        assert_eq!(counted(text.expose().split_once(' ').unwrap().1), refusal(9));
    }

    #[test]
    fn likely_slips_in_a_drawn_receipt_are_always_noticed() {
        let drawn = Receipt::draw().unwrap();
        let right = places(drawn.expose());
        for i in 0..WORDS {
            let letters: Vec<char> = word(right[i]).chars().collect();
            for other in 0..BASE {
                if slips(&letters, &word(other).chars().collect::<Vec<_>>()) == 1 {
                    let mut wrong = right.clone();
                    wrong[i] = other;
                    assert_eq!(receipt(&wrong), None);
                }
            }
            if i > 0 && right[i] != right[i - 1] {
                let mut wrong = right.clone();
                wrong.swap(i - 1, i);
                assert_eq!(receipt(&wrong), None);
            }
        }
    }

    #[test]
    fn a_receipt_that_would_let_a_likely_slip_pass_is_not_drawn() {
        let candidates =
            (0_u16..2000).map(|seed| *Sha256::digest(seed.to_be_bytes()).first_chunk::<LEN>().unwrap());
        let let_pass = candidates.filter(|bytes| {
            let right = places(bytes);
            (1..WORDS).any(|i| {
                let mut wrong = right.clone();
                wrong.swap(i - 1, i);
                wrong != right && receipt(&wrong).is_some()
            })
        });
        let let_pass: Vec<_> = let_pass.collect();
        assert!(!let_pass.is_empty(), "some receipts are weak, or the rule would be idle");
        assert!(let_pass.iter().all(|bytes| !notices_likely_slips(bytes)));
    }

    /// Ten words hold 129.2 bits, the receipt takes 120: the best any checksum can do is to let one in 610 pass.
    #[test]
    fn any_other_wrong_word_is_noticed_in_all_but_one_of_500() {
        let right = places(&[0x5a; LEN]);
        let mut passed = 0;
        for i in 0..WORDS {
            for other in (0..BASE).filter(|other| *other != right[i]) {
                let mut wrong = right.clone();
                wrong[i] = other;
                passed += u32::from(receipt(&wrong).is_some());
            }
        }
        let tried = 10 * (BASE - 1);
        assert!(passed * 500 < tried, "{passed} of {tried} passed");
    }

    #[test]
    fn slips_are_counted() {
        let count = |a: &str, b: &str| slips(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        for (a, b, expected) in [
            ("abacus", "abacus", 0),
            ("abacus", "abcaus", 1),
            ("abacus", "abaus", 1),
            ("abacus", "abbacuss", 2),
            ("", "ab", 2),
        ] {
            assert_eq!(count(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn every_word_one_slip_away_is_found() {
        for place in (0..BASE).step_by(97) {
            let all: Vec<_> = (0..BASE).filter(|other| one_slip_apart(word(place), word(*other))).collect();
            assert_eq!(SLIPS[place as usize], all, "{}", word(place));
        }
    }

    proptest! {
        #[test]
        fn one_slip_is_one_slip(a in "[abc-]{0,5}", b in "[abc-]{0,5}") {
            let count = slips(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
            prop_assert_eq!(one_slip_apart(&a, &b), count == 1);
        }
    }
}
