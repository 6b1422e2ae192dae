//! What is run when, and what is said of it.

use super::*;

fn on(event: Option<&'static str>, program: &str) -> On {
    On { event, argv: vec![program.to_owned()] }
}

fn online() -> Event {
    Event::Online { server: "here:1".to_owned() }
}

fn hook(label: &str, input: &[u8]) -> Hook {
    let argv = vec![label.to_owned()];
    Hook { label: label.to_owned(), event: "message", argv, input: input.to_owned() }
}

fn none() -> Hooks {
    Hooks::new(Vec::new(), 30)
}

fn ends(hooks: &mut Hooks, id: RunId, end: RunEnd) -> String {
    let mut errors = Vec::new();
    hooks.on_child(id, RunEvent::Ended(end), &mut errors);
    String::from_utf8(errors).expect("lines are UTF-8")
}

fn said(hooks: &mut Hooks) -> Vec<String> {
    hooks.take_failures().into_iter().map(|failure| failure.error).collect()
}

#[test]
fn an_event_runs_what_is_for_its_kind_or_for_all_with_its_line() {
    let rows = [on(Some("online"), "one"), on(Some("message"), "two"), on(None, "three")];
    let mut hooks = Hooks::new(rows.to_vec(), 30);
    hooks.event(Some(Seq(7)), Wall(0), &online());
    let (first, hook) = hooks.poll_start().expect("one");
    assert_eq!((hook.argv, hook.label.as_str()), (vec!["one".to_owned()], "on online"));
    let line = r#"{"event":"online","seq":7,"at":"1970-01-01T00:00:00.000Z","server":"here:1"}"#;
    assert_eq!(String::from_utf8_lossy(&hook.input), format!("{line}\n"));
    assert_eq!(hooks.poll_start(), None, "one at a time");
    ends(&mut hooks, first, RunEnd::Exited(0));
    let (third, hook) = hooks.poll_start().expect("three");
    assert_eq!(hook.argv, ["three"]);
    assert!(!hooks.is_idle());
    ends(&mut hooks, third, RunEnd::Exited(0));
    assert!(hooks.poll_start().is_none() && hooks.is_idle());
    assert!(said(&mut hooks).is_empty());
}

#[test]
fn what_is_too_much_is_left_out_and_that_is_said_once_until_all_have_ended() {
    let mut hooks = none();
    let fill = |hooks: &mut Hooks| {
        for _ in 0..limits::HOOKS + 5 {
            hooks.push(hook("on message", b"x"));
        }
    };
    fill(&mut hooks);
    let full = "on message: 1024 commands wait already; no more until they have ended";
    assert_eq!(said(&mut hooks), [full]);
    let mut count = 0;
    while let Some((id, _)) = hooks.poll_start() {
        ends(&mut hooks, id, RunEnd::Exited(0));
        count += 1;
    }
    assert_eq!(count, limits::HOOKS);
    fill(&mut hooks);
    assert_eq!(said(&mut hooks).len(), 1);
    let mut hooks = none();
    hooks.push(hook("on message", &vec![0; limits::HOOKS_BYTES]));
    hooks.push(hook("on message", b"x"));
    assert_eq!(said(&mut hooks).len(), 1);
}

#[test]
fn a_burst_waits_in_the_log_and_every_durable_event_is_run_once_in_order() {
    let total = 3 * limits::HOOKS as u64;
    let mut hooks = Hooks::new(vec![on(None, "one")], 30);
    (1..=total).for_each(|seq| hooks.event(Some(Seq(seq)), Wall(0), &online()));
    let mut run = Vec::new();
    loop {
        if let Some(since) = hooks.poll_behind() {
            // A page of the log.
            let page: Vec<u64> = (since.0 + 1..=total).take(64).collect();
            page.iter().for_each(|seq| hooks.event_of_log(Seq(*seq), Wall(0), &online()));
            if page.len() < 64 {
                hooks.end_log();
            }
        }
        let Some((id, hook)) = hooks.poll_start() else { break };
        let line = String::from_utf8(hook.input).expect("a line is text");
        let seq = line.split("\"seq\":").nth(1).and_then(|rest| rest.split(',').next());
        run.push(seq.and_then(|seq| seq.parse().ok()).unwrap_or(0));
        ends(&mut hooks, id, RunEnd::Exited(0));
    }
    assert!(run.iter().copied().eq(1..=total), "{} of {total}", run.len());
    assert!(hooks.is_idle() && said(&mut hooks).is_empty());
    hooks.event(Some(Seq(total + 1)), Wall(0), &online());
    assert!(hooks.poll_start().is_some(), "what comes later is run at once again");
}

