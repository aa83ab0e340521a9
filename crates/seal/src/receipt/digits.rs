//! A receipt as eight groups of digits.
//!
//! Each group holds 15 of the 120 bits, the most significant first, as five digits (00000 to 32767) and a check digit.
//! The check digit is Damm's (H. M. Damm, *Total anti-symmetrische Quasigruppen*, 2004), which notices every wrong digit
//! and every swap of two neighbours, begun not at 0 but at the group's place: a group in another's place never fits.

use zeroize::Zeroizing;

use super::{LEN, ReceiptError, ReceiptForm};
use crate::Sensitive;

const GROUPS: u8 = 8;
const GROUP_LEN: usize = 6;
const GROUP_BITS: usize = 15;
const LARGEST_GROUP: u16 = (1 << GROUP_BITS) - 1;

/// A totally anti-symmetric quasigroup of order 10 with zeros on its diagonal.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

pub(super) fn write(receipt: &[u8; LEN]) -> Sensitive<String> {
    let payload = receipt.iter().fold(0_u128, |payload, byte| (payload << 8) | u128::from(*byte));
    let mut text = String::with_capacity(usize::from(GROUPS) * (GROUP_LEN + 1));
    for place in 0..GROUPS {
        if place > 0 {
            text.push(' ');
        }
        let mut number =
            (payload >> (GROUP_BITS * usize::from(GROUPS - 1 - place))) & u128::from(LARGEST_GROUP);
        let mut digits = Zeroizing::new([0; GROUP_LEN - 1]);
        for digit in digits.iter_mut().rev() {
            [.., *digit] = (number % 10).to_be_bytes();
            number /= 10;
        }
        text.extend(digits.iter().chain([&damm(place, &*digits)]).map(|digit| char::from(b'0' + digit)));
    }
    Sensitive::new(text)
}

/// Reads pieces that hold ASCII digits only, wherever the digits were cut apart.
pub(super) fn read(pieces: &[&str]) -> Result<[u8; LEN], ReceiptError> {
    if pieces.len() == usize::from(GROUPS)
        && let Some(i) = pieces.iter().position(|piece| piece.len() != GROUP_LEN)
    {
        return Err(ReceiptError::GroupLength { group: i + 1, found: pieces[i].len() });
    }
    let digits: Zeroizing<Vec<u8>> =
        Zeroizing::new(pieces.iter().flat_map(|piece| piece.bytes()).map(|digit| digit - b'0').collect());
    let (groups, remainder) = digits.as_chunks::<GROUP_LEN>();
    if groups.len() != usize::from(GROUPS) || !remainder.is_empty() {
        let expected = usize::from(GROUPS) * GROUP_LEN;
        return Err(ReceiptError::Count { form: ReceiptForm::Digits, found: digits.len(), expected });
    }
    let mut payload = 0_u128;
    for (place, group) in (0..GROUPS).zip(groups) {
        payload = (payload << GROUP_BITS) | u128::from(number(place, group)?);
    }
    let bytes = payload.to_be_bytes();
    let mut receipt = [0; LEN];
    receipt.copy_from_slice(&bytes[bytes.len() - LEN..]);
    Ok(receipt)
}

fn number(place: u8, group: &[u8]) -> Result<u16, ReceiptError> {
    // The check digit leads from the state it equals to 0, the diagonal.
    if damm(place, group) != 0 {
        return Err(ReceiptError::GroupCheck { group: usize::from(place) + 1 });
    }
    let number = group[..GROUP_LEN - 1].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    u16::try_from(number)
        .ok()
        .filter(|number| *number <= LARGEST_GROUP)
        .ok_or(ReceiptError::GroupRange { group: usize::from(place) + 1 })
}

