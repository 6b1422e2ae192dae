//! A gateway that maps ports: by PCP, NAT-PMP or UPnP, honestly or not. It is written from the RFCs
//! and knows nothing of how clients ask.

use super::net::Arrival;
use hobnob::proto::id::ConnId;
use hobnob::proto::machine::StreamAction;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

/// What a gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Pcp,
    NatPmp,
    Upnp,
    /// UPnP, and mappings that never end.
    UpnpForEver,
}

impl Speaks {
    /// The ports that it is asked at, and those that it answers from; the first is for datagrams.
    pub fn ports(self) -> &'static [u16] {
        match self {
            Speaks::Pcp | Speaks::NatPmp => &[5351],
            Speaks::Upnp | Speaks::UpnpForEver => &[1900, WEB],
        }
    }
}

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    Honest,
    Silent,
    /// What it says is nonsense.
    Mad,
    /// What it says never ends.
    Chatty,
}

/// TCP or UDP, by IANA's number, and a port outside.
type Outside = (u8, u16);

/// What is mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub inside: SocketAddr,
    pub lease_s: u32,
    tag: String,
}

/// What it wants done.
pub enum Reply {
    Datagram(SocketAddr, Vec<u8>),
    Stream(ConnId, StreamAction),
}

/// The gateway.
pub struct Router {
    at: Ipv4Addr,
    speaks: Speaks,
    pub temper: Temper,
    pub outer: Ipv4Addr,
    pub epoch_s: u32,
    pub mapped: BTreeMap<Outside, Mapping>,
    /// Ports outside that somebody else has.
    pub taken: Vec<u16>,
    pub asked: usize,
    requests: BTreeMap<ConnId, (SocketAddr, Vec<u8>)>,
    out: Vec<Reply>,
}

const TCP: u8 = 6;
const UDP: u8 = 17;
/// Where its pages are.
const WEB: u16 = 5000;
const NONSENSE: &[u8] = b"\x02\x81\xff\xffHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<a><b";

impl Router {
    pub fn new(at: Ipv4Addr, speaks: Speaks) -> Router {
        Router {
            at,
            speaks,
            temper: Temper::Honest,
            outer: Ipv4Addr::new(203, 0, 113, 5),
            epoch_s: 1,
            mapped: BTreeMap::new(),
            taken: Vec::new(),
            asked: 0,
            requests: BTreeMap::new(),
            out: Vec::new(),
        }
    }

    /// It restarts, and has forgotten everything.
    pub fn restart(&mut self) {
        self.mapped.clear();
        self.epoch_s = 0;
    }

