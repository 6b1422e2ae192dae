//! The machine against a gateway that the test plays.

use super::*;
use crate::proto::time::Wall;
use proptest::prelude::*;

const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);
const OURS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 7);
const OUTER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);
const PORT_OF_OURS: u16 = 40_000;
const NONCE: [u8; 12] = *b"twelve bytes";
const KIND: &str = "urn:schemas-upnp-org:service:WANIPConnection:1";

/// The machine, and the time.
struct Bench {
    map: PortMap,
    now: u64,
}

impl Bench {
    fn new() -> Bench {
        let gateway = Gateway { at: ROUTER, ours: OURS };
        let wish = Wish::new(PORT_OF_OURS, true, NONCE, "hobnob ab".to_owned());
        Bench { map: PortMap::new(at(0), gateway, wish), now: 0 }
    }

    fn acts(&mut self) -> Vec<Act> {
        std::iter::from_fn(|| self.map.poll()).collect()
    }

    /// The datagrams to the gateway's PCP port.
    fn questions(&mut self) -> Vec<Vec<u8>> {
        let acts = self.acts().into_iter();
        acts.map(|act| match act {
            Act::Datagram(to, bytes) if to == gateway(PORT) => bytes,
            act => panic!("{act:?}"),
        })
        .collect()
    }

    /// Where searches go.
    fn searches(&mut self) -> Vec<SocketAddr> {
        let acts = self.acts().into_iter();
        acts.map(|act| match act {
            Act::Datagram(to, bytes) if bytes == ssdp::SEARCH => to,
            act => panic!("{act:?}"),
        })
        .collect()
    }

    /// The text of the request on a connection that is just dialled.
    fn request(&mut self) -> String {
        let acts = self.acts();
        let dials = acts.iter().filter(|act| matches!(act, Act::Dial(_))).count();
        assert_eq!(dials, 1, "{acts:?}");
        self.map.on_open();
        match &self.acts()[..] {
            [Act::Send(bytes)] => String::from_utf8_lossy(bytes).into_owned(),
            acts => panic!("{acts:?}"),
        }
    }

    /// A request for this, and its answer.
    fn exchange(&mut self, action: &str, status: &str, body: &str) -> String {
        let request = self.request();
        assert!(request.contains(action), "{action}: {request}");
        let length = body.len().to_string();
        let answer = ["HTTP/1.1 ", status, "\r\nContent-Length: ", &length, "\r\n\r\n", body];
        self.map.on_bytes(at(self.now), answer.concat().as_bytes());
        request
    }

    fn answer(&mut self, bytes: &[u8]) {
        self.map.on_datagram(at(self.now), gateway(PORT), bytes);
    }

    fn wait(&mut self) {
        let due = self.map.due().expect("something is waited for");
        self.now = due.0;
        self.map.on_due(at(self.now));
    }

    /// Until nobody has answered PCP and NAT-PMP.
    fn knock_in_vain(&mut self) {
        for _ in 0..limits::PORT_MAPPING_KNOCKS {
            self.acts();
            self.wait();
        }
    }

    /// Until a UPnP gateway has given its description.
    fn meet_igd(&mut self) {
        self.knock_in_vain();
        self.acts();
        let answer = "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\
            \r\nLOCATION: http://192.168.1.1:5000/d.xml\r\n\r\n";
        self.map.on_datagram(at(self.now), gateway(1900), answer.as_bytes());
        let service = ["<service><serviceType>", KIND, "</serviceType>"].concat();
        let body = [&service, "<controlURL>/c</controlURL></service>"].concat();
        self.exchange("GET /d.xml", "200 OK", &body);
        let address = "<NewExternalIPAddress>203.0.113.5</NewExternalIPAddress>";
        self.exchange("#GetExternalIPAddress", "200 OK", address);
    }

    fn results(&self) -> Vec<(&str, &str)> {
        self.map.tried().map(|tried| (tried.by, tried.result.as_str())).collect()
    }
}

fn at(ms: u64) -> Now {
    Now { mono: Mono(ms), wall: Wall(ms as i64) }
}

fn gateway(port: u16) -> SocketAddr {
    SocketAddr::from((ROUTER, port))
}

/// An answer to a PCP question.
fn pcp_answer(question: &[u8], result: u8, outer: (Ipv4Addr, u16), epoch_s: u32) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[1] |= 0x80;
    bytes[3] = result;
    bytes[8..12].copy_from_slice(&epoch_s.to_be_bytes());
    bytes[12..24].fill(0);
    bytes[42..44].copy_from_slice(&outer.1.to_be_bytes());
    bytes[44..60].copy_from_slice(&outer.0.to_ipv6_mapped().octets());
    bytes
}

