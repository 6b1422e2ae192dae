//! What goes over the wire, byte for byte: a change here is a change of the protocol.
//!
//! `tests/golden/*.txt` hold one line for each message: its name and its bytes in hex. After a
//! change that is meant, `HOBNOB_GOLDEN=write cargo test --test golden` writes them anew; the
//! difference belongs into the same commit. (`noise.txt` is not ours; `proto::crypto` tests it.)

use data_encoding::HEXLOWER;
use hobnob::proto::bytes::{Blob, Bytes};
use hobnob::proto::crypto::beacon;
use hobnob::proto::crypto::keys::{Identity, safety_number};
use hobnob::proto::crypto::mail::{self, Sealing};
use hobnob::proto::crypto::prekey;
use hobnob::proto::crypto::rng::Rng;
use hobnob::proto::id::{GroupId, MsgId, ReqId, SessionId};
use hobnob::proto::link::{Link, LinkEvent, LinkFault, Purpose};
use hobnob::proto::machine::Pipe;
use hobnob::proto::model::account::Visibility;
use hobnob::proto::model::bond::{Token, TokenHash};
use hobnob::proto::model::group::{
    Change, Handover, Listing, Member, Roster, SignedRoster, Step, Talk,
};
use hobnob::proto::model::letter::{Agree, Befriend, Body, Invite, Join, Letter};
use hobnob::proto::model::name::Name;
use hobnob::proto::model::person::{Fingerprint, Target};
use hobnob::proto::model::prekey::{Bundle, Prekey, PrekeyKind};
use hobnob::proto::model::transfer::{End, Offer, Outcome, Posted, Voice};
use hobnob::proto::time::Wall;
use hobnob::proto::wire::client::ToServer;
use hobnob::proto::wire::lan::{self, Beacon};
use hobnob::proto::wire::mail::Packet;
use hobnob::proto::wire::peer::ToPeer;
use hobnob::proto::wire::server::ToClient;
use hobnob::proto::wire::{BadMessage, LENGTH_BYTES, Wire, client, peer, server};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

const REQ: ReqId = ReqId(7);
const ID: MsgId = MsgId(Bytes([0xad; 16]));
const GROUP: GroupId = GroupId(Bytes([0x67; 16]));
const SESSION: SessionId = SessionId(Bytes([0x5e; 16]));
const KEY: Fingerprint = Fingerprint(Bytes([0xf1; 20]));
const TOKEN: Token = Token(Bytes([0x70; 16]));
const HASH: TokenHash = TokenHash(Bytes([0x4a; 16]));
const ADDRESS: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 7);
const SEEN: Wall = Wall(1_800_000_000_000);

#[test]
fn messages_to_a_server_keep_their_bytes() {
    let messages: Vec<ToServer> = vec![
        client::Enter { name: Some(name("bob")), visibility: Some(Visibility::Public) }.into(),
        client::Enter { name: None, visibility: None }.into(),
        client::Show { req: REQ, visibility: Visibility::Private }.into(),
        client::Who { req: REQ, prefix: "bo".into(), after: Some(name("bob")) }.into(),
        client::Lookup { req: REQ, who: Target::Name(name("bob")), token: None }.into(),
        client::Lookup { req: REQ, who: Target::Address(ADDRESS), token: None }.into(),
        client::Lookup { req: REQ, who: Target::Key(KEY), token: Some(TOKEN) }.into(),
        client::Watch { who: vec![watched(None), watched(Some(TOKEN))] }.into(),
        ask(None, false).into(),
        ask(Some(TOKEN), true).into(),
        client::Answer { session: SESSION, candidates: endpoints() }.into(),
        client::Carry { session: SESSION, bytes: Blob(vec![1, 2, 3]) }.into(),
        client::Hangup { session: SESSION, declined: true }.into(),
        client::Listening { port: 12_000 }.into(),
        client::Leave {}.into(),
        client::Reach { tokens: vec![HASH, HASH], blocked: vec![KEY] }.into(),
        client::Publish {
            keys: vec![prekey(PrekeyKind::Weekly), prekey(PrekeyKind::Once)],
            replaces: false,
        }
        .into(),
        client::WantKey { req: REQ, of: KEY, token: Some(TOKEN) }.into(),
        client::Deposit { req: REQ, to: KEY, token: None, envelope: envelope() }.into(),
        client::Taken { up_to: 70_000 }.into(),
        client::Announce { names: vec![name("climbers")] }.into(),
        client::WantGroups { req: REQ, name: None, after: Some(listing()) }.into(),
        client::Again { session: SESSION, to: KEY, candidates: endpoints(), token: Some(TOKEN) }
            .into(),
        client::Release { session: SESSION }.into(),
        client::Hint { session: SESSION, udp: endpoints() }.into(),
    ];
    check_messages("to_server.txt", &messages);
}

