//! Size steps, so that the length of what is sealed tells little about the length of what was said.
//!
//! A padded text is its length as four bytes, big-endian, then the text, then zeros up to the next step: 64, 128, 256,
//! 512, 1024, 2048, 4096 bytes, then whole multiples of 4096.

use zeroize::Zeroizing;

use crate::SealError;

/// Bytes of the length in front.
pub(crate) const PREFIX_LEN: usize = 4;
const SMALLEST: usize = 64;
const LARGEST_POWER: usize = 4096;

/// The length after padding of a text of `len` bytes; stays at the largest step below `usize::MAX` beyond it.
pub(crate) const fn padded_len(len: usize) -> usize {
    let inner = len.saturating_add(PREFIX_LEN);
    if inner <= SMALLEST {
        SMALLEST
    } else if inner <= LARGEST_POWER {
        inner.next_power_of_two()
    } else {
        inner.div_ceil(LARGEST_POWER).saturating_mul(LARGEST_POWER)
    }
}

/// The longest text whose padded form takes at most `padded` bytes; none when not even an empty text fits.
pub(crate) fn max_unpadded(padded: usize) -> Option<usize> {
    let step = match padded {
        ..SMALLEST => return None,
        SMALLEST..=LARGEST_POWER => 1 << padded.ilog2(),
        _ => padded - padded % LARGEST_POWER,
    };
    Some(step - PREFIX_LEN)
}

/// The padded form of the concatenated `parts`.
pub(crate) fn pad(parts: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let prefix = u32::try_from(len).map_err(|_| SealError::TooLong)?;
    // Reserved in full, so that no reallocation leaves a copy of the text behind.
    let mut out = Zeroizing::new(Vec::with_capacity(padded_len(len)));
    out.extend_from_slice(&prefix.to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
    out.resize(padded_len(len), 0);
    Ok(out)
}

/// The text in a padded form that was authenticated; whoever could seal it may still have padded it wrongly.
pub(crate) fn unpad(padded: &[u8]) -> Result<&[u8], SealError> {
    const MALFORMED: SealError = SealError::Malformed { what: "the padding of sealed content" };
    let (prefix, rest) = padded.split_first_chunk().ok_or(MALFORMED)?;
    let len = usize::try_from(u32::from_be_bytes(*prefix)).map_err(|_| MALFORMED)?;
    let (text, fill) = rest.split_at_checked(len).ok_or(MALFORMED)?;
    if padded.len() != padded_len(len) || fill.iter().any(|byte| *byte != 0) {
        return Err(MALFORMED);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_the_documented_ones() {
        let steps =
            [(0, 64), (60, 64), (61, 128), (124, 128), (125, 256), (252, 256), (253, 512), (509, 1024)];
        let larger = [(1021, 2048), (2045, 4096), (4092, 4096), (4093, 8192), (8188, 8192), (8189, 12_288)];
        for (len, padded) in steps.into_iter().chain(larger) {
            assert_eq!(padded_len(len), padded, "for {len} bytes");
        }
        assert_eq!(max_unpadded(63), None);
    }

    proptest! {
        #[test]
        fn the_longest_text_is_the_longest(padded in 64_usize..40_000) {
            let longest = max_unpadded(padded).unwrap();
            prop_assert!(padded_len(longest) <= padded);
            prop_assert!(padded_len(longest + 1) > padded);
        }

        #[test]
        fn what_is_padded_is_unpadded(text: Vec<u8>) {
            let padded = pad(&[&text]).unwrap();
            prop_assert_eq!(padded.len(), padded_len(text.len()));
            prop_assert_eq!(unpad(&padded).unwrap(), &text[..]);
        }
    }

    #[test]
    fn wrong_padding_is_refused() {
        let good = pad(&[b"text"]).unwrap();
        let mut dirty = good.clone();
        dirty[20] = 1;
        let mut long = good.clone();
        long[2] = 1;
        let mut wide = good.clone();
        wide.resize(128, 0);
        for bad in [&dirty[..], &long[..], &wide[..], &good[..63], &[], &[0; 3]] {
            assert!(matches!(unpad(bad), Err(SealError::Malformed { .. })));
        }
    }
}