fn nat_pmp_answer(question: &[u8], outer_port: u16) -> Vec<u8> {
    let mut bytes = vec![0, 0x80 | question[1], 0, 0, 0, 0, 0, 9];
    bytes.extend(&question[4..6]);
    bytes.extend(outer_port.to_be_bytes());
    bytes.extend(&question[8..12]);
    bytes
}

const NO: &str = "500 Internal Server Error";

#[test]
fn a_pcp_gateway_maps_both_and_is_asked_again_at_half_the_lease() {
    let mut bench = Bench::new();
    let questions = bench.questions();
    assert_eq!(questions.iter().map(|bytes| bytes[36]).collect::<Vec<_>>(), [6, 17]);
    bench.now = 20;
    for (question, port) in questions.iter().zip([40_001, 40_002]) {
        bench.answer(&pcp_answer(question, 0, (OUTER, port), 100));
    }
    assert_eq!(bench.map.tcp(), Some(SocketAddr::from((OUTER, 40_001))));
    assert_eq!(bench.map.udp(), Some(SocketAddr::from((OUTER, 40_002))));
    assert_eq!(bench.map.due(), Some(Mono(20 + 3_600_000)));
    let words = "mapped, TCP 203.0.113.5:40001, UDP 203.0.113.5:40002";
    assert_eq!(bench.results(), [("PCP", words)]);
    assert_eq!(bench.map.tried().next().and_then(|tried| tried.ms), Some(20));

    bench.wait();
    let again = bench.questions();
    assert_eq!(again[0][24..36], questions[0][24..36], "the same nonce");
    assert_eq!(again[0][42..44], 40_001_u16.to_be_bytes(), "the port that we have");
    assert_eq!(bench.map.tcp(), Some(SocketAddr::from((OUTER, 40_001))), "in use meanwhile");
    for (question, port) in again.iter().zip([40_001, 40_002]) {
        bench.answer(&pcp_answer(question, 0, (OUTER, port), 3_700));
    }
    assert_eq!(bench.results(), [("PCP", words)], "nothing new");
}

#[test]
fn a_gateway_that_has_restarted_is_noticed_when_asked_again() {
    let mut bench = Bench::new();
    for question in bench.questions() {
        bench.answer(&pcp_answer(&question, 0, (OUTER, 40_000), 100));
    }
    bench.wait();
    for question in bench.questions() {
        bench.answer(&pcp_answer(&question, 0, (OUTER, 40_009), 60));
    }
    assert_eq!(bench.map.udp(), Some(SocketAddr::from((OUTER, 40_009))));
    let last = bench.results().pop().map(|(_, result)| result.to_owned());
    assert!(last.is_some_and(|last| last.ends_with("; the gateway had restarted")));
}

#[test]
fn a_gateway_that_refuses_pcps_version_is_asked_by_nat_pmp() {
    let mut bench = Bench::new();
    bench.acts();
    bench.answer(&[0, 0x81, 0, 1, 0, 0, 0, 9]);
    let questions = bench.questions();
    assert_eq!(
        questions.iter().map(|bytes| bytes[..2].to_vec()).collect::<Vec<_>>(),
        [[0, 0], [0, 2], [0, 1]]
    );
    // The same word for PCP's other question is no answer to these.
    bench.answer(&[0, 0x81, 0, 1, 0, 0, 0, 9]);
    assert_eq!(bench.acts(), []);
    bench.answer(&nat_pmp_answer(&questions[1], 40_001));
    bench.answer(&nat_pmp_answer(&questions[2], 40_002));
    assert_eq!(bench.map.tcp(), None, "the address is not known yet");
    bench.answer(&[0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 5]);
    assert_eq!(bench.map.tcp(), Some(SocketAddr::from((OUTER, 40_001))));
    assert_eq!(bench.map.udp(), Some(SocketAddr::from((OUTER, 40_002))));
    assert_eq!(bench.results()[0].0, "NAT-PMP");
}

#[test]
fn a_gateway_that_is_silent_to_pcp_is_asked_by_nat_pmp_as_well() {
    let mut bench = Bench::new();
    assert_eq!(bench.questions().len(), 2);
    bench.wait();
    let questions = bench.questions();
    assert_eq!(questions.iter().filter(|bytes| bytes[0] == 0).count(), 3);
    assert_eq!(questions.iter().filter(|bytes| bytes[0] == 2).count(), 2);
}