#[test]
fn messages_to_a_client_keep_their_bytes() {
    use server::{Outcome, WhyEnded, WhyLeaving, WhyRefused};
    let card = server::Card {
        name: name("bob"),
        address: ADDRESS,
        identity: *identity(2).public(),
        online: true,
        seen: SEEN,
    };
    let bundle = Bundle {
        identity: *identity(2).public(),
        once: Some(prekey(PrekeyKind::Once)),
        weekly: Some(prekey(PrekeyKind::Weekly)),
    };
    let brief = server::Brief { name: name("bob"), address: ADDRESS, fingerprint: KEY, seen: SEEN };
    let mut messages: Vec<ToClient> = vec![
        server::Welcome {
            name: name("bob"),
            address: ADDRESS,
            outer: endpoints()[0],
            visibility: Visibility::Public,
            keys_left: 99,
            weekly: Some(SEEN),
            epoch: Bytes([0xe9; 16]),
            hold_days: 30,
        }
        .into(),
        server::Shown { req: REQ, visibility: Visibility::Private }.into(),
        server::WhoPage { req: REQ, people: vec![brief], more: true }.into(),
        server::Found { req: REQ, who: Some(card.clone()) }.into(),
        server::Found { req: REQ, who: None }.into(),
        server::Presence { who: KEY, online: false, seen: SEEN }.into(),
        server::Offer { session: SESSION, from: card, candidates: endpoints(), is_quiet: true }
            .into(),
        server::Answered { session: SESSION, candidates: endpoints() }.into(),
        server::Carried { session: SESSION, bytes: Blob(vec![1, 2, 3]) }.into(),
        server::OverBudget { req: Some(REQ), session: Some(SESSION) }.into(),
        server::OverBudget { req: None, session: None }.into(),
        server::Key { req: REQ, bundle: Some(Box::new(bundle)) }.into(),
        server::Key { req: REQ, bundle: None }.into(),
        server::Mail { number: 70_000, from: KEY, name: None, envelope: envelope() }.into(),
        server::GroupsPage { req: REQ, groups: vec![listing()], more: false }.into(),
    ];
    let outcomes = [Outcome::Held, Outcome::Unknown, Outcome::Full, Outcome::TooLarge];
    messages.extend(outcomes.map(|outcome| server::Deposited { req: REQ, outcome }.into()));
    let refusals =
        [WhyRefused::NameTaken, WhyRefused::NameNeeded, WhyRefused::Full, WhyRefused::PoolEmpty];
    messages.extend(refusals.map(|why| server::Refused { why }.into()));
    let ends = [
        WhyEnded::Unknown,
        WhyEnded::Away,
        WhyEnded::Declined,
        WhyEnded::HungUp,
        WhyEnded::Gone,
        WhyEnded::Busy,
    ];
    messages.extend(ends.map(|why| server::Ended { session: SESSION, why }.into()));
    let leaves =
        [WhyLeaving::Replaced, WhyLeaving::Shutdown, WhyLeaving::Kicked, WhyLeaving::Forgotten];
    messages.extend(leaves.map(|why| server::Leaving { why }.into()));
    messages.push(server::Sought { session: SESSION, from: KEY, candidates: endpoints() }.into());
    messages.push(server::Prober { id: 300, key: Bytes([0x9b; 32]) }.into());
    messages.push(server::Hinted { session: SESSION, udp: endpoints() }.into());
    messages.push(server::Begin { session: SESSION }.into());
    check_messages("to_client.txt", &messages);
}

