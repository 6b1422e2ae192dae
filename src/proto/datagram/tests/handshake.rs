use super::*;

#[test]
fn two_sides_meet_whatever_is_lost_repeated_or_overtaken() {
    for seed in 0..40 {
        let weather =
            Weather { lost: 30, twice: 30, delay_ms: 20, jitter_ms: 60, ..Weather::default() };
        let mut pair = Pair::new(weather, seed);
        pair.run_until(|pair| pair.met == [true, true]);
        assert!(pair.now.since_ms(Mono(1_000)) < limits::PUNCH_MS, "seed {seed}");
    }
}

#[test]
fn nobody_there_is_said_after_a_bounded_number_of_knocks() {
    let mut pair = Pair::new(Weather { lost: 100, ..Weather::default() }, 1);
    pair.run_until(|pair| pair.lost == [Some(Loss::NoAnswer); 2]);
    assert_eq!(pair.now, Mono(1_000 + limits::PUNCH_MS));
    assert!(pair.bytes_sent < 20 * (limits::KNOCK_BYTES + 9), "{} bytes", pair.bytes_sent);
    assert_eq!(pair.ends[ALICE].poll_timeout(), None);
}

#[test]
fn an_address_that_nobody_named_is_learned_from_a_punch_or_a_knock() {
    for unknown in [ALICE, BOB] {
        let mut pair = Pair::new(Weather::default(), 2);
        // One side is seen at another address than it has told.
        pair.at[unknown] = address(9);
        pair.run_until(|pair| pair.met == [true, true]);
        assert_eq!(pair.ends[1 - unknown].remote(), Some(address(9)));
    }
}

#[test]
fn addresses_are_learned_up_to_a_bound() {
    let mut pair = Pair::new(Weather::default(), 3);
    for n in 10..100 {
        pair.handle(ALICE, address(n), &packet::punch(SESSION));
    }
    assert_eq!(pair.ends[ALICE].candidates.len(), 1 + limits::LEARNED_CANDIDATES);
}

#[test]
fn who_does_not_know_the_session_is_not_answered() {
    let mut pair = Pair::new(Weather::default(), 4);
    let other = SessionId(Bytes([8; 16]));
    let mut stranger = packet::knock(other, 5, &[1; 32]);
    pair.handle(BOB, address(9), &stranger);
    stranger[1..9].copy_from_slice(&SessionTag::of(SESSION).0.to_be_bytes());
    pair.handle(BOB, address(9), &stranger);
    assert!(pair.ends[BOB].replies.is_empty());
    assert_eq!(pair.ends[BOB].candidates, [address(1)]);
}

#[test]
fn a_knock_is_at_least_as_long_as_its_answer() {
    let mut pair = Pair::new(Weather::default(), 5);
    pair.ends[ALICE].on_time(pair.now);
    let (_, knock) = pair.ends[ALICE].poll_datagram(pair.now).expect("a knock");
    pair.handle(BOB, address(1), &knock);
    let (_, answer) = pair.ends[BOB].poll_datagram(pair.now).expect("an answer");
    assert!(answer.len() <= knock.len(), "{} > {}", answer.len(), knock.len());
    // The same knock has the same answer, so that nothing hangs on which of them arrives.
    pair.handle(BOB, address(1), &knock);
    assert_eq!(pair.ends[BOB].poll_datagram(pair.now), Some((address(1), answer)));
}

#[test]
fn another_key_than_the_expected_one_ends_it() {
    let mut pair = Pair::new(Weather::default(), 6);
    let mallory = Identity::generate(&mut pair.rng);
    // Mallory knows the session, and claims to be whom Alice expects.
    let prologue =
        knocking::prologue(SESSION, pair.keys[ALICE].fingerprint(), pair.keys[BOB].fingerprint());
    pair.ends[ALICE].on_time(pair.now);
    let (_, knock) = pair.ends[ALICE].poll_datagram(pair.now).expect("a knock");
    let Some(Packet::Knock { dialler, noise }) = packet::parse(SESSION, &knock) else {
        panic!("that is a knock");
    };
    let mut meeting = Meeting::accept(&mallory, &prologue, None, &mut pair.rng);
    meeting.hear(noise).expect("that is message 1");
    let answer = packet::answer(SESSION, dialler, 1, &meeting.introduce().expect("it answers"));
    pair.handle(ALICE, address(2), &answer);
    assert_eq!(pair.ends[ALICE].poll(), Some(Said::Over(Loss::Identity)));
    assert!(pair.ends[ALICE].poll_datagram(pair.now).is_none());
}

#[test]
fn a_lost_proof_comes_again_though_nothing_is_said() {
    let mut pair = Pair::new(Weather::default(), 7);
    pair.run_until(|pair| pair.met[ALICE]);
    // The proof and everything else that is in the air.
    pair.air.clear();
    pair.run_until(|pair| pair.met == [true, true]);
    let took_ms = pair.now.since_ms(Mono(1_000));
    assert!(took_ms <= limits::KNOCK_FIRST_MS + 10, "{took_ms} ms");
}

#[test]
fn old_packets_of_the_handshake_change_nothing() {
    let mut pair = Pair::new(Weather { delay_ms: 5, ..Weather::default() }, 8);
    let mut seen = Vec::new();
    while pair.met != [true, true] {
        seen.extend(pair.air.values().cloned());
        assert!(pair.step());
    }
    pair.ends[ALICE].write(b"hello");
    for (end, from, bytes) in seen.iter().chain(seen.iter().rev()) {
        pair.handle(*end, *from, bytes);
    }
    pair.run_until(|pair| pair.heard[BOB] == b"hello");
    assert_eq!(pair.lost, [None, None]);
}

#[test]
fn garbage_in_every_state_is_passed_over() {
    let mut pair = Pair::new(Weather::default(), 9);
    let mut rng = Rng::new([99; 32]);
    let mut throw = |pair: &mut Pair| {
        for _ in 0..300 {
            for end in 0..2 {
                let length = rng.below(300) as usize;
                let mut bytes = vec![0; length];
                rng.fill(&mut bytes);
                // Half of them look like something.
                let mut templates = pair.air.values().filter(|(to, ..)| *to == end);
                if let Some((_, _, real)) = templates.next_back()
                    && rng.below(2) == 0
                {
                    bytes.clone_from(real);
                    let at = rng.below(bytes.len() as u64) as usize;
                    bytes[at] ^= 1 << rng.below(8);
                    if rng.below(4) == 0 {
                        bytes.truncate(at);
                    }
                } else if let Some(kind) = bytes.first_mut() {
                    *kind = 0x10 + (*kind & 7);
                }
                let _ = addressee(&bytes);
                pair.handle(end, address(50), &bytes);
            }
        }
    };
    while pair.met != [true, true] {
        throw(&mut pair);
        assert!(pair.step());
    }
    throw(&mut pair);
    pair.ends[BOB].write(b"still here");
    (0..2).for_each(|end| pair.drain(end));
    throw(&mut pair);
    pair.run_until(|pair| pair.heard[ALICE] == b"still here");
    assert_eq!(pair.ends[ALICE].remote(), Some(address(2)));
    pair.ends[BOB].leave(pair.now);
    throw(&mut pair);
    pair.run_until(|pair| pair.lost[ALICE] == Some(Loss::Ended));
}
