//! Questions to the server, what waits for their answers, and what waits for a server.

use super::*;
use hobnob::proto::id::ReqId;
use hobnob::proto::limits;
use hobnob::proto::model::command::Verb;
use hobnob::proto::model::notice::{PersonRow, Row};
use hobnob::proto::wire::server::{Brief, Found, OverBudget, Presence, WhoPage};

fn who() -> Verb {
    Verb::Who { prefix: String::new() }
}

fn people(world: &World, node: Node, asked: u64) -> Vec<PersonRow> {
    let of = |(who, ticket, row): &(Node, u64, Row)| match row {
        Row::Person(row) if (*who, *ticket) == (node, asked) => Some(row.clone()),
        _ => None,
    };
    world.rows.iter().filter_map(of).collect()
}

fn names(world: &World, node: Node, asked: u64) -> Vec<String> {
    people(world, node, asked).into_iter().map(|row| row.name).collect()
}

/// Ann alone, signed in at Eve's.
fn ann_at_eves() -> (World, Line) {
    let mut world = World::asleep(7, 2, Accept::Friends);
    eve_serves(&mut world, ANN);
    world.start(ANN);
    world.run_for(SOON_MS);
    let line = eve_welcomes(&mut world, ANN);
    (world, line)
}

/// The number of the last question that Eve was asked.
fn last_req(world: &World) -> ReqId {
    let req = |heard: Heard| match heard {
        Heard::Client(ToServer::Who(who)) => Some(who.req),
        Heard::Client(ToServer::Lookup(lookup)) => Some(lookup.req),
        Heard::Client(ToServer::Show(show)) => Some(show.req),
        _ => None,
    };
    heard(world).into_iter().filter_map(req).next_back().expect("a question")
}

/// Lookups of others; a client asks about itself to learn whether all mail has come.
fn lookups(world: &World) -> usize {
    let ann = target(ANN);
    let is_lookup = |heard: &Heard| match heard {
        Heard::Client(ToServer::Lookup(lookup)) => {
            lookup.who != hobnob::proto::model::person::Target::Key(key(world, ANN))
                && lookup.who != ann
        }
        _ => false,
    };
    heard(world).iter().filter(|heard| is_lookup(heard)).count()
}

fn brief(name: &str) -> Brief {
    Brief {
        name: Name::parse(name).expect("a name"),
        address: Ipv4Addr::new(100, 64, 1, 1),
        fingerprint: Fingerprint(Bytes([1; 20])),
        seen: Wall(5),
    }
}

#[test]
fn who_shows_whoever_is_signed_in_and_visible_by_name() {
    let mut world = World::peaceful(7, 3, Accept::Friends);
    world.run_for(SOON_MS);
    world.ask(3, Verb::SetVisibility(Visibility::Private));
    world.run_for(SOON_MS);
    let asked = world.ask(ANN, who());
    let with_b = world.ask(ANN, Verb::Who { prefix: "b".into() });
    world.run_for(SOON_MS);
    assert_eq!(names(&world, ANN, asked), ["bob"], "others only");
    assert_eq!(names(&world, ANN, with_b), ["bob"]);
    assert_eq!(refusal(&world, ANN, asked), None);
}

#[test]
fn who_goes_on_from_page_to_page_until_the_last() {
    let (mut world, line) = ann_at_eves();
    let asked = world.ask(ANN, who());
    world.run_for(SOON_MS);
    for (page, more) in [(["abe", "bea"], true), (["cat", "dot"], false)] {
        let people = page.map(brief).to_vec();
        let req = last_req(&world);
        say(&mut world, line, ToClient::from(WhoPage { req, people, more }));
    }
    assert_eq!(names(&world, ANN, asked), ["abe", "bea", "cat", "dot"]);
    assert_eq!(refusal(&world, ANN, asked), None);
    let after = |heard: Heard| match heard {
        Heard::Client(ToServer::Who(who)) => Some(who.after.map(|name| name.to_string())),
        _ => None,
    };
    let asked: Vec<_> = heard(&world).into_iter().filter_map(after).collect();
    assert_eq!(asked, [None, Some("bea".into())]);
}