/// The state after `digits`, from the state that is the group's place (0 to 7).
fn damm(place: u8, digits: &[u8]) -> u8 {
    digits.iter().fold(place, |state, digit| DAMM[usize::from(state)][usize::from(*digit)])
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::Receipt;

    /// A receipt's 48 digits and the place of each group.
    fn groups(bytes: [u8; LEN]) -> Vec<String> {
        write(&bytes).expose().split(' ').map(str::to_owned).collect()
    }

    fn refusal(groups: &[String]) -> Option<ReceiptError> {
        Receipt::parse(&groups.join(" ")).err()
    }

    /// The extremes, and some in between.
    fn samples() -> impl Iterator<Item = [u8; LEN]> {
        let hashes = (0_u8..6).map(|seed| *Sha256::digest([seed]).first_chunk().unwrap());
        [[0; LEN], [0xff; LEN]].into_iter().chain(hashes)
    }

    #[test]
    fn damms_own_example_holds() {
        assert_eq!(damm(0, &[5, 7, 2]), 4);
        assert_eq!(damm(0, &[5, 7, 2, 4]), 0);
    }

    /// What makes Damm's scheme work holds for every state, so also for one that a group's place begins with.
    #[test]
    fn the_table_notices_every_slip_from_every_state() {
        let next = |state: u8, digit: u8| DAMM[usize::from(state)][usize::from(digit)];
        for state in 0..10 {
            assert_eq!(next(state, state), 0, "the check digit is the state");
            for x in 0..10 {
                for y in (0..10).filter(|y| *y != x) {
                    assert_ne!(next(state, x), next(state, y), "a wrong digit leads elsewhere");
                    assert_ne!(next(x, state), next(y, state), "and never back");
                    assert_ne!(
                        next(next(state, x), y),
                        next(next(state, y), x),
                        "swapped neighbours lead elsewhere"
                    );
                }
            }
        }
    }

    /// Every group there is: the check digit refuses each wrong digit, each swap of neighbours, and each other place.
    #[test]
    fn every_slip_in_every_group_is_noticed() {
        for value in 0..=LARGEST_GROUP {
            let [.., place] = (value % u16::from(GROUPS)).to_be_bytes();
            let mut group = [0; GROUP_LEN];
            let mut rest = value;
            for digit in group[..5].iter_mut().rev() {
                [.., *digit] = (rest % 10).to_be_bytes();
                rest /= 10;
            }
            group[5] = damm(place, &group[..5]);
            assert_eq!(number(place, &group), Ok(value));
            for i in 0..GROUP_LEN {
                let right = group[i];
                for wrong in (0..10).filter(|wrong| *wrong != right) {
                    group[i] = wrong;
                    assert_ne!(damm(place, &group), 0);
                }
                group[i] = right;
                if i > 0 && group[i - 1] != right {
                    group.swap(i - 1, i);
                    assert_ne!(damm(place, &group), 0);
                    group.swap(i - 1, i);
                }
            }
            for other in (0..GROUPS).filter(|other| *other != place) {
                assert_ne!(damm(other, &group), 0);
            }
        }
    }

    #[test]
    fn a_wrong_digit_names_its_group() {
        for bytes in samples() {
            for at in 0..usize::from(GROUPS) * GROUP_LEN {
                for add in 1..10 {
                    let mut wrong = groups(bytes);
                    let (group, digit) = (at / GROUP_LEN, at % GROUP_LEN);
                    let changed = (wrong[group].as_bytes()[digit] - b'0' + add) % 10;
                    wrong[group].replace_range(digit..=digit, &changed.to_string());
                    assert_eq!(refusal(&wrong), Some(ReceiptError::GroupCheck { group: group + 1 }));
                }
            }
        }
    }

    #[test]
    fn groups_in_each_others_place_are_noticed() {
        for bytes in samples() {
            for first in 0..usize::from(GROUPS) {
                for second in first + 1..usize::from(GROUPS) {
                    let mut wrong = groups(bytes);
                    wrong.swap(first, second);
                    assert_eq!(refusal(&wrong), Some(ReceiptError::GroupCheck { group: first + 1 }));
                }
            }
        }
    }

    #[test]
    fn lengths_and_ranges_are_named() {
        let right = groups([0x5a; LEN]);
        let mut wrong = right.clone();
        wrong[2].pop();
        assert_eq!(refusal(&wrong), Some(ReceiptError::GroupLength { group: 3, found: 5 }));
        let count = |found| Some(ReceiptError::Count { form: ReceiptForm::Digits, found, expected: 48 });
        assert_eq!(Receipt::parse(&wrong.concat()).err(), count(47));
        assert_eq!(refusal(&right[1..]), count(42));
        assert_eq!(refusal(&[right.clone(), right.clone()].concat()), count(96));

        let mut wrong = right;
        let beyond = [3, 2, 7, 6, 8];
        wrong[7] = format!("32768{}", damm(7, &beyond));
        assert_eq!(refusal(&wrong), Some(ReceiptError::GroupRange { group: 8 }));
    }
}
