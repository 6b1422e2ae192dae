use super::*;
use crate::proto::crypto::probe::{self, Key, Nonce, QUESTION_BYTES};
use crate::proto::limits::{PROBES_BURST, PROBING_BURST};

const NONCE: Nonce = Bytes([4; 8]);
const OUTER: &str = "203.0.113.7:4000";

impl World {
    /// What a datagram was answered with.
    fn answered(&mut self, from: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let from: SocketAddr = from.parse().expect("a test's address");
        self.server.handle(self.now, Input::Datagram { from, bytes });
        self.settle();
        let answers = std::mem::take(&mut self.datagrams);
        assert!(answers.len() <= 1 && answers.iter().all(|(to, _)| to.port() == from.port()));
        answers.into_iter().next().map(|(_, bytes)| bytes)
    }

    /// What somebody who is signed in asks with.
    fn prober(&mut self, id: ConnId) -> (u64, Key) {
        let prober = self.client(id).prober.clone().expect("it comes behind the welcome");
        (prober.id, prober.key)
    }
}

#[test]
fn who_is_signed_in_learns_where_its_datagrams_come_from() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let (id, key) = world.prober(anna);
    let asked = probe::question(id, &key, NONCE);
    let answer = world.answered(OUTER, &asked).expect("genuine");
    assert!(answer.len() < asked.len());
    assert_eq!(probe::read_answer(&answer, &key, NONCE), OUTER.parse().ok());
    let answer = world.answered("[::ffff:203.0.113.7]:4000", &asked).expect("genuine");
    assert_eq!(probe::read_answer(&answer, &key, NONCE), OUTER.parse().ok());
}

#[test]
fn each_sign_in_has_a_key_of_its_own_that_is_good_while_it_lasts() {
    let mut world = World::new();
    let (anna, bert) = (world.enter(1, "anna"), world.enter(2, "bert"));
    let (of_anna, of_bert) = (world.prober(anna), world.prober(bert));
    assert_ne!(of_anna.1, of_bert.1);
    let forged = probe::question(of_anna.0, &of_bert.1, NONCE);
    assert_eq!(world.answered(OUTER, &forged), None);
    world.hang_up(anna);
    let late = probe::question(of_anna.0, &of_anna.1, NONCE);
    assert_eq!(world.answered(OUTER, &late), None);
}

#[test]
fn nothing_is_said_to_what_is_no_question_of_anybody() {
    let mut world = World::new();
    let anna = world.enter(1, "anna");
    let (id, key) = world.prober(anna);
    let asked = probe::question(id, &key, NONCE);
    for length in (0..asked.len()).chain([65, 1200, 65_507]) {
        let mut bytes = asked.clone();
        bytes.resize(length, 0);
        assert_eq!(world.answered(OUTER, &bytes), None, "{length} bytes");
    }
    let mut rng = Rng::new([5; 32]);
    for _ in 0..10_000 {
        let mut bytes = asked.clone();
        bytes[rng.below(33) as usize] ^= 1 << rng.below(8);
        assert_eq!(world.answered(OUTER, &bytes), None);
    }
    for _ in 0..10_000 {
        let mut bytes: [u8; QUESTION_BYTES] = rng.bytes();
        bytes[0] = probe::QUESTION;
        assert_eq!(world.answered(OUTER, &bytes), None);
    }
    assert!(world.answered(OUTER, &asked).is_some(), "what is forged costs its owner nothing");
}

#[test]
fn one_client_and_one_address_are_answered_so_often_and_not_more() {
    let mut world = World::with(config(1_000));
    let anna = world.enter(1, "anna");
    let (id, key) = world.prober(anna);
    let asked = probe::question(id, &key, NONCE);
    let answers = (0..2 * PROBES_BURST).filter(|_| world.answered(OUTER, &asked).is_some());
    assert_eq!(answers.count(), PROBES_BURST as usize);
    world.pass(1_000);
    assert!(world.answered(OUTER, &asked).is_some());
    assert!(world.answered(OUTER, &asked).is_none());

    let mut answered = 1 + PROBES_BURST;
    for n in 2..=100 {
        let other = world.enter(n, &format!("n{n}"));
        let (id, key) = world.prober(other);
        let asked = probe::question(id, &key, NONCE);
        let answers = (0..PROBES_BURST).filter(|_| world.answered(OUTER, &asked).is_some());
        answered += answers.count() as u32;
    }
    // A second passed, in which the address earned some more.
    assert!((PROBING_BURST..PROBING_BURST + 300).contains(&answered), "{answered}");
}