#[test]
fn a_server_that_says_more_without_a_name_is_not_asked_for_ever() {
    let (mut world, line) = ann_at_eves();
    let asked = world.ask(ANN, who());
    world.run_for(SOON_MS);
    let req = last_req(&world);
    say(&mut world, line, ToClient::from(WhoPage { req, people: Vec::new(), more: true }));
    assert_eq!(refusal(&world, ANN, asked), None);
    assert_eq!(last_req(&world), req);
}

#[test]
fn a_lookup_tells_all_about_a_person() {
    let mut world = pair();
    let asked = world.ask(ANN, Verb::Lookup(target(BOB)));
    world.run_for(SOON_MS);
    let rows = people(&world, ANN, asked);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].name.as_str(), rows[0].online), ("bob", true));
    assert_eq!(rows[0].fingerprint, key(&world, BOB));
    assert_eq!(refusal(&world, ANN, asked), None);
}

#[test]
fn a_hidden_person_is_not_told_from_one_who_does_not_exist() {
    let mut world = pair();
    world.ask(BOB, Verb::SetVisibility(Visibility::Private));
    world.run_for(SOON_MS);
    let hidden = world.ask(ANN, Verb::Lookup(target(BOB)));
    let nobody = world.ask(ANN, Verb::Lookup(target(4)));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, hidden), Some(Refusal::Unknown("bob".into())));
    assert_eq!(refusal(&world, ANN, nobody), Some(Refusal::Unknown("dan".into())));
    assert_eq!(people(&world, ANN, hidden), []);
    world.ask(BOB, Verb::SetVisibility(Visibility::Public));
    world.run_for(SOON_MS);
    let shown = world.ask(ANN, Verb::Lookup(target(BOB)));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, shown), None);
}

#[test]
fn a_visibility_chosen_offline_is_said_at_the_next_sign_in() {
    let mut world = pair();
    world.ask(BOB, Verb::Offline);
    let chosen = world.ask(BOB, Verb::SetVisibility(Visibility::Private));
    assert_eq!(refusal(&world, BOB, chosen), None);
    world.ask(BOB, Verb::Online);
    world.run_for(SOON_MS);
    let hidden = world.ask(ANN, Verb::Lookup(target(BOB)));
    world.run_for(SOON_MS);
    assert_eq!(refusal(&world, ANN, hidden), Some(Refusal::Unknown("bob".into())));
}

#[test]
fn several_who_want_the_same_person_share_one_question() {
    let (mut world, line) = ann_at_eves();
    let tickets = [0; 3].map(|_| world.ask(ANN, Verb::Lookup(target(BOB))));
    world.run_for(SOON_MS);
    assert_eq!(lookups(&world), 1);
    let (req, who) = (last_req(&world), Some(card(&world, BOB, true)));
    say(&mut world, line, ToClient::from(Found { req, who }));
    for ticket in tickets {
        assert_eq!(refusal(&world, ANN, ticket), None);
        assert_eq!(people(&world, ANN, ticket).len(), 1);
    }
}

#[test]
fn keys_that_do_not_belong_together_are_not_believed() {
    let (mut world, line) = ann_at_eves();
    let asked = world.ask(ANN, Verb::Lookup(target(BOB)));
    world.run_for(SOON_MS);
    let mut forged = card(&world, BOB, true);
    forged.identity.dh = card(&world, 3, true).identity.dh;
    let req = last_req(&world);
    say(&mut world, line, ToClient::from(Found { req, who: Some(forged) }));
    assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::ServerRefused(_))));
    assert_eq!(people(&world, ANN, asked), []);
}

