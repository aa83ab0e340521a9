//! What holds of whatever a stranger writes into the header that proxies name addresses in. Tests draw it at random; a fuzzer
//! (`fuzz/`) searches for something for which it does not hold.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderValue};

use crate::TrustedProxies;

const FORWARDED_FOR: &str = "x-forwarded-for";
const PROXIES: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8))];
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

/// A stranger's own words name no place: not when the stranger speaks to us, and not before what a proxy adds. No proxy is
/// ever taken for a caller, and nothing further in sees the header.
pub fn forwarded_header(bytes: &[u8]) {
    let Ok(words) = HeaderValue::from_bytes(bytes) else { return };
    let proxies = TrustedProxies::new(PROXIES);
    let named = |connection: IpAddr, added: &[String]| {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, words.clone());
        for line in added {
            if let Ok(line) = HeaderValue::from_str(line) {
                headers.append(FORWARDED_FOR, line);
            }
        }
        let named = proxies.take_named(connection, &mut headers);
        assert!(!headers.contains_key(FORWARDED_FOR));
        named
    };
    assert_eq!(named(STRANGER, &[]), None);
    let [outer, inner] = PROXIES;
    assert!(named(inner, &[]).is_none_or(|address| !PROXIES.contains(&address)));
    assert_eq!(named(inner, &[STRANGER.to_string()]), Some(STRANGER));
    assert_eq!(named(inner, &[STRANGER.to_string(), outer.to_string()]), Some(STRANGER));
    assert_eq!(named(inner, &[format!("{STRANGER}, {outer}")]), Some(STRANGER));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::forwarded_header;

    const ADDRESS: &str =
        "192\\.0\\.2\\.[78]|203\\.0\\.113\\.[0-9]|2001:db8::[0-9a-f]|::ffff:192\\.0\\.2\\.7|[0-9.:a-f]{0,12}";

    proptest! {
        #[test]
        fn of_any_bytes(bytes: Vec<u8>) {
            forwarded_header(&bytes);
        }

        #[test]
        fn of_any_addresses(addresses in proptest::collection::vec(ADDRESS, 0..6), mark in ",|, | ,|;|  ") {
            forwarded_header(addresses.join(&mark).as_bytes());
        }
    }
}
