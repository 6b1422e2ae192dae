//! A server under load: how fast clients sign in, what each costs, how long answers take with many
//! signed in, and whether anybody feels ten thousand connections that never speak.

use crate::common::{Samples, Scratch, Server, cpu_time, heading, mib, row, rss_bytes, short};
use crate::swarm::{Swarm, name};
use hobnob::proto::bytes::{Blob, Bytes};
use hobnob::proto::id::{MsgId, SessionId};
use hobnob::proto::link::{Link, LinkEvent, Purpose};
use hobnob::proto::model::person::Target;
use hobnob::proto::time::Wall;
use hobnob::proto::wire::client::{Answer, Ask, Carry, Lookup, Who};
use hobnob::proto::wire::peer::{Text, ToPeer};
use hobnob::proto::wire::server::{Offer, ToClient};
use hobnob::shell::reactor::raise_descriptor_limit;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: [usize; 3] = [10, 1_000, 5_000];
const HALF_OPEN: usize = 10_000;
const ASKED: usize = 500;
/// Descriptors that a process has open beside its clients.
const OTHER_DESCRIPTORS: usize = 100;

pub fn run() {
    heading("server, one process of clients beside it on this machine");
    let limit = raise_descriptor_limit().expect("a limit that may be raised") as usize;
    let scratch = Scratch::new("load");
    let server = Server::start(&scratch.join("server"));
    let mut swarm = Swarm::new(server.at);
    let base = rss_bytes(server.pid());
    row("RSS with nobody", mib(base), "4 MiB");
    let mut signed_in = 0;
    for clients in CLIENTS.into_iter().filter(|clients| clients + OTHER_DESCRIPTORS < limit) {
        println!("  with {clients} signed in");
        sign_in(&mut swarm, &server, clients, signed_in);
        signed_in = clients;
        memory(&server, base, clients);
        latencies(&mut swarm, clients);
    }
    let half_open = HALF_OPEN.min(limit - signed_in - OTHER_DESCRIPTORS);
    besides_half_open(&mut swarm, &server, half_open);
    assert_eq!(swarm.lost, 0, "nobody who was signed in was cut off");
}

fn sign_in(swarm: &mut Swarm, server: &Server, clients: usize, before: usize) {
    let new = (clients - before) as u32;
    swarm.make_keys(clients);
    let used = cpu_time(server.pid());
    let took = swarm.sign_in(clients);
    let used = cpu_time(server.pid()) - used;
    row("registrations", format!("{:.0}/s", f64::from(new) / took.as_secs_f64()), "");
    if new > 100 {
        row("processor time of the server for each", short(used / new), "");
    }
}

fn memory(server: &Server, base: u64, clients: usize) {
    let rss = rss_bytes(server.pid());
    let bound = 4 * 1024 * 1024 + 1_000 * clients as u64;
    row("RSS", mib(rss), &format!("{}: 4 MiB and 1,000 bytes a client", mib(bound)));
    if clients > 100 {
        let each = rss.saturating_sub(base) / clients as u64;
        row("RSS a client over that with nobody", format!("{each} bytes"), "1,000 bytes");
    }
}

fn latencies(swarm: &mut Swarm, clients: usize) {
    let mut lookups = Samples::default();
    let mut pages = Samples::default();
    let mut all = Samples::default();
    for n in 0..ASKED {
        lookups.add(lookup(swarm, n % clients, (n * 7919) % clients));
        pages.add(who(swarm, n % clients, false));
        if n % 10 == 0 {
            all.add(who(swarm, (n / 10) % clients, true));
        }
    }
    row("lookup", lookups, "");
    row("who, first page", pages, "");
    row(&format!("who, all {clients}"), all, "");
    row("message of 100 bytes over the relay, one way", relayed(swarm, clients), "");
}

fn lookup(swarm: &mut Swarm, asker: usize, of: usize) -> Duration {
    let start = Instant::now();
    let req = swarm.req(asker);
    swarm.say(asker, Lookup { req, who: Target::Name(name(of)), token: None });
    let ToClient::Found(found) = swarm.hear(asker) else { panic!("a lookup is answered") };
    assert!(found.req == req && found.who.is_some(), "everybody here is public");
    start.elapsed()
}

fn who(swarm: &mut Swarm, asker: usize, all: bool) -> Duration {
    let start = Instant::now();
    let mut after = None;
    loop {
        let req = swarm.req(asker);
        swarm.say(asker, Who { req, prefix: String::new(), after });
        let ToClient::WhoPage(page) = swarm.hear(asker) else { panic!("a who is answered") };
        after = page.people.last().map(|person| person.name.clone());
        if !all || !page.more {
            return start.elapsed();
        }
    }
}

