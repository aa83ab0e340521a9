//! Where a call comes from.

use std::net::IpAddr;

use http::Extensions;
use tonic::{
    Request,
    transport::server::{TcpConnectInfo, TlsConnectInfo},
};

/// The address at the other end of the connection; none for a call within the process.
///
/// A header that names another address is never believed: anyone can write one. Behind a proxy this is the proxy.
pub fn peer<T>(request: &Request<T>) -> Option<IpAddr> {
    of_connection(request.extensions())
}

pub(crate) fn of_connection(extensions: &Extensions) -> Option<IpAddr> {
    let plain = extensions.get::<TcpConnectInfo>();
    let connection =
        plain.or_else(|| extensions.get::<TlsConnectInfo<TcpConnectInfo>>().map(TlsConnectInfo::get_ref));
    connection.and_then(TcpConnectInfo::remote_addr).map(|address| address.ip().to_canonical())
}

/// What stands for a place when its calls are counted: an IPv4 address, or the 64 bits of an IPv6 address that one
/// customer of a provider is given. Calls within the process are one place.
pub(crate) fn place(peer: Option<IpAddr>) -> Vec<u8> {
    match peer {
        None => Vec::new(),
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => address.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Option<IpAddr> {
        let mut request = Request::new(());
        let info = TcpConnectInfo { local_addr: None, remote_addr: Some(address.parse().unwrap()) };
        request.extensions_mut().insert(info);
        peer(&request)
    }

    #[test]
    fn the_address_is_that_of_the_connection() {
        assert_eq!(from("192.0.2.7:4000"), Some("192.0.2.7".parse().unwrap()));
        assert_eq!(
            from("[::ffff:192.0.2.7]:4000"),
            Some("192.0.2.7".parse().unwrap()),
            "IPv4 through an IPv6 socket"
        );
        let mut forwarded = Request::new(());
        forwarded.metadata_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        assert_eq!(peer(&forwarded), None);
    }

    #[test]
    fn one_network_of_ipv6_is_one_place() {
        let place = |address| place(from(address));
        assert_eq!(place("[2001:db8:1:2::7]:1"), place("[2001:db8:1:2:ffff::9]:2"));
        assert_ne!(place("[2001:db8:1:2::7]:1"), place("[2001:db8:1:3::7]:1"));
        assert_ne!(place("192.0.2.7:1"), place("192.0.2.8:1"));
        assert_ne!(place("192.0.2.7:1"), super::place(None));
    }
}
