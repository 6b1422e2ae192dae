use super::*;
use proptest::prelude::*;

/// Sends `length` bytes each way, and says how long it took.
fn exchange(pair: &mut Pair, length: usize) -> u64 {
    let start = pair.now;
    let texts = [text(length, 1), text(length / 3, 2)];
    for (end, text) in texts.iter().enumerate() {
        text.chunks(5_000).for_each(|chunk| pair.ends[end].write(chunk));
    }
    pair.run_until(|pair| {
        pair.lost.iter().any(Option::is_some)
            || (pair.heard[BOB].len() >= texts[0].len()
                && pair.heard[ALICE].len() >= texts[1].len())
    });
    assert_eq!(pair.lost, [None, None]);
    assert!(pair.heard[BOB] == texts[0] && pair.heard[ALICE] == texts[1], "other bytes");
    pair.heard = [Vec::new(), Vec::new()];
    pair.now.since_ms(start)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn the_bytes_arrive_as_they_were_written(
        lost in 0..30_u64,
        twice in 0..30_u64,
        delay_ms in 0..120_u64,
        jitter_ms in 0..80_u64,
        length in 1..150_000_usize,
        seed in any::<u8>(),
    ) {
        let weather = Weather { lost, twice, delay_ms, jitter_ms, queue: None };
        let mut pair = Pair::open(weather, seed);
        exchange(&mut pair, length);
    }
}

#[test]
fn five_percent_loss_and_fifty_ms_cost_speed_and_nothing_else() {
    let weather = Weather { lost: 5, delay_ms: 50, ..Weather::default() };
    let took_ms = exchange(&mut Pair::open(weather, 1), 3_000_000);
    // TCP's law (Mathis) would allow 1,200 bytes × 1.22 / (0.1 s × √0.05), 65 KB/s: 45 s.
    assert!(took_ms < 15_000, "{took_ms} ms");
}

#[test]
fn a_path_that_is_slower_all_at_once_is_waited_for() {
    for seed in 0..20 {
        let mut pair = Pair::open(Weather::default(), seed);
        exchange(&mut pair, 20_000);
        pair.weather = Weather { lost: 20, delay_ms: 200, jitter_ms: 300, ..Weather::default() };
        exchange(&mut pair, 30_000);
    }
}

#[test]
fn a_narrow_path_is_filled_and_not_flooded() {
    // A packet a millisecond, 50 of them wait.
    let weather = Weather { delay_ms: 20, queue: Some(50), ..Weather::default() };
    let mut pair = Pair::open(weather, 1);
    let before = pair.bytes_sent;
    let text = text(4_000_000, 1);
    let start = pair.now;
    pair.ends[ALICE].write(&text);
    pair.run_until(|pair| pair.heard[BOB].len() == text.len());
    let took_ms = pair.now.since_ms(start);
    let least_ms = (text.len() / 1_100) as u64;
    assert!(took_ms < least_ms * 3 / 2, "{took_ms} ms, {least_ms} at least");
    let waste = (pair.bytes_sent - before) as f64 / text.len() as f64;
    assert!(waste < 1.25, "sent {waste} times");
}

#[test]
fn a_repeated_or_changed_packet_is_not_taken() {
    let mut pair = Pair::open(Weather::default(), 2);
    pair.ends[ALICE].write(b"once");
    let (_, packet) = pair.ends[ALICE].poll_datagram(pair.now).expect("a packet");
    for at in 0..packet.len() {
        let mut changed = packet.clone();
        changed[at] ^= 0x20;
        pair.handle(BOB, address(66), &changed);
        assert_eq!(pair.ends[BOB].poll(), None, "byte {at}");
    }
    assert_eq!(pair.ends[BOB].remote(), Some(address(1)));
    pair.handle(BOB, address(1), &packet);
    assert_eq!(pair.ends[BOB].poll(), Some(Said::Bytes(b"once".to_vec())));
    pair.handle(BOB, address(66), &packet);
    assert_eq!(pair.ends[BOB].poll(), None);
    assert_eq!(pair.ends[BOB].remote(), Some(address(1)));
}

