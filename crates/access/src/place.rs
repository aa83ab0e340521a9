//! A place: what is counted together, because one caller can easily have all of it.

use std::{fmt, net::IpAddr};

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;
use tonic::metadata::{Ascii, MetadataValue};

use crate::mac;

/// What the portal writes a place's name into.
const HEADER: &str = "flare-place";

/// Bytes of a name.
const NAME: usize = 16;

/// Where a call comes from, as far as it is counted: an IPv4 address, the 64 bits of an IPv6 address that one customer of a
/// provider is given, or a circuit of Tor. It shows nothing of itself to logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Place {
    exact: Vec<u8>,
    around: Option<Vec<u8>>,
}

impl Place {
    /// The place of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self { exact: address.octets().to_vec(), around: None },
            IpAddr::V6(address) => {
                let octets = address.octets();
                Self { exact: octets[..8].to_vec(), around: Some(octets[..6].to_vec()) }
            }
        }
    }

    /// A circuit by which Tor reaches an onion service. Whoever wants another one gets it, but not at once.
    pub fn of_circuit(number: u32) -> Self {
        Self { exact: [&b"circuit"[..], &number.to_be_bytes()].concat(), around: None }
    }

    /// What stands for it where calls are counted.
    pub fn exact(&self) -> &[u8] {
        &self.exact
    }

    /// The widest that one customer is commonly given, where that is wider: 48 bits of an IPv6 address.
    pub fn around(&self) -> Option<&[u8]> {
        self.around.as_deref()
    }

    /// What stands for it where room is shared out.
    pub fn neighbourhood(&self) -> &[u8] {
        self.around().unwrap_or(&self.exact)
    }

    /// As the portal's own calls carry a name that [`PlaceNames`] gave; marked so that it is never printed. None for a place
    /// without such a name.
    pub fn to_metadata(&self) -> Option<MetadataValue<Ascii>> {
        let parts = || std::iter::once(&self.exact).chain(&self.around);
        if parts().any(|part| part.len() != NAME) {
            return None;
        }
        let text: Vec<_> = parts().map(|part| HEXLOWER.encode(part)).collect();
        let mut value = MetadataValue::try_from(text.join(".")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The name of the header that [`to_metadata`](Self::to_metadata) is for.
    pub const fn header() -> &'static str {
        HEADER
    }

    fn read(value: &HeaderValue) -> Option<Self> {
        let part = |text: &str| HEXLOWER.decode(text.as_bytes()).ok().filter(|bytes| bytes.len() == NAME);
        match value.to_str().ok()?.split_once('.') {
            None => Some(Self { exact: part(value.to_str().ok()?)?, around: None }),
            Some((exact, around)) => Some(Self { exact: part(exact)?, around: Some(part(around)?) }),
        }
    }
}

impl fmt::Debug for Place {
    /// Nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

/// Takes a place out of a call's headers, so that nothing further in can log it. It is believed of the portal alone, and
/// not even read from anybody else.
pub fn take_place(headers: &mut HeaderMap, from_portal: bool) -> Option<Place> {
    let value = headers.remove(HEADER)?;
    if from_portal { Place::read(&value) } else { None }
}

/// Gives places the names under which the portal tells them to services, which learn no address from them.
#[derive(Clone)]
pub struct PlaceNames(Hmac<Sha256>);

impl PlaceNames {
    /// Names that grow from this key: the same ones wherever it is.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(mac::keyed(key))
    }

    /// The name of a place in a period, such as the number of a day. Nobody who reads names of two periods can tell which
    /// belong together.
    pub fn name(&self, place: &Place, period: i64) -> Place {
        let name = |kind: u8, bytes: &[u8]| {
            let mac = self.0.clone().chain_update(period.to_be_bytes()).chain_update([kind]);
            mac.chain_update(bytes).finalize().into_bytes()[..NAME].to_vec()
        };
        Place { exact: name(0, &place.exact), around: place.around().map(|around| name(1, around)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Place {
        Place::of(address.parse().unwrap())
    }

    #[test]
    fn one_network_of_ipv6_is_one_place() {
        assert_eq!(of("2001:db8:1:2::7"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        let near = |address| of(address).neighbourhood().to_vec();
        assert_eq!(near("2001:db8:1:2::7"), near("2001:db8:1:3::7"));
        assert_ne!(near("2001:db8:1:2::7"), near("2001:db8:2:2::7"));
        assert_ne!(near("192.0.2.7"), near("192.0.2.8"));
        assert_ne!(Place::of_circuit(7), Place::of_circuit(8));
    }

    #[test]
    fn a_name_tells_places_apart_and_no_address_and_lasts_its_period() {
        let names = PlaceNames::new(&[7; 32]);
        let shown = |place: &Place, period| {
            let value = names.name(place, period).to_metadata().unwrap();
            assert!(value.is_sensitive());
            value.to_str().unwrap().to_owned()
        };
        let (one, two) = (of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
        assert_ne!(shown(&one, 1), shown(&two, 1));
        assert_eq!(shown(&one, 1).split_once('.').unwrap().1, shown(&two, 1).split_once('.').unwrap().1);
        assert_ne!(shown(&one, 1), shown(&one, 2));
        assert_ne!(shown(&one, 1), PlaceNames::new(&[8; 32]).name(&one, 1).to_metadata().unwrap());
        assert_eq!(shown(&of("192.0.2.7"), 1).len(), 32);
        assert!(of("192.0.2.7").to_metadata().is_none(), "an address is never sent");
        assert_eq!(format!("{one:?}"), "Place");
    }

    #[test]
    fn a_place_is_taken_from_the_headers_and_believed_of_the_portal_alone() {
        let named = PlaceNames::new(&[7; 32]).name(&of("2001:db8::1"), 1);
        let told = |value: &[u8], from_portal| {
            let mut headers = HeaderMap::new();
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
            headers.append(HEADER, HeaderValue::from_static("another"));
            let place = take_place(&mut headers, from_portal);
            assert!(headers.is_empty());
            place
        };
        let text = named.to_metadata().unwrap();
        assert_eq!(told(text.as_encoded_bytes(), true), Some(named));
        assert_eq!(told(text.as_encoded_bytes(), false), None);
        for bad in [&b""[..], b"198.51.100.7", b"00", b".", &[b'0'; 64], "é".as_bytes()] {
            assert_eq!(told(bad, true), None);
        }
        assert_eq!(take_place(&mut HeaderMap::new(), true), None);
    }
}
