//! A large file from one person to another, beside `cp`, `nc` and `scp` of the same file.

use crate::client::{Client, NOWHERE, pair};
use crate::common::{Samples, Scratch, Server, heading, mib, peak_bytes, row, short};
use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FILE_BYTES: u64 = 1 << 30;
const MANY: usize = 50;
const MANY_BYTES: u64 = 4 << 20;
const IDLE_MESSAGES: usize = 500;

pub fn run() {
    heading("a file of 1 GiB on loopback, disk to disk");
    let scratch = Scratch::new("files");
    let file = scratch.join("large.bin");
    make(&file, FILE_BYTES);
    copies(&scratch, &file);
    transfer(&scratch, &file, "direct", &[]);
    row("bare UDP, 8 KiB datagrams, one thread", rate(FILE_BYTES, bare_datagrams()), "");
    transfer(&scratch, &file, "udp", &["--paths", "udp"]);
    transfer(&scratch, &file, "relay", &NOWHERE);
    chat_beside(&scratch, &file);
    many(&scratch);
}

fn copies(scratch: &Scratch, file: &Path) {
    let copy = scratch.join("copy.bin");
    let cp = timed(|| {
        let cp = Command::new("cp").arg(file).arg(&copy).status();
        assert!(cp.is_ok_and(|status| status.success()), "cp works");
    });
    row("cp", rate(FILE_BYTES, cp), "");
    match nc(file, &copy) {
        Some(took) => row("nc", rate(FILE_BYTES, took), ""),
        None => row("nc", "left out: not here", ""),
    }
    match scp(scratch, file, &copy) {
        Some(took) => row("scp", rate(FILE_BYTES, took), ""),
        None => row("scp", "left out: no sshd here", ""),
    }
    let _ = fs::remove_file(&copy);
}

/// What the system needs to carry so many bytes in datagrams over loopback, a few at a time.
fn bare_datagrams() -> Duration {
    let bind = || UdpSocket::bind("127.0.0.1:0").expect("loopback is there");
    let (ours, theirs) = (bind(), bind());
    let to = theirs.local_addr().expect("it is bound");
    let mut datagram = [7; 8 * 1024];
    timed(|| {
        for _ in 0..FILE_BYTES / (8 * datagram.len() as u64) {
            for _ in 0..8 {
                ours.send_to(&datagram, to).expect("loopback takes it");
            }
            for _ in 0..8 {
                theirs.recv(&mut datagram).expect("it has come");
            }
        }
    })
}

