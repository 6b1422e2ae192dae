//! SOAP, as UPnP gateways speak it: services, calls and their answers.

use super::http::{self, Answer as Page};
use super::xml::{elements, text_of};
use super::{Part, Transport, Wish, is_usable};
use crate::proto::limits;
use std::net::{Ipv4Addr, SocketAddr};

/// A service that maps ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub at: SocketAddr,
    path: String,
    kind: String,
}

/// What is mapped already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub transport: Transport,
    pub outer_port: u16,
    pub client: Option<Ipv4Addr>,
    pub description: &'a str,
}

/// Errors that are understood (WANIPConnection:1, table 3 and section 2.4.16).
pub(super) const BAD_ARGUMENTS: u16 = 402;
pub(super) const CONFLICT: u16 = 718;
pub(super) const ONLY_FOR_EVER: u16 = 725;

/// The services of a description at that address which map ports. They are at the same address.
pub(super) fn services(at: SocketAddr, description: &str) -> Vec<Service> {
    let base = text_of(description, "URLBase").and_then(http::address);
    let base = base.map_or(at, |(base, _)| base);
    let mut services = Vec::new();
    for service in elements(description, "service") {
        let kind = text_of(service, "serviceType").unwrap_or_default();
        let maps = kind.contains(":WANIPConnection:") || kind.contains(":WANPPPConnection:");
        let is_plain = kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        let Some((to, path)) = text_of(service, "controlURL").and_then(|url| place(base, url))
        else {
            continue;
        };
        if maps && is_plain && to.ip() == at.ip() && services.len() < limits::PORT_MAPPING_SERVICES
        {
            services.push(Service { at: to, path, kind: kind.to_owned() });
        }
    }
    services
}

/// Where an absolute or relative URL leads.
fn place(base: SocketAddr, url: &str) -> Option<(SocketAddr, String)> {
    let url = url.replace("&amp;", "&");
    if let Some((to, path)) = http::address(&url) {
        return Some((to, path.to_owned()));
    }
    let is_plain = !url.contains("://") && url.bytes().all(|byte| byte.is_ascii_graphic());
    let slash = if url.starts_with('/') { "" } else { "/" };
    is_plain.then(|| (base, [slash, &url].concat()))
}

/// The request that calls a service.
pub(super) fn call(service: &Service, action: &str, arguments: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::from(
        "<?xml version=\"1.0\"?>\r\n<s:Envelope \
         xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:",
    );
    let mut say = |parts: &[&str]| parts.iter().for_each(|part| body.push_str(part));
    say(&[action, " xmlns:u=\"", &service.kind, "\">"]);
    for (name, value) in arguments {
        say(&["<", name, ">", value, "</", name, ">"]);
    }
    say(&["</u:", action, "></s:Body></s:Envelope>\r\n"]);
    let headers = [
        "Content-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"",
        &service.kind,
        "#",
        action,
        "\"\r\n",
    ];
    http::post(service.at, &service.path, &headers.concat(), &body)
}

/// The request for a mapping.
pub(super) fn add(
    service: &Service,
    part: &Part,
    (ours, wish): (Ipv4Addr, &Wish),
    lease_s: u32,
) -> Vec<u8> {
    let (outer, inner) = (part.wished.to_string(), wish.port.to_string());
    let (ours, lease) = (ours.to_string(), lease_s.to_string());
    let arguments = [
        ("NewRemoteHost", ""),
        ("NewExternalPort", &outer),
        ("NewProtocol", part.transport.word()),
        ("NewInternalPort", &inner),
        ("NewInternalClient", &ours),
        ("NewEnabled", "1"),
        ("NewPortMappingDescription", &wish.tag),
        ("NewLeaseDuration", &lease),
    ];
    call(service, "AddPortMapping", &arguments)
}

/// The request to take one back.
pub(super) fn delete(service: &Service, transport: Transport, outer_port: u16) -> Vec<u8> {
    let outer = outer_port.to_string();
    let arguments =
        [("NewRemoteHost", ""), ("NewExternalPort", &outer), ("NewProtocol", transport.word())];
    call(service, "DeletePortMapping", &arguments)
}

/// The gateway's address outside.
pub(super) fn outer_address(page: &Page) -> Option<Ipv4Addr> {
    let address = text_of(&page.body, "NewExternalIPAddress")?.parse().ok();
    address.filter(|address| page.status == 200 && is_usable(*address))
}

/// An entry of the gateway's table.
pub(super) fn entry(page: &Page) -> Option<Entry<'_>> {
    let text = |name| text_of(&page.body, name);
    let transport = match text("NewProtocol")? {
        "TCP" => Transport::Tcp,
        "UDP" => Transport::Udp,
        _ => return None,
    };
    let outer_port = text("NewExternalPort")?.parse().ok()?;
    let client = text("NewInternalClient").and_then(|client| client.parse().ok());
    let description = text("NewPortMappingDescription").unwrap_or_default();
    (page.status == 200).then_some(Entry { transport, outer_port, client, description })
}

/// The error that an answer is; `None` for a good one.
pub(super) fn error(page: &Page) -> Option<u16> {
    let code = text_of(&page.body, "errorCode").and_then(|code| code.parse().ok());
    (page.status != 200).then(|| code.unwrap_or(page.status))
}

