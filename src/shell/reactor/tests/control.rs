//! The control socket.

use super::*;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hobnob-control-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a directory for the test");
        Scratch(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("control")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("the test's directory is ours");
    }
}

#[test]
fn program_asks_and_is_answered_and_closed() {
    let scratch = Scratch::new();
    let mut bench = Bench::new();
    bench.reactor.open_control(&scratch.socket()).expect("opened");
    let mode = fs::metadata(scratch.socket()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut program = connect_control(&scratch.socket()).expect("connects");
    program.write_all(b"whoami\n").expect("written");
    bench.until("a question", |b| b.control_bytes.values().any(|bytes| bytes == b"whoami\n"));
    let id = bench.opened[0];
    bench.reactor.send_control(id, b"ann\n");
    bench.reactor.close_control(id);
    bench.settle();
    let mut answer = String::new();
    program.read_to_string(&mut answer).expect("read");
    assert_eq!(answer, "ann\n");
    assert_eq!(bench.closed, [], "nothing is heard after close");
}

#[test]
fn program_that_leaves_is_closed() {
    let scratch = Scratch::new();
    let mut bench = Bench::new();
    bench.reactor.open_control(&scratch.socket()).expect("opened");
    drop(connect_control(&scratch.socket()).expect("connects"));
    bench.until("closed", |b| !b.closed.is_empty());
    assert_eq!(bench.opened, bench.closed);
}

#[test]
fn program_that_does_not_read_is_closed_at_the_bound() {
    let scratch = Scratch::new();
    let mut bench = Bench::new();
    bench.reactor.open_control(&scratch.socket()).expect("opened");
    let _program = connect_control(&scratch.socket()).expect("connects");
    bench.until("opened", |b| !b.opened.is_empty());
    let id = bench.opened[0];
    let line = [b'x'; 1 << 20];
    let mut sent = 0;
    bench.until_polling("closed", |b| {
        b.reactor.send_control(id, &line);
        sent += 1;
        b.closed == [id]
    });
    assert!((4..10).contains(&sent), "{sent} MiB");
    assert!(!bench.reactor.has_unwritten());
}

#[test]
fn socket_left_by_a_dead_program_is_replaced() {
    let scratch = Scratch::new();
    drop(std::os::unix::net::UnixListener::bind(scratch.socket()).expect("bound"));
    let mut bench = Bench::new();
    bench.reactor.open_control(&scratch.socket()).expect("replaced");
    connect_control(&scratch.socket()).expect("connects");
    drop(bench);
    assert!(!scratch.socket().exists(), "it goes with its reactor");
}

#[test]
fn file_in_place_of_the_socket_is_left_alone() {
    let scratch = Scratch::new();
    fs::write(scratch.socket(), "mine").expect("a file");
    let mut bench = Bench::new();
    let error = bench.reactor.open_control(&scratch.socket()).expect_err("a file is there");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(scratch.socket()).expect("still there"), b"mine");
}

#[test]
fn path_longer_than_a_socket_address_works() {
    let scratch = Scratch::new();
    let deep = scratch.0.join("d".repeat(120));
    fs::create_dir(&deep).expect("a directory");
    let mut bench = Bench::new();
    bench.reactor.open_control(&deep.join("control")).expect("opened");
    let _program = connect_control(&deep.join("control")).expect("connects");
    bench.until("opened", |b| !b.opened.is_empty());
}