#[test]
fn what_it_writes_is_lines_that_say_whose_they_are_and_do_no_harm() {
    let mut hooks = none();
    hooks.push(hook("notify", b""));
    let (id, _) = hooks.poll_start().expect("it");
    let mut errors = Vec::new();
    for (pipe, part) in [
        (Pipe::Stdout, &b"one\r\ntw"[..]),
        (Pipe::Stderr, b"\x1B[2J\n"),
        (Pipe::Stdout, b"o\nthree"),
    ] {
        hooks.on_child(id, RunEvent::Output(pipe, part), &mut errors);
    }
    let mut text = String::from_utf8(errors).expect("UTF-8");
    text.push_str(&ends(&mut hooks, id, RunEnd::Exited(0)));
    let lines = ["one", "\u{FFFD}[2J", "two", "three"].map(|l| format!("hobnob: notify: {l}\n"));
    assert_eq!(text, lines.concat());
}

#[test]
fn what_it_writes_has_a_bound() {
    let mut hooks = none();
    hooks.push(hook("notify", b""));
    let (id, _) = hooks.poll_start().expect("it");
    let mut errors = Vec::new();
    for _ in 0..100 {
        hooks.on_child(id, RunEvent::Output(Pipe::Stdout, &[b'x'; 4096]), &mut errors);
    }
    let text = String::from_utf8(errors).expect("UTF-8");
    assert_eq!(text.matches('x').count(), limits::HOOK_OUTPUT_BYTES);
    assert!(text.ends_with("hobnob: notify: [what else it writes is left out]\n"));
    assert!(text.lines().all(|line| line.len() < 4200));
}

#[test]
fn each_bad_end_is_said() {
    for (end, why) in [
        (RunEnd::Exited(3), "notify: notify: ended with code 3"),
        (RunEnd::Killed(9), "notify: notify: was ended by signal 9"),
        (RunEnd::Failed(ErrorKind::NotFound), "notify: notify: no such program"),
    ] {
        let mut hooks = none();
        hooks.push(hook("notify", b""));
        let (id, _) = hooks.poll_start().expect("it");
        ends(&mut hooks, id, end);
        assert_eq!(said(&mut hooks), [why]);
    }
}

#[test]
fn one_that_is_late_is_killed_and_the_next_is_run() {
    let mut hooks = none();
    hooks.push(hook("notify", b""));
    hooks.push(hook("on file", b""));
    assert_eq!(hooks.on_late(), None);
    let (id, _) = hooks.poll_start().expect("the first");
    assert_eq!(hooks.on_late(), Some(id));
    assert!(hooks.poll_start().is_none(), "it is not gone yet");
    ends(&mut hooks, id, RunEnd::Killed(9));
    assert_eq!(said(&mut hooks), ["notify: notify: took more than 30 s and was ended"]);
    let (next, hook) = hooks.poll_start().expect("the second");
    assert_eq!(hook.label, "on file");
    ends(&mut hooks, id, RunEnd::Exited(1));
    assert!(hooks.is_running() && said(&mut hooks).is_empty(), "that was another");
    assert_ne!(id, next);
}

#[test]
fn those_that_are_given_up_are_counted() {
    let mut hooks = none();
    for _ in 0..3 {
        hooks.push(hook("notify", b""));
    }
    hooks.poll_start().expect("the first");
    hooks.give_up();
    assert!(hooks.is_idle() && hooks.poll_start().is_none());
    assert_eq!(said(&mut hooks), ["hooks: 3 had not ended when the program did"]);
}

#[test]
fn where_none_is_left_nothing_is_given_up_and_what_waits_in_the_log_is_no_number() {
    let mut hooks = none();
    hooks.give_up();
    assert_eq!(said(&mut hooks), [""; 0]);
    let mut hooks = Hooks::new(vec![on(None, "one")], 30);
    (1..=2_000).for_each(|seq| hooks.event(Some(Seq(seq)), Wall(0), &online()));
    hooks.give_up();
    assert_eq!(said(&mut hooks), ["hooks: 1024 and more had not ended when the program did"]);
}