#[test]
fn messages_to_a_peer_keep_their_bytes() {
    let mut messages: Vec<ToPeer> = vec![
        peer::Greet { name: Some(name("bob")) }.into(),
        peer::Greet { name: None }.into(),
        peer::Settle {}.into(),
        peer::Text { id: MsgId(Bytes([0xad; 16])), sent: SEEN, text: "hi there".into() }.into(),
        peer::Ack { count: 100_000 }.into(),
        peer::Bye {}.into(),
        peer::Got { ids: vec![ID; 2] }.into(),
        peer::Want { file: ID, at: 1 << 40 }.into(),
        peer::Chunk { file: ID, at: 65_536, bytes: Blob(vec![1, 2, 3]) }.into(),
        peer::Have { file: ID, bytes: 65_539 }.into(),
        peer::RunAsk { run: ID, argv: vec!["echo".into(), "$HOME;".into()] }.into(),
        peer::RunAnswer { run: ID, is_allowed: true }.into(),
        peer::RunOutput { run: ID, pipe: Pipe::Stderr, bytes: Blob(vec![255, 10]) }.into(),
        peer::RunEnd { run: ID, code: Some(-1), why: String::new() }.into(),
        peer::RunCancel { run: ID }.into(),
    ];
    messages.extend(bodies().map(|body| ToPeer::from(letter(body).write())));
    messages.extend([peer::Heard { count: 300 }.into(), peer::Move { heard: 7 }.into()]);
    messages.push(peer::Places { candidates: endpoints() }.into());
    messages.push(peer::Quiet {}.into());
    check_messages("to_peer.txt", &messages);
}

/// A letter of each kind.
fn bodies() -> impl Iterator<Item = Body> {
    let texts = [
        Body::Text("hi there".into()),
        Body::Befriend(Befriend { name: Some(name("bob")), text: "me".into(), token: TOKEN }),
        Body::Agree(Agree { token: TOKEN }),
        Body::Reject,
        Body::Unfriend,
    ];
    texts.into_iter().chain(about_groups()).chain(about_files())
}

fn about_groups() -> [Body; 11] {
    let (sign, to) = (Bytes([0x51; 64]), KEY);
    let member = Member { identity: *identity(1).public(), name: Some(name("ann")) };
    let handover = Handover { from: *identity(2).public(), to, epoch: 7, signature: sign };
    let roster = Roster {
        group: GROUP,
        nonce: Bytes([0x40; 16]),
        name: name("climbers"),
        is_public: true,
        epoch: 300,
        reach: Bytes([0x4e; 16]),
        before: vec![Bytes([0x4f; 16])],
        members: vec![member.clone()],
    };
    let handovers = vec![handover.clone()];
    let signed = SignedRoster { roster, signature: sign, handovers };
    let change =
        |step| Body::Change(Box::new(Change { group: GROUP, epoch: 9, step, signature: sign }));
    let secret = Bytes([0x4e; 16]);
    [
        Body::Talk(Talk { group: GROUP, epoch: 300, text: "who is in?".into() }),
        Body::Invite(Invite { group: GROUP, name: name("climbers"), leader: None, token: TOKEN }),
        Body::Join(Join {
            name: name("climbers"),
            group: Some(GROUP),
            asked: GROUP,
            me: None,
            token: TOKEN,
        }),
        Body::Roster(Box::new(signed)),
        change(Step::In(Box::new(member))),
        change(Step::Out(KEY, secret)),
        change(Step::Left(KEY, secret)),
        change(Step::HandOver(Box::new(handover), secret)),
        Body::Deny(GROUP),
        Body::Depart(GROUP, 300),
        Body::WantRoster(GROUP),
    ]
}

fn about_files() -> [Body; 9] {
    let offer = |voice| {
        let digest = Bytes([0xd1; 32]);
        let offer =
            Offer { name: "a b.wav".into(), bytes: 70_000, digest, voice, answers: Some(ID) };
        Body::Offer(Box::new(offer))
    };
    let end = |end| Body::Outcome(Outcome { file: ID, end });
    let posted = Posted { id: ID, name: "photo.png".into(), bytes: 70_000, at: SEEN };
    [
        offer(None),
        offer(Some(Voice { ms: 2_770, transcript: Some("meet me".into()) })),
        end(End::Done),
        end(End::Refused),
        end(End::Failed("gone".into())),
        Body::WantPosts,
        Body::Posts(ID, vec![posted]),
        Body::WantPost("ADDA".into()),
        Body::NoPost(ID, "no such post".into()),
    ]
}