#[test]
fn another_key_under_a_known_name_is_said_aloud_and_gets_nothing_until_trusted() {
    let (mut world, line) = ann_at_eves();
    world.msg(ANN, BOB, "hello");
    world.run_for(SOON_MS);
    let (req, who) = (last_req(&world), Some(card(&world, BOB, true)));
    say(&mut world, line, ToClient::from(Found { req, who }));
    let asked = world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let name = Name::parse("bob").expect("a name");
    let other = Card { name, ..card(&world, 3, true) };
    let found =
        |world: &World| ToClient::from(Found { req: last_req(world), who: Some(other.clone()) });
    let answer = found(&world);
    say(&mut world, line, answer);
    assert_eq!(refusal(&world, ANN, asked), Some(Refusal::IdentityChanged("bob".into())));
    let (old, new) = (key(&world, BOB), key(&world, 3));
    let event = Event::Identity { name: "bob".into(), old, new };
    assert!(world.events.contains(&(ANN, event)));
    assert!(!heard(&world).iter().any(|heard| matches!(heard, Heard::Client(ToServer::Ask(_)))));
    let trusted = world.ask(ANN, Verb::Trust(target(BOB)));
    world.run_for(SOON_MS);
    let answer = found(&world);
    say(&mut world, line, answer);
    assert_eq!(refusal(&world, ANN, trusted), None);
    world.chat(ANN, BOB);
    world.run_for(SOON_MS);
    let answer = found(&world);
    say(&mut world, line, answer);
    assert!(
        heard(&world)
            .iter()
            .any(|heard| matches!(heard, Heard::Client(ToServer::Ask(ask)) if ask.to == new))
    );
}

#[test]
fn what_was_put_off_is_done_after_signing_in() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.start(ANN);
    let tickets = [who(), Verb::Lookup(target(ANN)), Verb::Online, Verb::Update];
    let tickets = tickets.map(|verb| world.ask(ANN, verb));
    world.run_for(3_000);
    assert!(tickets.iter().all(|ticket| world.result(ANN, *ticket).is_none()));
    world.start(0);
    world.run_for(6_000);
    for ticket in tickets {
        assert_eq!(refusal(&world, ANN, ticket), None);
    }
}

#[test]
fn what_is_put_off_ends_in_its_time_and_says_why() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.start(ANN);
    world.run_for(SOON_MS);
    let asked = world.ask_within(ANN, 5_000, who());
    world.run_for(5_000);
    let why = Refusal::ServerUnreachable("connection refused".into());
    assert_eq!(refusal(&world, ANN, asked), Some(why));
}

#[test]
fn why_the_server_was_not_reached_is_no_answer_once_it_was() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    eve_serves(&mut world, ANN);
    world.net.walled.insert(EVE);
    world.start(ANN);
    world.run_for(SOON_MS);
    world.net.walled.clear();
    world.run_for(2_000);
    eve_welcomes(&mut world, ANN);
    let asked = world.ask_within(ANN, 5_000, who());
    world.run_for(5_000);
    let why = Refusal::ServerUnreachable("no answer in time".into());
    assert_eq!(refusal(&world, ANN, asked), Some(why));
}

#[test]
fn what_was_put_off_has_no_more_time_than_it_was_given() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    eve_serves(&mut world, ANN);
    world.start(ANN);
    let asked = world.ask_within(ANN, 10_000, who());
    world.run_for(8_000);
    eve_welcomes(&mut world, ANN);
    world.run_for(2_000);
    let why = Refusal::ServerUnreachable("no answer in time".into());
    assert_eq!(refusal(&world, ANN, asked), Some(why));
}

#[test]
fn a_lookup_is_asked_again_on_the_next_link() {
    let (mut world, _) = ann_at_eves();
    let asked = world.ask(ANN, Verb::Lookup(target(BOB)));
    let gone = world.ask(ANN, who());
    world.run_for(SOON_MS);
    world.cut_between(ANN, EVE);
    world.run_for(3_000);
    let why = Refusal::ServerUnreachable("the link broke".into());
    assert_eq!(refusal(&world, ANN, gone), Some(why));
    assert_eq!(world.result(ANN, asked), None);
    let line = eve_welcomes(&mut world, ANN);
    assert_eq!(lookups(&world), 2);
    let (req, who) = (last_req(&world), Some(card(&world, BOB, true)));
    say(&mut world, line, ToClient::from(Found { req, who }));
    assert_eq!(refusal(&world, ANN, asked), None);
}

#[test]
fn an_answer_to_a_question_of_the_last_link_is_nobodys() {
    let (mut world, _) = ann_at_eves();
    world.ask(ANN, who());
    world.run_for(SOON_MS);
    let old = last_req(&world);
    world.cut_between(ANN, EVE);
    world.run_for(3_000);
    let line = eve_welcomes(&mut world, ANN);
    let asked = world.ask(ANN, who());
    world.run_for(SOON_MS);
    assert_ne!(last_req(&world), old);
    let page = WhoPage { req: old, people: vec![brief("abe")], more: false };
    say(&mut world, line, ToClient::from(page));
    assert_eq!(world.result(ANN, asked), None);
}

