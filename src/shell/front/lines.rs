//! A line that somebody typed or piped, or the words of argv, as a request.

use super::Request;
use super::args::{Args, Bad};
use super::verbs::{self, Defaults, VerbRow};
use crate::proto::model::event::Stage;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One line's request, and what its sender wants to know the answer by.
#[derive(Debug)]
pub struct Asked {
    /// Any JSON value, exact, to be echoed.
    pub reference: Option<Box<RawValue>>,
    /// How long it may take, in milliseconds, if the line says.
    pub timeout_ms: Option<u64>,
    /// What is wanted, or what is wrong with the line.
    pub request: Result<Request, Bad>,
}

/// A JSON line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine {
    cmd: String,
    #[serde(default)]
    args: Vec<Word>,
    #[serde(default, rename = "ref")]
    reference: Option<Box<RawValue>>,
    #[serde(default)]
    timeout: Option<f64>,
    #[serde(default)]
    wait: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(i64),
}

/// Reads one line, without its line break. `None`: an empty line asks for nothing.
/// `json`: a line that begins with `{` is a JSON line, and one that begins with `[` is a wrong one.
pub fn parse(line: &str, json: bool, defaults: Defaults) -> Option<Asked> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return None;
    }
    if json && line.trim_start().starts_with('{') {
        return Some(parse_json(line, defaults));
    }
    if json && line.trim_start().starts_with('[') {
        let why = Bad::Line("not a request in JSON: a list, and no object".to_owned());
        return Some(Asked { reference: None, timeout_ms: None, request: Err(why) });
    }
    let request = match line.strip_prefix('/') {
        None => say(line, defaults),
        Some(rest) if rest.starts_with('/') => say(rest, defaults),
        Some(rest) => verb(&mut Args::Line(rest), defaults),
    };
    Some(Asked { reference: None, timeout_ms: None, request })
}

/// Reads a verb that is already split into words.
pub fn parse_words(words: &[String], defaults: Defaults) -> Result<Request, Bad> {
    verb(&mut Args::Words(words), defaults)
}

/// The longest `timeout` that is taken, in seconds: about three years.
const TIMEOUT_MAX_S: f64 = 1e8;

/// Milliseconds from seconds that somebody typed; `None` if they make no sense.
pub fn timeout_ms(seconds: f64) -> Option<u64> {
    (0.0..=TIMEOUT_MAX_S).contains(&seconds).then_some((seconds * 1000.0) as u64)
}

fn verb(args: &mut Args<'_>, defaults: Defaults) -> Result<Request, Bad> {
    VerbRow::find(args)?.request(args, defaults)
}

fn say(text: &str, defaults: Defaults) -> Result<Request, Bad> {
    let text = verbs::bounded(text.to_owned())?;
    Ok(Request::Say { text, until: defaults.until })
}

fn parse_json(line: &str, defaults: Defaults) -> Asked {
    match serde_json::from_str::<JsonLine>(line) {
        Ok(line) => {
            let timeout_ms = line.timeout.and_then(timeout_ms);
            let request = json_request(&line, defaults);
            Asked { reference: line.reference, timeout_ms, request }
        }
        Err(why) => {
            let why = Bad::Line(format!("not a request in JSON: {why}"));
            Asked { reference: reference_of(line), timeout_ms: None, request: Err(why) }
        }
    }
}

/// What can be saved of a line that is JSON but no request: its `ref`.
fn reference_of(line: &str) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct OnlyRef {
        #[serde(rename = "ref")]
        reference: Option<Box<RawValue>>,
    }
    serde_json::from_str::<OnlyRef>(line).ok()?.reference
}

fn json_request(line: &JsonLine, mut defaults: Defaults) -> Result<Request, Bad> {
    if let Some(seconds) = line.timeout.filter(|seconds| timeout_ms(*seconds).is_none()) {
        return Err(Bad::Word(seconds.to_string(), "not a time-out in seconds"));
    }
    if let Some(word) = &line.wait {
        defaults.until = state(word)?;
    }
    let verb_words = line.cmd.split_whitespace().map(str::to_owned);
    let args = line.args.iter().map(|word| match word {
        Word::Text(text) => text.clone(),
        Word::Number(number) => number.to_string(),
    });
    let words: Vec<String> = verb_words.chain(args).collect();
    verb(&mut Args::Words(&words), defaults)
}