/// Messages from one client to another through the server, with the two sides' own link inside.
fn relayed(swarm: &mut Swarm, clients: usize) -> Samples {
    let (from, to) = (clients / 3, clients * 2 / 3);
    let mut pair = Pair::open(swarm, from, to);
    let mut samples = Samples::default();
    for n in 0..ASKED * 4 {
        let id = MsgId(Bytes((n as u128).to_be_bytes()));
        let text = Text { id, sent: Wall(0), text: "x".repeat(100) };
        let start = Instant::now();
        pair.links[0].send(&ToPeer::Text(text));
        let heard = pair.carry(swarm, 0);
        samples.add(start.elapsed());
        let is_it = matches!(&heard[..], [LinkEvent::Message(ToPeer::Text(text))] if text.id == id);
        assert!(is_it, "what was sent came out");
    }
    samples
}

/// Two clients in a session over the relay.
struct Pair {
    peers: [usize; 2],
    links: [Link; 2],
    session: SessionId,
}

impl Pair {
    fn open(swarm: &mut Swarm, asker: usize, asked: usize) -> Pair {
        let session = SessionId(Bytes(swarm.rng().bytes()));
        let to = swarm.identity(asked).fingerprint();
        swarm.say(asker, Ask { session, to, candidates: Vec::new(), token: None, is_quiet: false });
        let ToClient::Offer(Offer { .. }) = swarm.hear(asked) else { panic!("an ask is offered") };
        swarm.say(asked, Answer { session, candidates: Vec::new() });
        let ToClient::Answered(_) = swarm.hear(asker) else { panic!("an answer arrives") };
        let mut rng = hobnob::proto::crypto::rng::Rng::new(swarm.rng().bytes());
        let me = swarm.identity(asker);
        let dial = Link::dial(me, Purpose::Peer(session), Some(to), &mut rng);
        let mut pair = Pair { peers: [asker, asked], links: [dial, Link::accept()], session };
        let hello = pair.carry(swarm, 0);
        assert_eq!(hello, [LinkEvent::Hello(Purpose::Peer(session))]);
        let expected = swarm.identity(asker).fingerprint();
        pair.links[1].answer(swarm.identity(asked), Some(expected), &mut rng);
        pair.carry(swarm, 1);
        pair.carry(swarm, 0);
        assert!(pair.links.iter().all(Link::is_open), "the handshake is through");
        pair
    }

    /// Carries what one side has to say to the other; what that hears.
    fn carry(&mut self, swarm: &mut Swarm, side: usize) -> Vec<LinkEvent<ToPeer>> {
        let bytes = self.links[side].take_output().expect("something is to be said");
        swarm.say(self.peers[side], Carry { session: self.session, bytes: Blob(bytes) });
        let ToClient::Carried(carried) = swarm.hear(self.peers[1 - side]) else {
            panic!("what is carried arrives");
        };
        let link = &mut self.links[1 - side];
        link.feed(&carried.bytes.0);
        let mut heard = Vec::new();
        while let Some(event) = link.poll().expect("both sides speak our protocol") {
            heard.push(event);
        }
        heard
    }
}

/// Connections that say nothing, or not enough, while everybody else goes on.
fn besides_half_open(swarm: &mut Swarm, server: &Server, count: usize) {
    println!("  with {} signed in and {count} connections that never speak", swarm.signed_in);
    let at = server.at;
    let start = Instant::now();
    let dialling = thread::spawn(move || half_open(at, count));
    let mut lookups = Samples::default();
    let mut dialled = None;
    let mut n = 0;
    while dialled.is_none() || n < ASKED {
        if dialled.is_none() && dialling.is_finished() {
            dialled = Some(start.elapsed());
        }
        lookups.add(lookup(swarm, n % swarm.signed_in, n * 7919 % swarm.signed_in));
        n += 1;
    }
    let streams = dialling.join().expect("every connection is taken");
    row("they come", format!("in {}", short(dialled.unwrap_or_default())), "");
    row("lookup meanwhile", &lookups, "as without them");
    row("  the slowest of all", short(lookups.percentile(100.0)), "");
    row("RSS meanwhile", mib(rss_bytes(server.pid())), "");
    let mut all_gone = None;
    while all_gone.is_none() && start.elapsed() < Duration::from_secs(30) {
        swarm.idle(Duration::from_millis(200));
        if streams.iter().all(is_gone) {
            all_gone = Some(start.elapsed());
        }
    }
    row("all are turned away", format!("after {}", short(all_gone.expect("at last"))), "10 s");
    row("of those signed in, lost", swarm.lost, "0");
    row("RSS afterwards", mib(rss_bytes(server.pid())), "");
}

fn half_open(at: SocketAddr, count: usize) -> Vec<TcpStream> {
    let open = |n| {
        let mut stream = TcpStream::connect(at).expect("a server that accepts");
        if n % 2 == 1 {
            stream.write_all(&[0, 200, 1]).expect("a socket that takes three bytes");
        }
        stream.set_nonblocking(true).expect("a socket");
        stream
    };
    (0..count).map(open).collect()
}

fn is_gone(mut stream: &TcpStream) -> bool {
    !matches!(stream.read(&mut [0; 64]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}