fn letter(body: Body) -> Letter {
    Letter { id: ID, sent: SEEN, body }
}

fn listing() -> Listing {
    Listing { name: name("climbers"), leader: name("ann") }
}

#[test]
fn a_link_keeps_its_bytes_from_the_preamble_to_the_first_message() {
    let mut lines = Vec::new();
    for (purpose, what) in
        [(Purpose::Server, "server"), (Purpose::Peer(SESSION), "peer"), (Purpose::Direct, "direct")]
    {
        let mut rng = Rng::new([3; 32]);
        let (alice, bob) = (identity(1), identity(2));
        let mut dialling = Link::dial(&alice, purpose, Some(bob.fingerprint()), &mut rng);
        let mut dialled = Link::accept();
        let hello = dialling.take_output().expect("a preamble and message 1");
        dialled.feed(&hello);
        assert_eq!(dialled.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(purpose))));
        dialled.answer(&bob, Some(alice.fingerprint()), &mut rng);
        let answer = dialled.take_output().expect("a yes and message 2");
        dialling.feed(&answer);
        let established = Ok(Some(LinkEvent::Established(*bob.public())));
        assert_eq!(dialling.poll::<ToPeer>(), established);
        dialling.send(&ToPeer::from(peer::Bye {}));
        let rest = dialling.take_output().expect("message 3 and a message");
        lines.push((format!("{what}-hello"), hello));
        lines.push((format!("{what}-answer"), answer));
        lines.push((format!("{what}-rest"), rest));
    }
    check("link.txt", &lines);
}

#[test]
fn a_no_keeps_its_bytes() {
    let me = identity(1);
    let mut dialling = Link::dial(&me, Purpose::Direct, None, &mut Rng::new([3; 32]));
    let mut dialled = Link::accept();
    dialled.feed(&dialling.take_output().expect("a preamble and message 1"));
    assert_eq!(dialled.poll::<ToPeer>(), Ok(Some(LinkEvent::Hello(Purpose::Direct))));
    dialled.refuse();
    let no = dialled.take_output().expect("a no");
    check("no.txt", &[("no".to_owned(), no.clone())]);
    dialling.feed(&no);
    assert_eq!(dialling.poll::<ToPeer>(), Err(LinkFault::Refused));
}

#[test]
fn sealed_mail_keeps_its_bytes() {
    let (alice, bob) = (identity(1), identity(2));
    let letter = Letter { id: MsgId(Bytes([0xad; 16])), sent: SEEN, body: Body::Text("hi".into()) };
    let packet = Packet {
        letters: vec![letter.write()],
        got: vec![MsgId(Bytes([0xda; 16]))],
        ..Packet::default()
    };
    let mut rng = Rng::new([3; 32]);
    let (secret, prekey) = prekey::make(&bob, PrekeyKind::Once, 300, SEEN, &mut rng);
    let mut signed = Vec::new();
    ToServer::from(client::Publish { keys: vec![prekey.clone()], replaces: true })
        .encode(&mut signed);
    let to_prekey = (Sealing::to_prekey(&prekey), Some(&secret.secret.0));
    let to_static = (Sealing::to_static(bob.public()), None);
    let mut lines = vec![("packet".to_owned(), packet.encode()), ("prekey".to_owned(), signed)];
    for (what, (sealing, _)) in [("to-prekey", to_prekey), ("to-static", to_static)] {
        let envelope = mail::seal(&alice, bob.fingerprint(), sealing, &lines[0].1, &mut rng);
        lines.push((what.to_owned(), envelope.expect("a good key")));
    }
    let golden = check("mail.txt", &lines);
    assert_eq!(Packet::decode(&golden[0]), Ok(packet));
    for (envelope, (_, secret)) in golden[2..].iter().zip([to_prekey, to_static]) {
        let opened = mail::open(&bob, secret, envelope, &|_, _| false).expect("bob's");
        assert_eq!((opened.fingerprint, &opened.plaintext), (alice.fingerprint(), &golden[0]));
    }
}