/// The whole way that a person sees, and the part of it in which the bytes travel.
fn transfer(scratch: &Scratch, file: &Path, path: &str, more: &[&str]) {
    let homes = scratch.join(path);
    let server = Server::start(&homes.join("server"));
    let (mut ann, mut bob) = pair(&homes, &server, path, more);
    let begun = Instant::now();
    let id = offer(&mut ann, &mut bob, file);
    row(&format!("{path}: read, hashed and offered"), rate(FILE_BYTES, begun.elapsed()), "");
    let taken = Instant::now();
    bob.say(&format!("/take {id}"));
    bob.until(r#""state":"done""#);
    let promise = match path {
        "direct" => "200 MB/s",
        "udp" => "50 MB/s",
        _ => "",
    };
    row(&format!("{path}: taken to verified"), rate(FILE_BYTES, taken.elapsed()), promise);
    row(&format!("{path}: sender's highest RSS"), mib(peak_bytes(ann.pid())), "12 MiB");
    row(&format!("{path}: receiver's highest RSS"), mib(peak_bytes(bob.pid())), "12 MiB");
    let _ = fs::remove_dir_all(&homes);
}

/// Messages there and back with nothing else to do, and then while a file runs beside them.
fn chat_beside(scratch: &Scratch, file: &Path) {
    let homes = scratch.join("chat");
    let server = Server::start(&homes.join("server"));
    let (mut ann, mut bob) = pair(&homes, &server, "direct", &[]);
    let mut idle = Samples::default();
    for n in 0..IDLE_MESSAGES {
        idle.add(round_trip(&mut ann, &mut bob, n));
    }
    let id = offer(&mut ann, &mut bob, file);
    bob.say(&format!("/take {id}"));
    bob.until(r#""state":"progress""#);
    let mut beside = Samples::default();
    let mut n = IDLE_MESSAGES;
    while !bob.has_passed(r#""state":"done""#) {
        beside.add(round_trip(&mut ann, &mut bob, n));
        n += 1;
    }
    let aim = format!("{}: 5 x idle", short(idle.median() * 5));
    row("message there and an answer back, idle", idle, "");
    row(&format!("the same beside the file ({} of them)", n - IDLE_MESSAGES), beside, &aim);
    let _ = fs::remove_dir_all(&homes);
}

fn many(scratch: &Scratch) {
    let homes = scratch.join("many");
    let server = Server::start(&homes.join("server"));
    let (mut ann, mut bob) = pair(&homes, &server, "direct", &[]);
    let file = scratch.join("one of many.bin");
    make(&file, MANY_BYTES);
    let ids: Vec<String> = (0..MANY).map(|_| offer(&mut ann, &mut bob, &file)).collect();
    let begun = Instant::now();
    for id in &ids {
        bob.say(&format!("/take {id}"));
    }
    // Both are read: a program whose lines nobody reads stops.
    for _ in &ids {
        bob.until(r#""state":"done""#);
        ann.until(r#""state":"done""#);
    }
    let took = rate(MANY as u64 * MANY_BYTES, begun.elapsed());
    row(&format!("{MANY} files of 4 MiB at once"), took, "");
    let _ = fs::remove_dir_all(&homes);
}

/// Offers a file, and gives its id once the other side has heard of it.
fn offer(ann: &mut Client, bob: &mut Client, file: &Path) -> String {
    ann.say(&format!("/send bob '{}'", file.display()));
    let line = bob.until(r#""state":"offered""#);
    let id = line.split(r#""id":""#).nth(1).and_then(|rest| rest.split('"').next());
    id.expect("an offer has an id").to_owned()
}

fn round_trip(ann: &mut Client, bob: &mut Client, n: usize) -> Duration {
    let text = format!("message {n:07} {:x<84}", "");
    let begun = Instant::now();
    ann.say(&format!("/msg bob {text}"));
    bob.until(&text);
    bob.say(&format!("/msg ann {text}"));
    ann.until(&format!(r#""from":"bob","text":"{text}""#));
    begun.elapsed()
}

/// Bytes that no compression makes fewer (xorshift64).
fn make(path: &Path, bytes: u64) {
    let mut file = File::create(path).expect("a file to write");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = Vec::with_capacity(1 << 20);
    for _ in 0..bytes >> 20 {
        block.clear();
        for _ in 0..1 << 17 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block).expect("room on the disk");
    }
    file.sync_all().expect("a disk that syncs");
}

fn nc(file: &Path, copy: &Path) -> Option<Duration> {
    let port = free_port();
    let to = File::create(copy).expect("a file to write");
    let mut listen = Command::new("nc");
    listen.args(["-N", "-l", "127.0.0.1", &port.to_string()]).stdin(Stdio::null()).stdout(to);
    let mut listen = Ended(listen.spawn().ok()?);
    // Asking whether it listens would be taken for the file: the system's table tells.
    let table = || fs::read_to_string("/proc/net/tcp").expect("Linux");
    wait_until(|| table().contains(&format!("0100007F:{port:04X} 00000000:0000 0A")));
    Some(timed(|| {
        let from = File::open(file).expect("it was made");
        let mut send = Command::new("nc");
        send.args(["-N", "127.0.0.1", &port.to_string()]).stdin(from).stdout(Stdio::null());
        assert!(send.status().is_ok_and(|status| status.success()), "nc sends");
        assert!(listen.0.wait().is_ok_and(|status| status.success()), "nc receives");
    }))
}

/// Through an sshd of our own, with a key for this once.
fn scp(scratch: &Scratch, file: &Path, copy: &Path) -> Option<Duration> {
    const SSHD: &str = "/usr/sbin/sshd";
    if !Path::new(SSHD).exists() {
        return None;
    }
    let (key, port) = (scratch.join("key"), free_port());
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key);
    keygen.status().ok().filter(|status| status.success())?;
    // Where sshd keeps nothing, but wants it to be there.
    let _ = fs::create_dir_all("/run/sshd");
    let option = |name: &str, value: String| format!("-o{name}={value}");
    let mut sshd = Command::new(SSHD);
    sshd.args(["-D", "-f", "/dev/null", "-h"]).arg(&key).args([
        option("ListenAddress", format!("127.0.0.1:{port}")),
        option("AuthorizedKeysFile", format!("{}.pub", key.display())),
        option("StrictModes", "no".to_owned()),
        option("UsePAM", "no".to_owned()),
        option("PidFile", "none".to_owned()),
        option("Subsystem", "sftp internal-sftp".to_owned()),
    ]);
    let _sshd = Ended(sshd.stderr(Stdio::null()).spawn().ok()?);
    wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let mut scp = Command::new("scp");
    scp.args(["-q", "-P", &port.to_string(), "-i"]).arg(&key).args([
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oBatchMode=yes",
    ]);
    scp.arg(file).arg(format!("127.0.0.1:{}", copy.display())).stderr(Stdio::null());
    let mut is_copied = false;
    let took = timed(|| is_copied = scp.status().is_ok_and(|status| status.success()));
    is_copied.then_some(took)
}

/// A process that ends with us.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "another program does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn rate(bytes: u64, took: Duration) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / took.as_secs_f64())
}