#[test]
fn where_nobody_answers_a_few_questions_are_asked_and_nothing_is_waited_for() {
    let mut bench = Bench::new();
    bench.knock_in_vain();
    assert_eq!(bench.now, 1_750);
    let everybody = SocketAddr::from(([239, 255, 255, 250], 1900));
    assert_eq!(bench.searches(), [gateway(1900)]);
    bench.wait();
    assert_eq!(bench.searches(), [gateway(1900)]);
    for _ in 2..limits::PORT_MAPPING_SEARCHES {
        bench.wait();
        assert_eq!(bench.searches(), [gateway(1900), everybody]);
    }
    bench.wait();
    assert_eq!(bench.acts(), []);
    assert!(bench.map.is_over());
    assert_eq!(bench.map.due(), None);
    assert_eq!(bench.results(), [("PCP, NAT-PMP", "no answer"), ("UPnP", "no answer")]);
}

#[test]
fn a_upnp_gateway_maps_both_and_takes_both_back() {
    let mut bench = Bench::new();
    bench.meet_igd();
    let request = bench.exchange("#AddPortMapping", "200 OK", "");
    assert!(request.contains("<NewProtocol>TCP<"), "{request}");
    assert!(request.contains("<NewLeaseDuration>7200<"), "{request}");
    let request = bench.exchange("#AddPortMapping", "200 OK", "");
    assert!(request.contains("<NewProtocol>UDP<"), "{request}");
    assert_eq!(bench.map.tcp(), Some(SocketAddr::from((OUTER, PORT_OF_OURS))));
    assert_eq!(bench.map.udp(), Some(SocketAddr::from((OUTER, PORT_OF_OURS))));
    bench.acts();

    bench.wait();
    let address = "<NewExternalIPAddress>203.0.113.6</NewExternalIPAddress>";
    bench.exchange("#GetExternalIPAddress", "200 OK", address);
    bench.exchange("#AddPortMapping", "200 OK", "");
    bench.exchange("#AddPortMapping", "200 OK", "");
    assert_eq!(bench.map.tcp(), Some(SocketAddr::from(([203, 0, 113, 6], PORT_OF_OURS))));
    bench.acts();

    bench.map.give_back(at(bench.now));
    assert_eq!((bench.map.tcp(), bench.map.udp()), (None, None));
    for transport in ["TCP", "UDP"] {
        assert!(!bench.map.is_over());
        let request = bench.exchange("#DeletePortMapping", "200 OK", "");
        assert!(request.contains(&["<NewProtocol>", transport, "<"].concat()), "{request}");
        assert!(request.contains("<NewExternalPort>40000<"), "{request}");
    }
    assert!(bench.map.is_over());
    assert_eq!(bench.map.due(), None);
}

#[test]
fn where_the_port_is_anothers_another_is_asked_for() {
    let mut bench = Bench::new();
    bench.meet_igd();
    bench.exchange("#AddPortMapping", NO, "<errorCode>718</errorCode>");
    let request = bench.exchange("#AddPortMapping", "200 OK", "");
    let other = u16::from_be_bytes([b't' | 0xc0, b'w']);
    assert!(request.contains(&other.to_string()), "{request}");
    bench.exchange("#AddPortMapping", NO, "<errorCode>718</errorCode>");
    bench.exchange("#AddPortMapping", NO, "<errorCode>718</errorCode>");
    assert_eq!(bench.map.tcp(), Some(SocketAddr::from((OUTER, other))));
    assert_eq!(bench.map.udp(), None);
    let last = bench.results().pop().map(|(_, result)| result.to_owned());
    assert!(last.is_some_and(|last| last.ends_with(", not UDP")));
}