#[test]
fn a_safety_number_keeps_its_digits() {
    let number = safety_number(identity(1).fingerprint(), identity(2).fingerprint());
    assert_eq!(number, "27484 90220 85339 53519 45222 70391 11459 12101 12883 95886 54509 49298");
}

/// Compares the messages' bytes to the file, in both directions, and demands one of every kind.
fn check_messages<M: Wire + Debug + PartialEq>(file: &str, messages: &[M]) {
    let mut lines = Vec::new();
    let mut kinds = BTreeSet::new();
    for (i, message) in messages.iter().enumerate() {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        kinds.insert(bytes[LENGTH_BYTES + 1]);
        let debug = format!("{message:?}");
        let name = debug.split('(').next().expect("a name");
        lines.push((format!("{i:02}-{name}"), bytes));
    }
    for (line, message) in check(file, &lines).iter().zip(messages) {
        let decoded = M::decode(&line[LENGTH_BYTES..]).expect("a message").expect("a known kind");
        assert_eq!(&decoded, message);
    }
    // A body that no kind can read tells which kinds there are.
    let known = |kind: &u8| matches!(M::decode(&[0x92, *kind, 0xc1]), Err(BadMessage));
    assert_eq!((0..0x80).filter(known).collect::<BTreeSet<u8>>(), kinds);
}

#[test]
fn beacons_keep_their_bytes() {
    let me = identity(1);
    let said = |kind| Beacon {
        kind,
        identity: *me.public(),
        name: Some(name("ann")),
        port: 12_000,
        sent: SEEN,
        groups: vec![name("climbers")],
    };
    let kinds = [Beacon::HELLO, Beacon::ASK, Beacon::ANSWER, Beacon::BYE];
    let signed: Vec<Vec<u8>> = kinds.iter().map(|kind| said(*kind).to_bytes()).collect();
    let sealed = |signed: &Vec<u8>| lan::encode(signed, &beacon::sign(&me, signed));
    let lines = (1..).zip(&signed).map(|(kind, signed)| (format!("{kind:02}"), sealed(signed)));
    let lines: Vec<(String, Vec<u8>)> = lines.collect();
    for (line, signed) in check("beacon.txt", &lines).iter().zip(&signed) {
        let (read, what, signature) = lan::decode(line).expect("a beacon");
        assert_eq!(what, *signed);
        assert!(beacon::is_signed(&read.identity, &what, &signature));
    }
}

/// Compares to the file, or writes it; gives the bytes in the file.
fn check(file: &str, lines: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let now: String =
        lines.iter().map(|(name, bytes)| format!("{name} {}\n", HEXLOWER.encode(bytes))).collect();
    if std::env::var_os("HOBNOB_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&path, &now).expect("the vectors can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the vectors can be read");
    assert_eq!(now.lines().count(), golden.lines().count(), "{file}");
    for (now, golden) in now.lines().zip(golden.lines()) {
        assert_eq!(now, golden, "{file}");
    }
    let hex = |line: &str| HEXLOWER.decode(line.split(' ').nth(1)?.as_bytes()).ok();
    golden.lines().map(|line| hex(line).expect("a name and hex")).collect()
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a good name")
}

fn watched(token: Option<Token>) -> client::Watched {
    client::Watched { who: KEY, token }
}

fn ask(token: Option<Token>, is_quiet: bool) -> client::Ask {
    client::Ask { session: SESSION, to: KEY, candidates: endpoints(), token, is_quiet }
}

fn prekey(kind: PrekeyKind) -> Prekey {
    let (key, signature) = (Bytes([0x9e; 32]), Bytes([0x51; 64]));
    Prekey { kind, id: 300, key, made: SEEN, signature }
}

fn envelope() -> Blob {
    Blob(vec![4, 5, 6])
}

fn identity(seed: u8) -> Identity {
    Identity::generate(&mut Rng::new([seed; 32]))
}

fn endpoints() -> Vec<SocketAddr> {
    ["192.0.2.1:12000", "[2001:db8::1]:12000"].map(|at| at.parse().expect("an endpoint")).to_vec()
}
