//! Where a call comes from.

use std::{net::IpAddr, sync::Arc};

use http::{Extensions, HeaderMap};
use tonic::{
    Request,
    transport::server::{TcpConnectInfo, TlsConnectInfo},
};

use crate::Place;

/// What proxies write the address into that they were called from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The place a call comes from: the other end of the connection, or what a trusted proxy there says ([`TrustedProxies`]), or
/// the portal ([`take_place`](crate::take_place)); none for a call within the process.
///
/// A header that names another place is believed of nobody else: anyone can write one.
pub fn peer<T>(request: &Request<T>) -> Option<Place> {
    of_call(request.extensions())
}

pub(crate) fn of_call(extensions: &Extensions) -> Option<Place> {
    extensions.get::<Place>().cloned().or_else(|| of_connection(extensions).map(Place::of))
}

fn of_connection(extensions: &Extensions) -> Option<IpAddr> {
    let plain = extensions.get::<TcpConnectInfo>();
    let connection =
        plain.or_else(|| extensions.get::<TlsConnectInfo<TcpConnectInfo>>().map(TlsConnectInfo::get_ref));
    connection.and_then(TcpConnectInfo::remote_addr).map(|address| address.ip().to_canonical())
}

/// The proxies before this server whose word is taken on where a call comes from.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpAddr]>);

impl TrustedProxies {
    /// The proxies at these addresses.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(addresses.into_iter().map(|address| address.to_canonical()).collect())
    }

    /// Whether one of them is at this address.
    pub fn include(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Notes what a trusted proxy says about a call's origin, for [`peer`], and takes the header away, so that nothing
    /// further in can log it. Returns the place.
    pub fn note<B>(&self, request: &mut http::Request<B>) -> Option<Place> {
        let connection = of_connection(request.extensions());
        let named = connection.and_then(|connection| self.take_named(connection, request.headers_mut()));
        request.headers_mut().remove(FORWARDED_FOR);
        if let Some(address) = named {
            request.extensions_mut().insert(Place::of(address));
        }
        of_call(request.extensions())
    }

    /// The address that a trusted proxy at the other end of a `connection` names: the last in x-forwarded-for that is no
    /// proxy's. None from anybody else. The header is taken away in any case.
    pub fn take_named(&self, connection: IpAddr, headers: &mut HeaderMap) -> Option<IpAddr> {
        let named = if self.include(connection) { self.named(headers) } else { None };
        headers.remove(FORWARDED_FOR);
        named
    }

    fn named(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
        // Each proxy adds what it saw at the end. The last that is no proxy of ours is the caller; what stands before it
        // are the caller's own words.
        for line in lines.iter().rev() {
            for address in line.to_str().ok()?.rsplit(',') {
                let address = address.trim().parse::<IpAddr>().ok()?.to_canonical();
                if !self.include(address) {
                    return Some(address);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(address: &str, forwarded: &[&str]) -> http::Request<()> {
        let mut request = http::Request::new(());
        let info = TcpConnectInfo { local_addr: None, remote_addr: Some(address.parse().unwrap()) };
        request.extensions_mut().insert(info);
        for line in forwarded {
            request.headers_mut().append(FORWARDED_FOR, line.parse().unwrap());
        }
        request
    }

    fn from(address: &str) -> Option<Place> {
        peer(&Request::from_http(call(address, &[])))
    }

    fn ip(address: &str) -> Place {
        Place::of(address.parse().unwrap())
    }

    #[test]
    fn the_address_is_that_of_the_connection() {
        assert_eq!(from("192.0.2.7:4000"), Some(ip("192.0.2.7")));
        assert_eq!(from("[::ffff:192.0.2.7]:4000"), Some(ip("192.0.2.7")), "IPv4 through an IPv6 socket");
        let mut forwarded = Request::new(());
        forwarded.metadata_mut().insert(FORWARDED_FOR, "203.0.113.9".parse().unwrap());
        assert_eq!(peer(&forwarded), None);
    }

    #[test]
    fn only_a_trusted_proxy_may_name_another_address() {
        let proxies = TrustedProxies::new(["192.0.2.7", "192.0.2.8"].map(|address| address.parse().unwrap()));
        let seen = |connection: &str, forwarded: &[&str]| {
            let mut request = call(connection, forwarded);
            let noted = proxies.note(&mut request);
            assert!(!request.headers().contains_key(FORWARDED_FOR), "nothing further in sees it");
            assert_eq!(peer(&Request::from_http(request)), noted);
            noted
        };
        assert_eq!(seen("192.0.2.7:1", &["203.0.113.9"]), Some(ip("203.0.113.9")));
        assert_eq!(seen("192.0.2.9:1", &["203.0.113.9"]), Some(ip("192.0.2.9")), "a stranger's word");
        assert_eq!(seen("192.0.2.7:1", &[]), Some(ip("192.0.2.7")));
        let own_words = ["198.51.100.1, 203.0.113.9"];
        assert_eq!(
            seen("192.0.2.7:1", &own_words),
            Some(ip("203.0.113.9")),
            "what a caller wrote before the proxy"
        );
        assert_eq!(
            seen("192.0.2.7:1", &["203.0.113.9", "192.0.2.8"]),
            Some(ip("203.0.113.9")),
            "two proxies"
        );
        assert_eq!(seen("192.0.2.7:1", &["203.0.113.9, nonsense"]), Some(ip("192.0.2.7")));
        assert_eq!(seen("[::ffff:192.0.2.7]:1", &["2001:db8::1"]), Some(ip("2001:db8::1")));
    }
}
