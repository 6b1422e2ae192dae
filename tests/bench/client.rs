//! A real `hobnob`, driven by lines on its standard input and read by its lines of JSON.

use crate::common::Server;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_hobnob");

/// Options by which two reach each other nowhere but at the server.
pub const NOWHERE: [&str; 2] = ["--paths", "relay"];
const FILE_EVENT: &str = r#""event":"file""#;

/// A client in line mode.
pub struct Client {
    child: Child,
    stdin: ChildStdin,
    lines: BufReader<ChildStdout>,
    line: String,
    /// Events about files that [`Client::until`] has passed over.
    passed: Vec<String>,
}

impl Client {
    pub fn start(home: &Path, name: &str, server: SocketAddr, more: &[&str]) -> Client {
        let mut child = command(home, name, server)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("hobnob is built");
        let stdin = child.stdin.take().expect("it is piped");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Client { child, stdin, lines, line: String::new(), passed: Vec::new() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types a line.
    pub fn say(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).expect("hobnob reads what is typed");
    }

    /// Nothing more of what it prints is looked at; it is read, so that the pipe never fills.
    pub fn read_on(&mut self) {
        let pipe = self.lines.get_ref().as_fd().try_clone_to_owned().expect("a descriptor");
        thread::spawn(move || io::copy(&mut File::from(pipe), &mut io::sink()));
    }

    /// Whether an event about a file, read on the way to others since this was last asked, has
    /// this in it.
    pub fn has_passed(&mut self, part: &str) -> bool {
        self.passed.drain(..).any(|line| line.contains(part))
    }

    /// Reads on to the line that has this in it.
    pub fn until(&mut self, part: &str) -> &str {
        loop {
            self.line.clear();
            let bytes = self.lines.read_line(&mut self.line).expect("lines of text");
            assert!(bytes > 0, "hobnob ended and never said {part}");
            if self.line.contains(part) {
                return &self.line;
            }
            if self.line.contains(FILE_EVENT) {
                self.passed.push(self.line.clone());
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two signed-in clients with a session between them, over the path that is expected.
pub fn pair(homes: &Path, server: &Server, path: &str, more: &[&str]) -> (Client, Client) {
    let mut ann = Client::start(&homes.join("ann"), "ann", server.at, more);
    let mut bob = Client::start(&homes.join("bob"), "bob", server.at, more);
    ann.until(r#""event":"online""#);
    bob.until(r#""event":"online""#);
    ann.say("/chat bob");
    let line = ann.until(r#""state":"open""#);
    assert!(line.contains(&format!(r#""path":"{path}""#)), "the path is {path}: {line}");
    bob.until(r#""state":"open""#);
    (ann, bob)
}

/// `hobnob --json` of a profile.
pub fn command(home: &Path, name: &str, server: SocketAddr) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--json").arg("--home").arg(home).args(["--name", name, "--accept", "all"]);
    command.arg("--server").arg(server.to_string());
    command
}

/// The same, with a script for standard input and a file for what it prints.
pub fn scripted(mut command: Command, script: &Path, printed: &Path) -> Child {
    let script = File::open(script).expect("the script is written");
    let printed = File::create(printed).expect("a file to write");
    command.stdin(script).stdout(printed).stderr(Stdio::null());
    command.spawn().expect("hobnob is built")
}
