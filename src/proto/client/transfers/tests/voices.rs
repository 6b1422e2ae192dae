//! Voice messages.

use super::pair::{ANN, BOB, Pair, name};
use crate::proto::client::wav::tests::wav;
use crate::proto::machine::RunEnd;
use crate::proto::model::command::Verb;
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::{FileState, Seconds};

/// Two friends, one of whom has a program that says this and ends so.
fn with_program(says: &[u8], end: Option<RunEnd>) -> Pair {
    let mut pair = Pair::friends();
    pair.cut();
    pair.sides[ANN].transcriber = Some(vec!["hear".into(), "-i={wav}".into()]);
    pair.sides[ANN].child = end.map(|end| (says.to_vec(), end));
    pair.restart(ANN);
    pair.settle();
    pair.link();
    pair
}

fn speak(pair: &mut Pair, bytes: &[u8]) -> Result<(), Refusal> {
    pair.sides[ANN].files.put("/home/hi.wav", bytes);
    let path = "/home/hi.wav".into();
    pair.ask(ANN, Verb::Voice { to: name(BOB), path, until: Stage::Delivered })
}

/// What Bob is told of the only voice message.
fn heard(pair: &Pair) -> Option<(Seconds, Option<String>, String)> {
    pair.sides[BOB].events.iter().find_map(|event| match event {
        Event::Voice { seconds, transcript, path, .. } => {
            Some((*seconds, transcript.clone(), path.clone()))
        }
        _ => None,
    })
}

/// What Ann is told of why there are no words.
fn why(pair: &Pair) -> String {
    pair.sides[ANN].files_said().first().and_then(|file| file.why.clone()).unwrap_or_default()
}

#[test]
fn a_friends_voice_comes_by_itself_with_its_words() {
    let mut pair = with_program(b"  meet me\n at\tnoon \n", Some(RunEnd::Exited(0)));
    let content = wav(1_500);
    assert_eq!(speak(&mut pair, &content), Ok(()));
    pair.until(|pair| heard(pair).is_some());
    pair.settle();
    let words = "meet me at noon".to_owned();
    let path = "/bob/hi.wav".to_owned();
    assert_eq!(heard(&pair), Some((Seconds(1_500), Some(words.clone()), path.clone())));
    assert_eq!(pair.sides[BOB].files.at(&path), Some(content.as_slice()));
    assert_eq!(pair.sides[ANN].runs, [["hear", "-i=/home/hi.wav"]]);
    for side in &pair.sides {
        assert_eq!(side.disk.transcripts, [words.as_str()]);
        assert!(side.has_said(FileState::Done) && side.client.is_settled());
    }
}

#[test]
fn without_words_it_goes_without_and_that_is_said() {
    for (end, says, reason) in [
        (Some(RunEnd::Exited(3)), &b"half a"[..], "code 3"),
        (Some(RunEnd::Exited(0)), b" \n", "nothing was understood"),
        (Some(RunEnd::Failed(std::io::ErrorKind::NotFound)), b"", "did not start"),
        (None, b"", "more than 60 s"),
    ] {
        let mut pair = with_program(says, end);
        assert_eq!(speak(&mut pair, &wav(500)), Ok(()));
        pair.until(|pair| heard(pair).is_some());
        assert_eq!(heard(&pair).map(|(seconds, words, _)| (seconds, words)), {
            Some((Seconds(500), None))
        });
        assert!(why(&pair).contains(reason), "{}", why(&pair));
        assert_eq!(pair.sides[ANN].killed, usize::from(end.is_none()));
        assert!(pair.sides[BOB].disk.transcripts.is_empty());
    }
    let mut pair = Pair::friends();
    assert_eq!(speak(&mut pair, &wav(500)), Ok(()));
    assert!(why(&pair).contains("without a transcript"));
}

#[test]
fn what_is_no_wav_is_not_sent() {
    for bytes in [&b""[..], b"RIFF", b"not a sound at all, only words", &wav(0)] {
        let mut pair = Pair::friends();
        assert!(matches!(speak(&mut pair, bytes), Err(Refusal::File(..))));
        pair.settle();
        assert!(pair.sides[BOB].files_said().is_empty() && pair.sides[ANN].client.is_settled());
        assert_eq!(pair.sides[ANN].files.opened(), 0);
    }
}

#[test]
fn a_strangers_voice_waits_to_be_taken() {
    let mut pair = Pair::strangers();
    assert_eq!(speak(&mut pair, &wav(500)), Ok(()));
    pair.settle();
    assert_eq!(pair.sides[BOB].file_states(), [FileState::Offered]);
    let id = pair.sides[BOB].files_said()[0].id.to_text();
    assert_eq!(pair.ask(BOB, Verb::Take { id, place: None }), Ok(()));
    assert!(heard(&pair).is_some());
}
