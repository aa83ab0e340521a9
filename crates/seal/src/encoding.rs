//! One unambiguous way to turn a list of parts into bytes that are signed, derived from or authenticated.

/// `domain` and then each part, each preceded by its length as eight bytes, big-endian: no two different lists give
/// the same bytes, and no two domains ever meet.
pub(crate) fn encode(domain: &str, parts: &[&[u8]]) -> Vec<u8> {
    let len = 8 + domain.len() + parts.iter().map(|part| 8 + part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(len);
    for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn parts_cannot_be_moved_between_each_other() {
        assert_ne!(encode("d", &[b"ab", b"c"]), encode("d", &[b"a", b"bc"]));
        assert_ne!(encode("d", &[b"ab"]), encode("d", &[b"ab", b""]));
        assert_ne!(encode("da", &[b"b"]), encode("d", &[b"ab"]));
        assert_eq!(encode("d", &[b"ab"]), b"\0\0\0\0\0\0\0\x01d\0\0\0\0\0\0\0\x02ab");
    }
}