#[test]
fn an_idle_association_has_its_keep_alive_and_no_other_deadline() {
    let mut pair = Pair::open(Weather { delay_ms: 30, ..Weather::default() }, 3);
    exchange(&mut pair, 50_000);
    pair.run_for(2_000);
    let sent = pair.sent;
    let start = pair.now;
    assert!(
        pair.ends.iter().all(|end| end.poll_timeout().is_some_and(|(at, why)| {
            at.since_ms(start) > 20_000 && why == "keep-alive over UDP"
        }))
    );
    pair.run_for(10 * limits::UDP_KEEPALIVE_MS);
    let packets = pair.sent - sent;
    // A question and its answer, or two that cross.
    assert!((20..=44).contains(&packets), "{packets} packets");
    assert_eq!(pair.lost, [None, None]);
}

#[test]
fn a_side_that_is_gone_without_a_word_is_noticed() {
    let mut pair = Pair::open(Weather::default(), 4);
    pair.ends[ALICE].write(b"are you there?");
    pair.weather.lost = 100;
    let start = pair.now;
    pair.run_until(|pair| pair.lost == [Some(Loss::Silent); 2]);
    // Bob has nothing to say, and finds out by his keep-alive.
    let most_ms = limits::UDP_KEEPALIVE_MS + limits::UNANSWERED_MS + 100;
    assert!(pair.now.since_ms(start) <= most_ms, "{} ms", pair.now.since_ms(start));
}

#[test]
fn nothing_is_lost_over_a_gap_shorter_than_patience() {
    let mut pair = Pair::open(Weather { delay_ms: 20, ..Weather::default() }, 5);
    let text = text(400_000, 3);
    pair.ends[ALICE].write(&text);
    pair.run_for(60);
    pair.weather.lost = 100;
    pair.run_for(6_000);
    pair.weather.lost = 0;
    pair.run_until(|pair| pair.heard[BOB].len() == text.len());
    assert!(pair.heard[BOB] == text);
}

#[test]
fn a_side_that_moves_is_followed() {
    let mut pair = Pair::open(Weather { delay_ms: 20, ..Weather::default() }, 6);
    exchange(&mut pair, 100_000);
    pair.at[ALICE] = address(77);
    exchange(&mut pair, 100_000);
    assert_eq!(pair.ends[BOB].remote(), Some(address(77)));
}

#[test]
fn who_leaves_is_heard_out_and_then_gone() {
    for seed in 0..20 {
        let mut pair = Pair::open(Weather { lost: 10, delay_ms: 10, ..Weather::default() }, seed);
        let text = text(20_000, 4);
        pair.ends[ALICE].write(&text);
        pair.ends[ALICE].leave(pair.now);
        pair.run_until(|pair| pair.lost[BOB].is_some() || pair.heard[BOB].len() == text.len());
        assert!(pair.heard[BOB] == text, "seed {seed}");
        pair.weather.lost = 0;
        // The word that she is gone may be lost: whatever he says brings it again.
        if pair.lost[BOB].is_none() {
            pair.ends[BOB].write(b"bye");
        }
        pair.run_until(|pair| pair.lost[BOB] == Some(Loss::Ended));
        pair.run_until(|pair| pair.ends[ALICE].is_over());
        assert_eq!(pair.ends[ALICE].poll_timeout(), None);
    }
}

#[test]
fn leaving_at_once_leaves_nothing_behind() {
    let mut pair = Pair::open(Weather::default(), 7);
    pair.ends[ALICE].write(&text(100_000, 5));
    pair.ends[ALICE].abandon(pair.now);
    pair.run_until(|pair| pair.lost[BOB] == Some(Loss::Ended));
    assert!(pair.heard[BOB].is_empty());
    let mut both = Pair::open(Weather::default(), 8);
    let now = both.now;
    both.ends.iter_mut().for_each(|end| end.abandon(now));
    both.run_until(|pair| pair.ends.iter().all(Association::is_over));
}

#[test]
fn on_one_machine_packets_are_longer() {
    let here = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let mut pair = Pair::at(here, Weather { delay_ms: 1, ..Weather::default() }, 9);
    pair.run_until(|pair| pair.met == [true, true]);
    exchange(&mut pair, 100);
    let before = pair.sent;
    exchange(&mut pair, 300_000);
    assert!(pair.sent - before < 120, "{} packets", pair.sent - before);
}
