//! The operator's lines in, the server's reports out.

use super::Served;
use crate::proto::model::command::Operate;
use crate::proto::model::name::Name;
use crate::proto::model::notice::Report;
use crate::shell::front::safe;
use std::io::Write;

/// The verbs, as `help` prints them.
pub const HELP: &str = "who · stats · kick NAME · forget NAME · quit";

/// What an operator's line asks for; `Ok(None)` for an empty one, and what is wrong with a bad one.
pub fn parse(line: &str) -> Result<Option<Operate>, String> {
    let line = line.trim();
    let line = line.strip_prefix('/').unwrap_or(line);
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = |word: &str| Name::parse(word).map_err(|bad| format!("{word}: {bad}"));
    let verb = words.first().map(|word| word.to_ascii_lowercase());
    match (verb.as_deref(), words.get(1..).unwrap_or_default()) {
        (None, _) => Ok(None),
        (Some("who"), []) => Ok(Some(Operate::Who)),
        (Some("stats"), []) => Ok(Some(Operate::Stats)),
        (Some("kick"), [word]) => name(word).map(Operate::Kick).map(Some),
        (Some("forget"), [word]) => name(word).map(Operate::Forget).map(Some),
        (Some("quit"), []) => Ok(Some(Operate::Quit)),
        _ => Err(format!("not a console line [{HELP}]")),
    }
}

/// The ready line.
pub fn listening(out: &mut Vec<u8>, json: bool, served: &Served) {
    ready(out, json, ("hobnobd: listening", "listening"), served);
}

/// The same of a server in a client's process.
pub fn hosting(out: &mut Vec<u8>, json: bool, served: &Served) {
    ready(out, json, ("hobnob: hosting", "hosting"), served);
}

fn ready(out: &mut Vec<u8>, json: bool, (line, event): (&str, &str), served: &Served) {
    let [tcp, udp] = [served.tcp, served.udp].map(|at| at.to_string());
    let key = served.key.to_string();
    if json {
        return object(out, event, &[("tcp", tcp), ("udp", udp), ("key", key)]);
    }
    for part in [line, " on ", &tcp, " key ", &key, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A report to the operator, as a line.
pub fn report(out: &mut Vec<u8>, json: bool, report: &Report) {
    let Report::Line(kind, pairs) = report else { return };
    if json {
        return object(out, kind, pairs);
    }
    out.extend_from_slice(kind.as_bytes());
    for (key, value) in pairs {
        out.extend_from_slice(format!(" {key} ").as_bytes());
        safe::push_word(value, out);
    }
    out.push(b'\n');
}

/// One JSON object a line; numbers as numbers.
fn object(out: &mut Vec<u8>, event: &str, pairs: &[(&'static str, String)]) {
    let text = |text: &str| serde_json::Value::from(text);
    let value = |value: &str| value.parse::<u64>().map_or_else(|_| text(value), Into::into);
    // The order of the keys is part of what a reader sees, so the object is written piece by piece.
    let written = write!(out, "{{\"event\":{}", text(event)).and_then(|()| {
        pairs.iter().try_for_each(|(key, v)| write!(out, ",{}:{}", text(key), value(v)))
    });
    written.expect("writing to memory cannot fail");
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_verbs_or_say_what_is_wrong() {
        assert_eq!(parse("  "), Ok(None));
        assert_eq!(parse("/WHO"), Ok(Some(Operate::Who)));
        let bob = Name::parse("bob").expect("a name");
        assert_eq!(parse("kick Bob"), Ok(Some(Operate::Kick(bob))));
        assert!(parse("kick 9").is_err_and(|why| why.contains("first a letter")));
        assert!(parse("dance").is_err_and(|why| why.contains(HELP)));
    }

    #[test]
    fn reports_are_lines_or_objects() {
        let line =
            Report::Line("stats", vec![("clients", "3".into()), ("note", "a\u{1b}b".into())]);
        let mut json = Vec::new();
        report(&mut json, true, &line);
        assert_eq!(json, b"{\"event\":\"stats\",\"clients\":3,\"note\":\"a\\u001bb\"}\n");
        let mut plain = Vec::new();
        report(&mut plain, false, &line);
        assert_eq!(String::from_utf8_lossy(&plain), "stats clients 3 note a\u{fffd}b\n");
    }
}
