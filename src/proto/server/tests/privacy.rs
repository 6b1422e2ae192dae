use super::*;
use crate::proto::bytes::Blob;
use crate::proto::crypto::digest::token_hash;
use crate::proto::limits::{BLOCKED, TOKENS};
use crate::proto::model::bond::Token;
use crate::proto::wire::Wire;
use crate::proto::wire::client::{Answer, Carry, Deposit, Listening, Reach, Show, WantKey, Who};
use crate::proto::wire::server::{Deposited, Ended, Outcome, Presence, WhyEnded};

fn token(n: u8) -> Token {
    Token(Bytes([n; 16]))
}

fn reach(tokens: &[u8], blocked: &[u8]) -> Reach {
    let tokens = tokens.iter().map(|n| token_hash(token(*n))).collect();
    Reach { tokens, blocked: blocked.iter().map(|n| key(*n)).collect() }
}

fn watch_with(n: u8, token: Option<Token>) -> Watch {
    Watch { who: vec![Watched { who: key(n), token }] }
}

/// Every question that one can ask about another.
fn questions(name: &str, n: u8, token: Option<Token>) -> Vec<ToServer> {
    let (who, envelope) = (key(n), Blob(vec![1; 100]));
    vec![
        Lookup { req: req(1), who: Target::Name(nm(name)), token }.into(),
        Lookup { req: req(2), who: Target::Key(who), token }.into(),
        Ask { session: session(1), to: who, candidates: Vec::new(), token, is_quiet: false }.into(),
        WantKey { req: req(3), of: who, token }.into(),
        Deposit { req: req(4), to: who, token, envelope }.into(),
        watch_with(n, token).into(),
    ]
}

impl World {
    fn presence_of(&self, n: u8, online: bool) -> Vec<ToClient> {
        vec![Presence { who: key(n), online, seen: self.now.wall }.into()]
    }

    /// The bytes of the answers to each question, and how many reads it took.
    fn answers(&mut self, id: ConnId, questions: Vec<ToServer>) -> Vec<(Vec<u8>, usize)> {
        let mut answers = Vec::new();
        for question in questions {
            let before = self.disk.reads;
            self.say(id, question);
            let mut bytes = Vec::new();
            self.heard(id).iter().for_each(|message| message.encode(&mut bytes));
            answers.push((bytes, self.disk.reads - before));
        }
        answers
    }
}

#[test]
fn private_blocked_and_unknown_are_answered_byte_for_byte_alike() {
    for is_away in [false, true] {
        let mut world = World::new();
        let anna = world.enter(1, "anna");
        let private = world.enter_private(2, "bert");
        world.say(private, reach(&[7], &[]));
        let blocking = world.enter(3, "clara");
        world.say(blocking, reach(&[8], &[1]));
        if is_away {
            world.hang_up(private);
            world.hang_up(blocking);
        }
        let unknown = world.answers(anna, questions("nobody", 9, None));
        assert!(unknown.iter().all(|(_, reads)| *reads == 1));
        for (name, n, token) in [
            ("bert", 2, None),
            ("bert", 2, Some(token(8))),
            ("clara", 3, None),
            ("clara", 3, Some(token(8))),
            ("nobody", 9, Some(token(8))),
        ] {
            assert_eq!(world.answers(anna, questions(name, n, token)), unknown, "{name}");
        }
        assert!(world.disk.mail.is_empty());
        if !is_away {
            assert_eq!(world.heard(private), []);
            assert_eq!(world.heard(blocking), []);
        }
    }
}

#[test]
fn whoever_has_a_token_reaches_the_private_in_every_way() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter_private(2, "bert");
    world.say(bert, reach(&[7, 8], &[]));
    for question in questions("bert", 2, Some(token(8))) {
        world.say(anna, question);
    }
    let heard = world.heard(anna);
    let [
        ToClient::Found(by_name),
        ToClient::Found(by_key),
        ToClient::Key(key),
        ToClient::Deposited(Deposited { outcome: Outcome::Held, .. }),
        ToClient::Presence(presence),
    ] = &heard[..]
    else {
        panic!("{heard:?}")
    };
    assert!(by_name.who.is_some() && by_name.who == by_key.who);
    assert!(key.bundle.is_some() && presence.online);
    assert!(matches!(world.heard(bert)[..], [ToClient::Offer(_), ToClient::Mail(_)]));
}

