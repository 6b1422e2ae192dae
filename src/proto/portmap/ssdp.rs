//! Finding a UPnP gateway: SSDP (UPnP Device Architecture 1.1, section 1.3).

use super::http;
use std::net::{Ipv4Addr, SocketAddr};

/// The port of searches.
pub(super) const PORT: u16 = 1900;
/// Where everybody on the network hears them.
pub(super) const EVERYBODY: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);

/// A search for gateways. Those of version 2 answer as well.
pub(super) const SEARCH: &[u8] = b"M-SEARCH * HTTP/1.1\r\n\
    HOST: 239.255.255.250:1900\r\n\
    MAN: \"ssdp:discover\"\r\n\
    MX: 1\r\n\
    ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n";

/// Where the description is that an answer names: on the machine that answers, so that nobody can
/// send us elsewhere.
pub(super) fn location(from: SocketAddr, bytes: &[u8]) -> Option<(SocketAddr, String)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_answer = text.starts_with("HTTP/1.1 200") || text.starts_with("HTTP/1.0 200");
    let is_gateway = http::header(text, "st")?.contains(":InternetGatewayDevice:");
    let (at, path) = http::address(http::header(text, "location")?)?;
    (is_answer && is_gateway && at.ip() == from.ip()).then(|| (at, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\n\
        ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\
        EXT:\r\nLocation: http://192.168.1.1:5000/rootDesc.xml\r\n\r\n";

    #[test]
    fn an_answer_says_where_the_description_is() {
        let router = SocketAddr::from(([192, 168, 1, 1], 1900));
        let at = SocketAddr::from(([192, 168, 1, 1], 5000));
        assert_eq!(location(router, ANSWER.as_bytes()), Some((at, "/rootDesc.xml".to_owned())));
    }

    #[test]
    fn who_answers_for_another_machine_or_is_no_gateway_is_passed_over() {
        let router = SocketAddr::from(([192, 168, 1, 1], 1900));
        let other = SocketAddr::from(([192, 168, 1, 9], 1900));
        assert_eq!(location(other, ANSWER.as_bytes()), None);
        for (part, instead) in [
            ("InternetGatewayDevice", "MediaRenderer"),
            ("200", "404"),
            ("http:", "ftp:"),
            ("Location", "Place"),
        ] {
            let answer = ANSWER.replace(part, instead);
            assert_eq!(location(router, answer.as_bytes()), None, "{instead}");
        }
        assert_eq!(location(router, &[0xff, 0xfe]), None);
    }
}