#[test]
fn over_budget_is_a_refusal_of_that_question_only() {
    let (mut world, line) = ann_at_eves();
    let first = world.ask(ANN, who());
    world.run_for(SOON_MS);
    let req = Some(last_req(&world));
    let second = world.ask(ANN, Verb::Lookup(target(BOB)));
    say(&mut world, line, ToClient::from(OverBudget { req, session: None }));
    assert_eq!(refusal(&world, ANN, first), Some(Refusal::Busy("requests")));
    assert_eq!(world.result(ANN, second), None);
}

#[test]
fn a_flood_of_questions_is_refused_and_the_rest_is_answered() {
    let mut world = pair();
    let count = limits::REQUESTS_BURST as usize + 500;
    let tickets: Vec<u64> = (0..count).map(|_| world.ask(ANN, who())).collect();
    world.run_for(10_000);
    let refused = tickets.iter().filter_map(|ticket| refusal(&world, ANN, *ticket));
    let refused: Vec<Refusal> = refused.collect();
    assert!(refused.iter().all(|why| *why == Refusal::Busy("requests")), "{refused:?}");
    assert!(!refused.is_empty() && refused.len() < count, "{} of {count}", refused.len());
}

#[test]
fn no_more_questions_wait_than_there_is_room_for() {
    let (mut world, _) = ann_at_eves();
    // One place is taken by the question of whether all mail has come.
    let tickets: Vec<u64> = (0..limits::REQUESTS + 9).map(|_| world.ask(ANN, who())).collect();
    let ended = tickets.iter().filter(|ticket| world.result(ANN, **ticket).is_some()).count();
    assert_eq!(ended, 10);
    assert_eq!(refusal(&world, ANN, tickets[limits::REQUESTS]), Some(Refusal::Busy("requests")));
}

#[test]
fn what_waits_for_a_server_that_is_not_wanted_fails_at_once() {
    let mut world = pair();
    world.ask(ANN, Verb::Offline);
    world.run_for(SOON_MS);
    let asked = [who(), Verb::Chat(target(BOB)), Verb::Update].map(|verb| world.ask(ANN, verb));
    for ticket in asked {
        assert_eq!(refusal(&world, ANN, ticket), Some(Refusal::NotSignedIn));
    }
}

#[test]
fn without_a_server_there_is_nobody_to_ask_behind_a_proxy() {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.configs[ANN].server = None;
    world.configs[ANN].is_proxied = true;
    world.start(ANN);
    let asked = [who(), Verb::Online, Verb::Lookup(target(BOB))].map(|verb| world.ask(ANN, verb));
    for ticket in asked {
        assert_eq!(refusal(&world, ANN, ticket), Some(Refusal::NoServer));
    }
}

#[test]
fn who_is_known_is_told_from_memory_while_offline() {
    let mut world = talking();
    world.ask(ANN, Verb::Offline);
    world.run_for(SOON_MS);
    let asked = world.ask(ANN, Verb::Lookup(target(BOB)));
    let rows = people(&world, ANN, asked);
    assert_eq!((rows[0].name.as_str(), rows[0].online), ("bob", false));
    assert_eq!(refusal(&world, ANN, asked), None);
}

#[test]
fn presence_of_who_is_known_is_told_as_it_changes_and_only_then() {
    let mut world = talking();
    let told = |world: &World| {
        let of = |(node, event): &(Node, Event)| match event {
            Event::Presence { name, online, .. } if *node == ANN && name == "bob" => Some(*online),
            _ => None,
        };
        world.events.iter().filter_map(of).collect::<Vec<bool>>()
    };
    assert_eq!(told(&world), [true]);
    world.kill(BOB);
    world.run_for(SOON_MS);
    world.start(BOB);
    world.run_for(SOON_MS);
    assert_eq!(told(&world), [true, false, true]);
}

#[test]
fn presence_of_a_stranger_is_passed_over() {
    let (mut world, line) = ann_at_eves();
    let who = key(&world, 3);
    say(&mut world, line, ToClient::from(Presence { who, online: true, seen: Wall(3) }));
    assert!(!world.events.iter().any(|(_, event)| matches!(event, Event::Presence { .. })));
}