#[test]
fn a_token_of_somebody_else_opens_nothing() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter_private(2, "bert");
    let clara = world.enter_private(3, "clara");
    world.say(bert, reach(&[7], &[]));
    world.say(clara, reach(&[8], &[]));
    let unknown = world.answers(anna, questions("nobody", 9, None));
    assert_eq!(world.answers(anna, questions("bert", 2, Some(token(8)))), unknown);
}

#[test]
fn a_token_taken_back_opens_nothing_any_more() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter_private(2, "bert");
    let unknown = world.answers(anna, questions("nobody", 9, None));
    world.say(bert, reach(&[7, 8], &[]));
    world.say(bert, reach(&[8], &[]));
    assert_eq!(world.answers(anna, questions("bert", 2, Some(token(7)))), unknown);
}

#[test]
fn reach_outlives_the_link_and_goes_with_the_account() {
    let mut world = World::new();
    let bert = world.enter_private(2, "bert");
    world.say(bert, reach(&[7], &[1]));
    world.hang_up(bert);
    assert_eq!((world.disk.tokens.len(), world.disk.blocks.len()), (1, 1));
    world.operate(Operate::Forget(nm("bert")));
    assert_eq!((world.disk.tokens.len(), world.disk.blocks.len()), (0, 0));
}

#[test]
fn oneself_is_reached_also_when_private_and_blocked_by_oneself() {
    let mut world = World::new();
    let bert = world.enter_private(2, "bert");
    world.say(bert, reach(&[], &[2]));
    world.say(bert, lookup(1, Target::Key(key(2))));
    assert!(matches!(&world.heard(bert)[..], [ToClient::Found(found)] if found.who.is_some()));
}

#[test]
fn lists_are_bounded() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let many = |n: u32, most: usize| (0..most as u32 + 5).map(move |i| (n, i));
    let tokens = many(1, TOKENS).map(|(_, i)| {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&i.to_be_bytes());
        token_hash(Token(Bytes(bytes)))
    });
    let blocked = many(2, BLOCKED).map(|(_, i)| {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&i.to_be_bytes());
        Fingerprint(Bytes(bytes))
    });
    world.say(anna, Reach { tokens: tokens.collect(), blocked: blocked.collect() });
    assert_eq!((world.disk.tokens.len(), world.disk.blocks.len()), (TOKENS, BLOCKED));
}

#[test]
fn a_friend_sees_the_private_come_and_go() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter_private(2, "bert");
    world.say(bert, reach(&[7], &[]));
    world.say(anna, watch_with(2, Some(token(7))));
    assert_eq!(world.heard(anna), world.presence_of(2, true));
    world.hang_up(bert);
    assert_eq!(world.heard(anna), world.presence_of(2, false));
    let bert = world.enter(2, "bert");
    assert_eq!(world.heard(anna), world.presence_of(2, true));
    for visibility in [Visibility::Public, Visibility::Private] {
        world.say(bert, Show { req: req(1), visibility });
        assert_eq!(world.heard(anna), [], "friends notice no difference");
    }
}

#[test]
fn a_changed_list_makes_its_owner_come_and_go_for_watchers() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter_private(2, "bert");
    world.say(anna, watch_with(2, Some(token(7))));
    assert_eq!(world.heard(anna), []);
    world.say(bert, reach(&[7], &[]));
    assert_eq!(world.heard(anna), world.presence_of(2, true));
    world.say(bert, reach(&[7, 8], &[3]));
    assert_eq!(world.heard(anna), []);
    world.say(bert, reach(&[8], &[]));
    assert_eq!(world.heard(anna), world.presence_of(2, false));
    world.say(bert, Show { req: req(1), visibility: Visibility::Public });
    assert_eq!(world.heard(anna), world.presence_of(2, true));
    world.say(bert, reach(&[8], &[1]));
    assert_eq!(world.heard(anna), world.presence_of(2, false));
    world.say(bert, reach(&[8], &[]));
    assert_eq!(world.heard(anna), world.presence_of(2, true));
}

