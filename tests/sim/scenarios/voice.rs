//! Voice messages: rows of the table of voice.

use super::files::{file_events, file_id, file_states, take};
use super::*;
use crate::children::HEAR;
use hobnob::proto::limits::VOICE_UNASKED_BYTES;
use hobnob::proto::model::transfer::FileState::{Done, Offered, Taken};
use hobnob::proto::model::transfer::Seconds;

const WAV: &str = "/home/hello.wav";
const WORDS: &str = "meet me at the station at noon";
/// 16 kHz, 16 bits, mono.
const BYTES_A_SECOND: u32 = 32_000;

/// A WAV file that says to hold `said` bytes of sound, and holds so many.
fn wav(said: u32, held: usize) -> Vec<u8> {
    wav_at(BYTES_A_SECOND, said, held)
}

/// The same, of another quality.
fn wav_at(rate: u32, said: u32, held: usize) -> Vec<u8> {
    let mut wav = b"RIFF".to_vec();
    wav.extend((said + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(16_000u32.to_le_bytes());
    wav.extend(rate.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(said.to_le_bytes());
    wav.resize(44 + held, 7);
    wav
}

/// Friends, of whom Ann has a program that hears.
fn listeners() -> World {
    let mut world = World::asleep(7, 2, Accept::Friends);
    world.configs[ANN].transcriber = Some(vec![HEAR.into(), "{wav}".into()]);
    (0..3).for_each(|node| world.start(node));
    world.run_for(SOON_MS);
    befriend(&mut world, ANN, BOB);
    world.children[ANN - 1].transcripts.insert(WAV.into(), format!("  {WORDS}\n"));
    world
}

fn speak(world: &mut World, wav: Vec<u8>) -> u64 {
    world.put(ANN, WAV, wav);
    let verb = Verb::Voice { to: target(BOB), path: WAV.into(), until: Stage::Held };
    let asked = world.ask_within(ANN, 100_000, verb);
    world.run_for(8 * SOON_MS);
    asked
}

/// What Bob was told to hear: where, how long, which words.
fn voices(world: &World) -> Vec<(String, u64, Option<String>)> {
    let of = |(node, event): &(Node, Event)| match event {
        Event::Voice { path, seconds: Seconds(ms), transcript, .. } if *node == BOB => {
            Some((path.clone(), *ms, transcript.clone()))
        }
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

#[test]
fn a_voice_message_of_a_friend_comes_with_its_length_and_its_words() {
    let mut world = listeners();
    let asked = speak(&mut world, wav(64_000, 64_000));
    assert_eq!(refusal(&world, ANN, asked), None);
    let path = "/files/hello.wav".to_owned();
    assert_eq!(voices(&world), [(path.clone(), 2_000, Some(WORDS.to_owned()))]);
    assert_eq!(world.disks[BOB - 1].read(&path), Some(&wav(64_000, 64_000)[..]));
    let id = file_id(&world, ANN, asked);
    assert_eq!(file_states(&world, BOB, id), [Offered, Taken, Done]);
    assert_eq!(file_events(&world, ANN, id)[0].transcript, Some(WORDS.to_owned()));
}

#[test]
fn a_transcript_that_fails_is_said_and_the_message_goes_without() {
    let broken: [fn(&mut World); 4] = [
        |world| world.configs[ANN].transcriber = None,
        |world| world.configs[ANN].transcriber = Some(vec!["nothing".into()]),
        |world| world.configs[ANN].transcriber = Some(vec!["fail".into(), "3".into()]),
        |world| world.configs[ANN].transcriber = Some(vec!["sleep".into(), "999999".into()]),
    ];
    for breaks in broken {
        let mut world = listeners();
        breaks(&mut world);
        world.kill(ANN);
        world.start(ANN);
        world.run_for(SOON_MS);
        let asked = speak(&mut world, wav(64_000, 64_000));
        world.run_for(70_000);
        assert_eq!(refusal(&world, ANN, asked), None);
        assert_eq!(voices(&world), [("/files/hello.wav".to_owned(), 2_000, None)]);
        let told = file_events(&world, ANN, file_id(&world, ANN, asked));
        let why = told[0].why.as_deref().unwrap_or_default();
        assert!(why.contains("without a transcript"), "{why:?}");
        assert_eq!(world.children[ANN - 1].living(), 0);
    }
}

#[test]
fn what_is_no_sound_is_told_and_not_sent() {
    for bytes in [vec![], b"RIFF".to_vec(), vec![0; 5_000], wav(0, 0), wav(64_000, 0)] {
        let mut world = listeners();
        let length = bytes.len();
        let asked = speak(&mut world, bytes);
        assert!(matches!(refusal(&world, ANN, asked), Some(Refusal::File(..))), "{length} bytes");
        assert!(!world.events.iter().any(|(_, event)| matches!(event, Event::File(_))));
        assert!(world.children[ANN - 1].starts.is_empty());
    }
}

#[test]
fn what_was_cut_short_is_as_long_as_what_is_there() {
    let mut world = listeners();
    speak(&mut world, wav(u32::MAX - 36, 32_000));
    assert_eq!(voices(&world)[0].1, 1_000);
}

#[test]
fn a_strangers_voice_waits_to_be_taken() {
    let mut world = pair();
    let asked = speak(&mut world, wav(64_000, 64_000));
    let id = file_id(&world, ANN, asked);
    assert_eq!(file_states(&world, BOB, id), [Offered]);
    assert!(voices(&world).is_empty());
    take(&mut world, BOB, id);
    world.run_for(8 * SOON_MS);
    assert_eq!(voices(&world).len(), 1);
}

#[test]
fn a_voice_message_of_two_hours_is_offered_as_what_it_is() {
    let mut world = listeners();
    let rate = 4_700;
    let bytes = 2 * 3_600 * rate;
    assert!(u64::from(bytes) > VOICE_UNASKED_BYTES);
    let asked = speak(&mut world, wav_at(rate, bytes, bytes as usize));
    let id = file_id(&world, ANN, asked);
    assert_eq!(file_states(&world, BOB, id), [Offered]);
    assert_eq!(file_events(&world, BOB, id)[0].seconds, Some(Seconds(7_200_000)));
}

#[test]
fn a_program_that_ends_while_it_listens_leaves_nothing_behind() {
    let mut world = listeners();
    world.put(ANN, WAV, wav(64_000, 64_000));
    let verb = Verb::Voice { to: target(BOB), path: WAV.into(), until: Stage::Held };
    world.ask(ANN, verb);
    world.run_for(200);
    assert_eq!(world.children[ANN - 1].living(), 1);
    world.kill(ANN);
    world.start(ANN);
    world.run_for(8 * SOON_MS);
    assert!(voices(&world).is_empty());
    assert!(speak(&mut world, wav(64_000, 64_000)) > 0);
    assert_eq!(voices(&world).len(), 1);
}
