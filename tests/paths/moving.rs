//! A session outlives its path: over another address, another way, another run of the server.

use crate::meeting::{Meeting, befriend};
use crate::net::{Access, Net};
use crate::router::Nat;
use crate::support::{is_message, is_receipt};
use serde_json::Value;

/// So much that it is on its way for a while.
const LONG: usize = 16 << 20;

/// Numbered messages from Ann, some before and some after what happens: they come once, in order.
pub fn talk_while(meeting: &mut Meeting, happens: impl FnOnce(&mut Meeting)) {
    let text = |n: u32| format!("number {n}");
    for n in 0..20 {
        meeting.ann.send(&["msg", "bob", &text(n)]);
    }
    happens(meeting);
    for n in 20..40 {
        meeting.ann.send(&["msg", "bob", &text(n)]);
    }
    for n in 0..40 {
        let message = meeting.bob.expect("a message", |e| e["event"] == "message");
        assert_eq!(message["text"], text(n).as_str());
    }
    for _ in 0..40 {
        meeting.ann.expect("a receipt", |e| is_receipt(e, "bob", "delivered"));
    }
    meeting.ann.settle();
    meeting.bob.settle();
    assert_eq!(meeting.bob.count(|e| e["event"] == "message"), 0, "each came once");
}

#[test]
fn who_gets_another_address_goes_on_with_a_file_and_loses_nothing() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Access::Open), net.host(Access::Open));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    befriend(&mut meeting.ann, &mut meeting.bob);
    meeting.begin_file(&net.scratch, "film", LONG);
    let is_taken = |e: &Value| e["event"] == "file" && e["state"] == "taken";
    meeting.bob.expect("the file under way", is_taken);
    talk_while(&mut meeting, |_| bob.move_to(&["1.2.3.77/24", "2001:db8::77/64"]));
    meeting.end_file(&net.scratch, "film");
    meeting.reach("direct");
}

#[test]
fn who_has_no_network_for_a_while_goes_on_when_it_is_back() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Access::Open), net.host(Access::Open));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("direct");
    talk_while(&mut meeting, |meeting| {
        bob.unplug();
        meeting.bob.expect("no server", |e| e["event"] == "offline");
        meeting.bob.send(&["msg", "ann", "said without a network"]);
        bob.move_to(&["1.2.3.78/24"]);
    });
    meeting.ann.expect("the message", |e| is_message(e, "bob", "said without a network"));
    meeting.reach("direct");
}

#[test]
fn a_session_goes_from_the_relay_to_a_direct_path_when_there_is_one() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Access::V4), net.host(Access::V4));
    bob.cut_off_from(&ann);
    let mut meeting = Meeting::new(&net, [&ann, &bob], &["--paths", "direct,relay"]);
    meeting.reach("relay");
    meeting.greet("round about");
    bob.mend();
    talk_while(&mut meeting, |meeting| meeting.reach("direct"));
}

#[test]
fn a_session_goes_over_to_the_relay_when_nothing_passes_directly_any_more() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Access::V4), net.host(Access::V4));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("direct");
    talk_while(&mut meeting, |_| bob.cut_off_from(&ann));
    meeting.reach("relay");
}

#[test]
fn a_session_goes_over_to_the_relay_when_nothing_passes_one_way() {
    for is_anns_way in [true, false] {
        let Some(mut net) = Net::new() else { return };
        let (ann, bob) = (net.host(Access::V4), net.host(Access::V4));
        let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
        meeting.reach("direct");
        let (from, to) = if is_anns_way { (&ann, &bob) } else { (&bob, &ann) };
        talk_while(&mut meeting, |_| to.hear_nothing_of(from));
        meeting.reach("relay");
    }
}

#[test]
fn a_session_outlives_a_router_that_forgets_it_and_gets_another_address() {
    let Some(mut net) = Net::new() else { return };
    let (ann, bob) = (net.host(Access::Behind(Nat::PortRestricted)), net.host(Access::Open));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("direct");
    talk_while(&mut meeting, |_| net.routers[0].reconnect("1.2.3.99"));
    meeting.greet("both ways");
    meeting.is_on("direct");
}

#[test]
fn a_relayed_session_outlives_a_restart_of_the_server() {
    let Some(mut net) = Net::new() else { return };
    let nat = Access::Behind(Nat::Symmetric);
    let (ann, bob) = (net.host(nat), net.host(nat));
    let mut meeting = Meeting::new(&net, [&ann, &bob], &[]);
    meeting.reach("relay");
    befriend(&mut meeting.ann, &mut meeting.bob);
    talk_while(&mut meeting, |_| net.restart_server());
    meeting.bob.deliver("ann", "and back");
    meeting.ann.expect("the message", |e| is_message(e, "bob", "and back"));
}