#[test]
fn a_blocked_watcher_sees_nothing_of_any_kind() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(bert, reach(&[7], &[1]));
    world.say(anna, watch_with(2, Some(token(7))));
    world.say(bert, Show { req: req(1), visibility: Visibility::Private });
    world.say(bert, Show { req: req(1), visibility: Visibility::Public });
    world.hang_up(bert);
    world.say(anna, watch_with(2, Some(token(7))));
    world.enter(2, "bert");
    world.operate(Operate::Kick(nm("bert")));
    assert_eq!(world.heard(anna), []);
}

#[test]
fn a_block_while_away_holds_after_a_restart_of_the_server() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    world.say(bert, reach(&[], &[1]));
    world.restart();
    let anna = world.enter(1, "anna");
    let unknown = world.answers(anna, questions("nobody", 9, None));
    assert_eq!(world.answers(anna, questions("bert", 2, None)), unknown);
}

#[test]
fn whoever_is_blocked_does_not_find_the_blocker_on_the_page() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.enter(3, "clara");
    world.say(bert, reach(&[], &[1]));
    let names = |world: &mut World, id| {
        world.say(id, Who { req: req(1), prefix: String::new(), after: None });
        match world.heard(id).pop() {
            Some(ToClient::WhoPage(page)) => {
                page.people.iter().map(|brief| brief.name.to_string()).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(names(&mut world, anna), ["anna", "clara"]);
    assert_eq!(names(&mut world, bert), ["anna", "bert", "clara"]);
}

#[test]
fn a_block_ends_what_is_asked_and_what_is_carried_and_looks_like_going() {
    for is_answered in [false, true] {
        let mut world = World::new();
        let anna = world.enter(1, "anna");
        let bert = world.enter(2, "bert");
        let clara = world.enter(3, "clara");
        world.say(anna, ask(session(1), key(2)));
        world.say(clara, ask(session(2), key(2)));
        if is_answered {
            world.say(bert, Answer { session: session(1), candidates: Vec::new() });
        }
        world.heard(anna);
        world.heard(bert);
        world.say(bert, reach(&[], &[1]));
        let gone = [Ended { session: session(1), why: WhyEnded::Gone }.into()];
        assert_eq!(world.heard(anna), gone);
        assert_eq!(world.heard(bert), gone);
        world.say(anna, Carry { session: session(1), bytes: Blob(vec![1]) });
        world.say(bert, Answer { session: session(1), candidates: Vec::new() });
        assert_eq!((world.heard(anna), world.heard(bert)), (vec![], vec![]));
        assert_eq!(world.server.meetings.len(), 1, "others go on");
    }
}

#[test]
fn an_ask_behind_a_block_in_one_wake_is_not_offered() {
    let mut world = World::new();
    let bert = world.enter(2, "bert");
    let anna = world.enter(1, "anna");
    world.utter(bert, reach(&[], &[1]));
    world.utter(anna, ask(session(1), key(2)));
    world.settle();
    assert_eq!(world.heard(bert), []);
    assert_eq!(world.heard(anna), [Ended { session: session(1), why: WhyEnded::Unknown }.into()]);
}

#[test]
fn an_offer_says_whether_it_is_quiet() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let bert = world.enter(2, "bert");
    world.say(anna, Listening { port: 7 });
    for (n, is_quiet) in [(1, true), (2, false)] {
        world.say(anna, Ask { is_quiet, ..ask(session(n), key(2)) });
        let heard = world.heard(bert);
        assert!(matches!(&heard[..], [ToClient::Offer(offer)] if offer.is_quiet == is_quiet));
    }
}
