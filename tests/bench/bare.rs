//! What this machine can do without us: the limits that the other figures stand beside.

use crate::common::{Samples, Scratch, heading, row, short};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

pub fn run() {
    heading("bare limits of this machine");
    row("TCP loopback round trip, 100 bytes", round_trips(), "");
    row("write 8 KiB, fdatasync", commits(), "");
    row("write 100 bytes to a pipe and back", pipe_round_trips(), "");
}

/// 100 bytes to another thread and back, blocking sockets.
pub fn round_trips() -> Samples {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("it is bound");
    let echo = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody dials");
        stream.set_nodelay(true).expect("a TCP socket");
        let mut bytes = [0; 100];
        while stream.read_exact(&mut bytes).is_ok() && stream.write_all(&bytes).is_ok() {}
    });
    let mut stream = TcpStream::connect(at).expect("somebody listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let samples = timed(20_000, || {
        let mut bytes = [7; 100];
        stream.write_all(&bytes).expect("the echo lives");
        stream.read_exact(&mut bytes).expect("the echo lives");
    });
    drop(stream);
    echo.join().expect("the echo ends with its stream");
    samples
}

/// A page of the database's log, over what is there, made durable.
pub fn commits() -> Samples {
    let scratch = Scratch::new("commits");
    let mut file = File::create(scratch.join("file")).expect("a file to write");
    let page = [1; 8192];
    for _ in 0..64 {
        file.write_all(&page).expect("room on the disk");
    }
    file.sync_all().expect("a disk that syncs");
    let mut place = 0;
    timed(1_000, || {
        place = (place + 1) % 64;
        file.seek(SeekFrom::Start(place * 8192)).expect("a seekable file");
        file.write_all(&page).expect("room on the disk");
        file.sync_data().expect("a disk that syncs");
    })
}

fn pipe_round_trips() -> Samples {
    let (mut their_end, mut to) = std::io::pipe().expect("a pipe");
    let (mut from, mut back) = std::io::pipe().expect("a pipe");
    let echo = thread::spawn(move || {
        let mut bytes = [0; 100];
        while their_end.read_exact(&mut bytes).is_ok() && back.write_all(&bytes).is_ok() {}
    });
    let samples = timed(20_000, || {
        let mut bytes = [7; 100];
        to.write_all(&bytes).expect("the echo lives");
        from.read_exact(&mut bytes).expect("the echo lives");
    });
    drop(to);
    echo.join().expect("the echo ends with its pipe");
    samples
}

fn timed(count: usize, mut each: impl FnMut()) -> Samples {
    let mut samples = Samples::default();
    for _ in 0..count {
        let start = Instant::now();
        each();
        samples.add(start.elapsed());
    }
    samples
}

/// Both limits at the median, for aims that are made of them.
pub struct Limits {
    pub round_trip: Duration,
    pub commit: Duration,
}

impl Limits {
    pub fn measure() -> Limits {
        Limits { round_trip: round_trips().median(), commit: commits().median() }
    }

    /// What so many messages, one after the other, may take: three bare round trips and two commits
    /// for each.
    pub fn words(&self, messages: u32) -> String {
        let aim = (self.round_trip * 3 + self.commit * 2) * messages;
        format!("{}: {messages} x (3 bare round trips, 2 commits)", short(aim))
    }
}