#[test]
fn where_mappings_are_for_ever_those_left_behind_are_removed_first() {
    let mut bench = Bench::new();
    bench.meet_igd();
    bench.exchange("#AddPortMapping", NO, "<errorCode>725</errorCode>");
    let entry = |client: &str, tag: &str| {
        let head = "<NewExternalPort>39000</NewExternalPort><NewProtocol>UDP</NewProtocol>";
        let client = ["<NewInternalClient>", client, "</NewInternalClient>"].concat();
        let tag = ["<NewPortMappingDescription>", tag, "</NewPortMappingDescription>"].concat();
        [head, &client, &tag].concat()
    };
    let generic = "#GetGenericPortMappingEntry";
    bench.exchange(generic, "200 OK", &entry("192.168.1.9", "hobnob ab"));
    bench.exchange(generic, "200 OK", &entry("192.168.1.7", "another"));
    let request = bench.exchange(generic, "200 OK", &entry("192.168.1.7", "hobnob ab"));
    assert!(request.contains("<NewPortMappingIndex>2<"), "{request}");
    let request = bench.exchange("#DeletePortMapping", "200 OK", "");
    assert!(request.contains("<NewExternalPort>39000<"), "{request}");
    let request = bench.exchange(generic, NO, "<errorCode>713</errorCode>");
    assert!(request.contains("<NewPortMappingIndex>2<"), "{request}");
    for _ in 0..2 {
        let request = bench.exchange("#AddPortMapping", "200 OK", "");
        assert!(request.contains("<NewLeaseDuration>0<"), "{request}");
    }
    assert!(bench.map.tcp().is_some() && bench.map.udp().is_some());
}

#[test]
fn a_table_without_an_end_is_not_read_to_its_end() {
    let mut bench = Bench::new();
    bench.meet_igd();
    bench.exchange("#AddPortMapping", NO, "<errorCode>725</errorCode>");
    let entry = "<NewExternalPort>1</NewExternalPort><NewProtocol>TCP</NewProtocol>";
    for _ in 0..limits::PORT_MAPPING_ENTRIES {
        bench.exchange("#GetGenericPortMappingEntry", "200 OK", entry);
    }
    bench.exchange("#AddPortMapping", "200 OK", "");
}

#[test]
fn an_address_that_is_inside_another_gateway_says_so() {
    let mut bench = Bench::new();
    for question in bench.questions() {
        let outer = (Ipv4Addr::new(100, 64, 3, 4), 40_000);
        bench.answer(&pcp_answer(&question, 0, outer, 1));
    }
    assert!(bench.map.tcp().is_some_and(|outer| is_behind_another(outer.ip())));
    let (_, words) = bench.results()[0];
    assert!(words.ends_with("; there is another gateway outside"), "{words}");
}

#[test]
fn a_gateway_that_lies_or_refuses_is_not_believed_and_upnp_is_next() {
    for (result, outer, why) in [
        (2, (OUTER, 40_000), "the gateway does not allow it"),
        (0, (Ipv4Addr::UNSPECIFIED, 40_000), "the gateway has no address outside"),
        (0, (Ipv4Addr::LOCALHOST, 40_000), "the gateway has no address outside"),
        (0, (OUTER, 0), "the gateway has no address outside"),
    ] {
        let mut bench = Bench::new();
        for question in bench.questions() {
            bench.answer(&pcp_answer(&question, result, outer, 1));
        }
        assert_eq!(bench.map.tcp(), None);
        assert_eq!(bench.results(), [("PCP", why), ("UPnP", "still trying")]);
        assert_eq!(bench.searches(), [gateway(1900)]);
    }
}

#[test]
fn an_answer_to_nobodys_question_is_passed_over() {
    let mut bench = Bench::new();
    let question = bench.questions().remove(0);
    let answer = pcp_answer(&question, 0, (OUTER, 40_000), 1);
    let (mut nonce, mut port) = (answer.clone(), answer.clone());
    nonce[30] ^= 1;
    port[41] ^= 1;
    bench.answer(&nonce);
    bench.answer(&port);
    bench.map.on_datagram(at(0), SocketAddr::from(([192, 168, 1, 9], PORT)), &answer);
    bench.map.on_datagram(at(0), gateway(PORT + 1), &answer);
    bench.wait();
    let is_mapping = |bytes: &&Vec<u8>| bytes[0] == 2;
    assert_eq!(bench.questions().iter().filter(is_mapping).count(), 2, "both are asked again");
}

#[test]
fn a_gateway_that_stops_answering_is_looked_for_anew_and_its_mappings_are_forgotten() {
    let mut bench = Bench::new();
    for question in bench.questions() {
        bench.answer(&pcp_answer(&question, 0, (OUTER, 40_000), 100));
    }
    bench.wait();
    for _ in 0..limits::PORT_MAPPING_KNOCKS {
        assert_eq!(bench.questions().len(), 2);
        assert!(bench.map.tcp().is_some());
        bench.wait();
    }
    assert_eq!(bench.map.tcp(), None);
    bench.knock_in_vain();
    for _ in 0..limits::PORT_MAPPING_SEARCHES {
        bench.acts();
        bench.wait();
    }
    assert!(bench.map.is_over());
    assert_eq!(bench.map.due(), None);
}