/// A state that `--wait` takes.
pub fn state(word: &str) -> Result<Stage, Bad> {
    match Stage::parse(word) {
        Some(stage) if stage <= Stage::Delivered => Ok(stage),
        Some(_) | None => {
            Err(Bad::Word(word.to_owned(), "not one of queued, sent, held, delivered"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::model::command::Verb;
    use crate::proto::model::person::Target;
    use crate::proto::model::refusal::{Exit, Refusal};
    use crate::proto::time::Wall;
    use crate::proto::{limits, model::name::Name};

    const DEFAULTS: Defaults = Defaults { until: Stage::Held, now: Wall(0) };

    fn request(line: &str) -> Result<Request, Bad> {
        parse(line, true, DEFAULTS).expect("not an empty line").request
    }

    fn msg(text: &str, until: Stage) -> Request {
        let to = vec![Target::Name(Name::parse("bob").expect("a name"))];
        Request::Ask(Verb::Msg { to, text: text.to_owned(), until })
    }

    #[test]
    fn three_ways_in_mean_the_same() {
        let words = ["msg", "bob", "hi there"].map(str::to_owned);
        let expected = Ok(msg("hi there", Stage::Held));
        assert_eq!(parse_words(&words, DEFAULTS), expected);
        assert_eq!(request("/msg bob hi there"), expected);
        assert_eq!(request(r#"{"cmd":"msg","args":["bob","hi there"],"ref":7}"#), expected);
        assert_eq!(request(r#"{"cmd":"MESSAGE bob","args":["hi","there"]}"#), expected);
    }

    #[test]
    fn text_is_kept_exact() {
        assert_eq!(request("/msg bob  a  b "), Ok(msg(" a  b ", Stage::Held)));
        let line = r#"{"cmd":"msg","args":["bob"," a\n\tb "],"wait":"delivered"}"#;
        assert_eq!(request(line), Ok(msg(" a\n\tb ", Stage::Delivered)));
    }

    #[test]
    fn a_plain_line_is_said_and_two_slashes_say_one() {
        let say = |text: &str| Ok(Request::Say { text: text.to_owned(), until: Stage::Held });
        assert_eq!(request("hi"), say("hi"));
        assert_eq!(request("hi\r"), say("hi"));
        assert_eq!(request("//quit"), say("/quit"));
        assert_eq!(request("/quit"), Ok(Request::Quit));
        assert!(parse("", true, DEFAULTS).is_none());
        let brace = parse("{\"cmd\":\"quit\"}", false, DEFAULTS).expect("a line");
        assert_eq!(brace.request, say("{\"cmd\":\"quit\"}"));
    }

    #[test]
    fn the_reference_is_echoed_as_it_was_even_of_a_bad_line() {
        for line in [
            r#"{"cmd":"whoami","ref":{"a": [1, 2.50]}}"#,
            r#"{"cmd":7,"ref":{"a": [1, 2.50]}}"#,
            r#"{"cmd":"nope","ref":{"a": [1, 2.50]}}"#,
        ] {
            let asked = parse(line, true, DEFAULTS).expect("a line");
            assert_eq!(asked.reference.expect("a ref").get(), r#"{"a": [1, 2.50]}"#, "{line}");
        }
    }

    #[test]
    fn a_bad_json_line_is_a_usage_error() {
        for line in [
            "{",
            "{}",
            r#" ["msg",["bob","hi"]]"#,
            r#"{"cmd":"msg"}"#,
            r#"{"cmd":"whoami","args":"x"}"#,
            r#"{"cmd":"whoami","timeout":-1}"#,
            r#"{"cmd":"whoami","wait":"soon"}"#,
            r#"{"cmd":"whoami","extra":1}"#,
        ] {
            let bad = request(line).expect_err(line);
            assert_eq!(bad.exit(), Exit::Usage, "{line}");
            assert!(!bad.to_string().contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_text_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
        let most = limits::TEXT_MAX_BYTES;
        assert!(request(&format!("/msg bob {}", "x".repeat(most))).is_ok());
        let bad = request(&format!("/msg bob {}", "x".repeat(most + 1))).expect_err("too long");
        assert_eq!(bad, Bad::Refused(Refusal::TextTooLong(most + 1)));
        assert_eq!(bad.exit(), Exit::No);
        assert!(request(&"x".repeat(most + 1)).is_err());
    }
}