    pub fn take(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.out)
    }

    pub fn arrive(&mut self, conn: ConnId, arrival: Arrival) {
        match arrival {
            Arrival::Datagram { from, bytes } => {
                self.asked += 1;
                self.hear(from, &bytes);
            }
            Arrival::Accepted { from, .. } => {
                self.asked += 1;
                self.requests.insert(conn, (from, Vec::new()));
            }
            Arrival::Bytes(bytes) => self.read(conn, &bytes),
            Arrival::Closed(_) => {
                self.requests.remove(&conn);
            }
            Arrival::Open(_) | Arrival::Listening { .. } | Arrival::Drained => {}
        }
    }

    fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        let answer = match (self.temper, self.speaks, bytes) {
            (Temper::Silent, ..) => None,
            (Temper::Mad | Temper::Chatty, Speaks::Pcp | Speaks::NatPmp, _) => {
                Some(NONSENSE.to_vec())
            }
            (_, Speaks::Pcp, [2, ..]) => self.pcp(from, bytes),
            (_, Speaks::Pcp, _) => None,
            (_, Speaks::NatPmp, [0, ..]) => self.nat_pmp(from, bytes),
            (_, Speaks::NatPmp, _) => {
                let epoch = self.epoch_s.to_be_bytes();
                Some([&[0, bytes[1] | 0x80, 0, 1], &epoch[..]].concat())
            }
            (_, Speaks::Upnp | Speaks::UpnpForEver, [b'M', ..]) => {
                let place = format!("http://{}:{WEB}/desc.xml", self.at);
                let kind = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
                Some(format!("HTTP/1.1 200 OK\r\nST:{kind}\r\nLOCATION: {place}\r\n\r\n").into())
            }
            (_, Speaks::Upnp | Speaks::UpnpForEver, _) => None,
        };
        self.out.extend(answer.map(|answer| Reply::Datagram(from, answer)));
    }

    /// RFC 6887, section 11.
    fn pcp(&mut self, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut answer = bytes.to_vec();
        let lease_s = u32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?);
        let short = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let (transport, port) = (*bytes.get(36)?, short(40)?);
        assert_eq!(bytes.len(), 60, "a MAP request");
        let is_theirs = bytes[20..24] == from_ip(from).octets();
        let wished = short(42)?;
        let outer_port = self.map((transport, wished), (from, port), lease_s, "");
        answer[1] |= 0x80;
        answer[2..4].copy_from_slice(&[0, if is_theirs { 0 } else { 12 }]);
        answer[8..12].copy_from_slice(&self.epoch_s.to_be_bytes());
        answer[12..24].fill(0);
        answer[42..44].copy_from_slice(&outer_port.to_be_bytes());
        answer[44..].copy_from_slice(&self.outer.to_ipv6_mapped().octets());
        Some(answer)
    }

    /// RFC 6886, sections 3.2 and 3.3.
    fn nat_pmp(&mut self, from: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
        let head = [0, bytes[1] | 0x80, 0, 0];
        let epoch = self.epoch_s.to_be_bytes();
        if bytes.len() == 2 {
            return Some([head, epoch, self.outer.octets()].concat());
        }
        let short = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let transport = if bytes[1] == 1 { UDP } else { TCP };
        let lease_s = u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
        let outer = self.map((transport, short(6)), (from, short(4)), lease_s, "");
        let mut answer = [&head[..], &epoch, &bytes[4..6], &outer.to_be_bytes()].concat();
        answer.extend(lease_s.to_be_bytes());
        Some(answer)
    }

    /// Maps, or with no lease takes back; the port outside, as near to what was wished as it goes.
    fn map(
        &mut self,
        (transport, wished): Outside,
        (from, port): (SocketAddr, u16),
        lease_s: u32,
        tag: &str,
    ) -> u16 {
        let inside = SocketAddr::new(from.ip(), port);
        let is_theirs = |outside: &Outside, mapping: &Mapping| {
            outside.0 == transport && mapping.inside == inside
        };
        self.mapped.retain(|outside, mapping| !is_theirs(outside, mapping));
        if lease_s == 0 {
            return 0;
        }
        let mut outer = wished.max(1024);
        while self.taken.contains(&outer) || self.mapped.contains_key(&(transport, outer)) {
            outer += 1;
        }
        let tag = tag.to_owned();
        self.mapped.insert((transport, outer), Mapping { inside, lease_s, tag });
        outer
    }

    fn read(&mut self, conn: ConnId, bytes: &[u8]) {
        let Some((from, request)) = self.requests.get_mut(&conn) else { return };
        request.extend(bytes);
        let (from, text) = (*from, String::from_utf8_lossy(request).into_owned());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        if length.and_then(|length| length.parse().ok()).unwrap_or(0) > body.len() {
            return;
        }
        let answer = match self.temper {
            Temper::Silent => return,
            Temper::Mad => NONSENSE.to_vec(),
            Temper::Chatty => vec![b'x'; 100_000],
            Temper::Honest => {
                let (status, body) = self.page(from, head, body);
                let length = body.len();
                format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n\r\n{body}").into()
            }
        };
        self.out.push(Reply::Stream(conn, StreamAction::Send(answer)));
    }

    fn page(&mut self, from: SocketAddr, head: &str, body: &str) -> (u16, String) {
        if head.starts_with("GET /desc.xml ") {
            let kind = "urn:schemas-upnp-org:service:WANIPConnection:1";
            let service = format!("<serviceType>{kind}</serviceType><controlURL>/ctl</controlURL>");
            return (200, format!("<root><service>{service}</service></root>"));
        }
        assert!(head.starts_with("POST /ctl "), "{head}");
        let action = head.lines().find_map(|line| line.split_once('#')).expect("an action").1;
        let text = |name: &str| {
            let (_, rest) = body.split_once(&format!("<{name}>")).expect("the argument is there");
            rest.split('<').next().expect("a text")
        };
        let outside = || {
            let transport = if text("NewProtocol") == "TCP" { TCP } else { UDP };
            (transport, text("NewExternalPort").parse().expect("a port"))
        };
        match action.trim_end_matches('"') {
            "GetExternalIPAddress" => {
                (200, format!("<NewExternalIPAddress>{}</NewExternalIPAddress>", self.outer))
            }
            "AddPortMapping" => {
                let lease_s = text("NewLeaseDuration").parse().expect("a lease");
                let (transport, outer) = outside();
                if self.speaks == Speaks::UpnpForEver && lease_s != 0 {
                    return fault(725);
                }
                if self.taken.contains(&outer) {
                    return fault(718);
                }
                assert_eq!(text("NewInternalClient"), from.ip().to_string());
                let port = text("NewInternalPort").parse().expect("a port");
                let tag = text("NewPortMappingDescription").to_owned();
                let inside = SocketAddr::new(from.ip(), port);
                self.mapped.insert((transport, outer), Mapping { inside, lease_s, tag });
                (200, String::new())
            }
            "DeletePortMapping" => match self.mapped.remove(&outside()) {
                Some(_) => (200, String::new()),
                None => fault(714),
            },
            "GetGenericPortMappingEntry" => {
                let index: usize = text("NewPortMappingIndex").parse().expect("an index");
                let Some(((transport, outer), mapping)) = self.mapped.iter().nth(index) else {
                    return fault(713);
                };
                let word = if *transport == TCP { "TCP" } else { "UDP" };
                let (client, tag) = (mapping.inside.ip(), &mapping.tag);
                let entry = format!(
                    "<NewExternalPort>{outer}</NewExternalPort><NewProtocol>{word}</NewProtocol>\
                     <NewInternalClient>{client}</NewInternalClient>\
                     <NewPortMappingDescription>{tag}</NewPortMappingDescription>"
                );
                (200, entry)
            }
            _ => fault(401),
        }
    }
}

fn fault(code: u16) -> (u16, String) {
    (500, format!("<UPnPError><errorCode>{code}</errorCode></UPnPError>"))
}

fn from_ip(from: SocketAddr) -> Ipv4Addr {
    match from {
        SocketAddr::V4(from) => *from.ip(),
        SocketAddr::V6(_) => panic!("the world has only IPv4"),
    }
}