#[test]
fn a_upnp_gateway_that_hangs_up_or_is_slow_or_says_too_much_is_given_up_for_a_while() {
    for (case, why) in [
        (0, "connection refused"),
        (1, "the gateway's answer is cut short"),
        (2, "the gateway was too slow"),
        (3, "the gateway's answer is too long"),
    ] {
        let mut bench = Bench::new();
        bench.meet_igd();
        bench.acts();
        match case {
            0 => bench.map.on_closed(at(bench.now), Some("connection refused")),
            1 => bench.map.on_closed(at(bench.now), None),
            2 => bench.wait(),
            _ => {
                let long = vec![b'x'; limits::PORT_MAPPING_ANSWER_BYTES + 1];
                bench.map.on_bytes(at(bench.now), &long);
            }
        }
        assert_eq!(bench.results().pop(), Some(("UPnP", why)));
        assert!(bench.map.is_over());
        let again = Mono(bench.now + limits::PORT_MAPPING_AGAIN_MS);
        assert_eq!(bench.map.due(), Some(again));
    }
}

#[test]
fn what_a_pcp_gateway_maps_is_given_back_and_asked_for_twice_at_most() {
    let mut bench = Bench::new();
    for question in bench.questions() {
        bench.answer(&pcp_answer(&question, 0, (OUTER, 40_000), 100));
    }
    bench.map.give_back(at(bench.now));
    let questions = bench.questions();
    assert_eq!(questions.len(), 2);
    for question in &questions {
        assert_eq!(question[4..8], [0; 4], "no lease");
        assert_eq!(question[24..36], NONCE);
    }
    bench.answer(&pcp_answer(&questions[0], 0, (OUTER, 0), 101));
    assert!(!bench.map.is_over());
    bench.wait();
    assert_eq!(bench.questions().len(), 1, "the other one");
    bench.wait();
    assert!(bench.map.is_over());
    assert_eq!((bench.map.due(), bench.acts().len()), (None, 0));
}

#[test]
fn what_was_being_mapped_is_given_back_too() {
    let mut bench = Bench::new();
    let question = bench.questions().remove(0);
    bench.answer(&pcp_answer(&question, 0, (OUTER, 40_000), 100));
    bench.map.give_back(at(bench.now));
    assert_eq!(bench.questions().len(), 2);

    let mut bench = Bench::new();
    bench.meet_igd();
    bench.exchange("#AddPortMapping", "200 OK", "");
    bench.acts();
    bench.map.give_back(at(bench.now));
    assert!(matches!(bench.map.poll(), Some(Act::HangUp)));
    bench.exchange("#DeletePortMapping", "200 OK", "");
    bench.exchange("#DeletePortMapping", NO, "<errorCode>714</errorCode>");
    assert!(bench.map.is_over());
}

#[test]
fn where_nothing_is_held_nothing_is_given_back() {
    let mut bench = Bench::new();
    bench.acts();
    bench.map.give_back(at(0));
    assert!(bench.map.is_over());
    assert_eq!((bench.map.due(), bench.acts().len()), (None, 0));
}

proptest! {
    /// Whatever comes, little is asked, and it comes to an end.
    #[test]
    fn nonsense_leads_nowhere(
        parts in proptest::collection::vec(
            (0..4_u8, proptest::collection::vec(any::<u8>(), 0..80), 0..12_usize), 0..60),
    ) {
        let heads: [&[u8]; 6] = [
            &[2, 0x81, 0, 0],
            &[0, 0x82, 0, 0],
            b"HTTP/1.1 200 OK\r\nST: a:InternetGatewayDevice:1\r\n\
              LOCATION: http://192.168.1.1/\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n<service><serviceType>:WANIPConnection:</serviceType>",
            b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n",
            &[],
        ];
        let mut bench = Bench::new();
        for (what, bytes, head) in parts {
            let bytes = [heads[head % heads.len()], &bytes].concat();
            match what {
                0 => bench.answer(&bytes),
                1 => bench.map.on_datagram(at(bench.now), gateway(1900), &bytes),
                2 => bench.map.on_bytes(at(bench.now), &bytes),
                _ if bench.map.due().is_some() => bench.wait(),
                _ => bench.map.on_closed(at(bench.now), None),
            }
            prop_assert!(bench.acts().len() <= 16);
        }
        bench.map.give_back(at(bench.now));
        for _ in 0..100 {
            bench.acts();
            if bench.map.is_over() {
                break;
            }
            bench.wait();
        }
        prop_assert!(bench.map.is_over());
    }
}