/// What an error says.
pub(super) fn words(code: u16) -> &'static str {
    match code {
        401 | 404 | 602 => "the gateway maps no ports",
        BAD_ARGUMENTS | 600 | 601 => "the gateway does not understand the question",
        606 => "the gateway does not allow it",
        CONFLICT => "the port outside is another's",
        728 => "the gateway has no room for more",
        _ => "the gateway refuses",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Answer;
    use super::*;

    const AT: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1)), 5000);

    fn page(status: u16, body: &str) -> Page {
        Page { status, body: body.to_owned() }
    }

    fn service(path: &str, kind: &str) -> Service {
        Service { at: AT, path: path.to_owned(), kind: kind.to_owned() }
    }

    #[test]
    fn services_that_map_ports_are_found_wherever_they_are_nested() {
        let description = "<root><device><serviceList><service>\
            <serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType>\
            <controlURL>/l3f</controlURL></service></serviceList><deviceList><device><serviceList>\
            <service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType>\
            <controlURL>ctl/IP?a&amp;b</controlURL></service>\
            <service><serviceType>urn:schemas-upnp-org:service:WANPPPConnection:1</serviceType>\
            <controlURL>http://192.168.1.1:5000/ctl/PPP</controlURL></service>\
            </serviceList></device></deviceList></device></root>";
        let found = services(AT, description);
        let ip = service("/ctl/IP?a&b", "urn:schemas-upnp-org:service:WANIPConnection:2");
        let ppp = service("/ctl/PPP", "urn:schemas-upnp-org:service:WANPPPConnection:1");
        assert_eq!(found, [ip, ppp]);
    }

    #[test]
    fn a_service_elsewhere_or_with_a_name_that_breaks_out_is_none() {
        for (kind, url) in [
            ("urn:x:service:WANIPConnection:1", "http://192.168.1.9/ctl"),
            ("urn:x:service:WANIPConnection:1", "ftp://192.168.1.1/ctl"),
            ("urn:x:service:WANIPConnection:1", "/a b"),
            ("urn:x:service:WANIPConnection:1\"\r\nX: y", "/ctl"),
            ("urn:x:service:Other:1", "/ctl"),
        ] {
            let parts = ["<service><serviceType>", kind, "</serviceType><controlURL>", url];
            let text = [&parts.concat(), "</controlURL></service>"].concat();
            assert_eq!(services(AT, &text), [], "{kind} {url}");
        }
        let elsewhere = "<URLBase>http://8.8.8.8/</URLBase><service><serviceType>\
            urn:x:service:WANIPConnection:1</serviceType><controlURL>/c</controlURL></service>";
        assert_eq!(services(AT, elsewhere), []);
    }

    #[test]
    fn a_mapping_is_asked_for_in_the_order_of_the_standard() {
        let service = service("/ctl", "urn:schemas-upnp-org:service:WANIPConnection:1");
        let part = Part { transport: Transport::Tcp, wished: 41_000, answer: Answer::Awaited };
        let wish = Wish::new(40_000, true, [7; 12], "hobnob ab".to_owned());
        let request = add(&service, &part, (Ipv4Addr::new(192, 168, 1, 7), &wish), 7200);
        let text = String::from_utf8(request).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("POST /ctl HTTP/1.1\r\nHost: 192.168.1.1:5000\r\n"), "{head}");
        let action =
            "SOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"";
        assert!(head.contains(action), "{head}");
        assert_eq!(http::header(head, "content-length"), Some(&*body.len().to_string()));
        let arguments = "<NewRemoteHost></NewRemoteHost><NewExternalPort>41000</NewExternalPort>\
            <NewProtocol>TCP</NewProtocol><NewInternalPort>40000</NewInternalPort>\
            <NewInternalClient>192.168.1.7</NewInternalClient><NewEnabled>1</NewEnabled>\
            <NewPortMappingDescription>hobnob ab</NewPortMappingDescription>\
            <NewLeaseDuration>7200</NewLeaseDuration></u:AddPortMapping>";
        assert!(body.contains(arguments), "{body}");
    }

    #[test]
    fn answers_are_read() {
        let address = page(200, "<s:Body><NewExternalIPAddress>203.0.113.5</NewExternalIPAddress>");
        assert_eq!(outer_address(&address), Some(Ipv4Addr::new(203, 0, 113, 5)));
        let none = page(200, "<NewExternalIPAddress>0.0.0.0</NewExternalIPAddress>");
        assert_eq!(outer_address(&none), None);
        let fault = page(500, "<UPnPError><errorCode>718</errorCode></UPnPError>");
        assert_eq!((error(&fault), error(&address)), (Some(CONFLICT), None));
        assert_eq!(error(&page(404, "")), Some(404));
        let listed = page(
            200,
            "<NewExternalPort>41000</NewExternalPort><NewProtocol>UDP</NewProtocol>\
             <NewInternalClient>192.168.1.7</NewInternalClient>\
             <NewPortMappingDescription>hobnob ab</NewPortMappingDescription>",
        );
        let client = Some(Ipv4Addr::new(192, 168, 1, 7));
        let (transport, description) = (Transport::Udp, "hobnob ab");
        let is = Entry { transport, outer_port: 41_000, client, description };
        assert_eq!(entry(&listed), Some(is));
        assert_eq!(entry(&page(500, &listed.body)), None);
    }
}
