//! A running `hobnobd`.

use super::{Ended, Process, hobnobd};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server that has said where it listens.
pub struct Server {
    pub tcp: SocketAddr,
    pub udp: SocketAddr,
    pub key: String,
    data: PathBuf,
    running: Option<Process>,
}

impl Server {
    /// Starts one on this data folder and waits for its ready line.
    pub fn start(data: &Path, listen: &str) -> Server {
        let mut command = hobnobd();
        command.args(["--json", "--listen", listen, "--pool", "127.77.0.0/16", "--data"]).arg(data);
        Server::start_as(&mut command, data)
    }

    /// Starts one as this command has it, which says `--json` and this data folder.
    pub fn start_as(command: &mut Command, data: &Path) -> Server {
        let mut process = Process::start(command);
        let line = process.expect("the ready line", |line| line.contains("\"listening\""));
        let ready: Value = serde_json::from_str(&line).expect("--json lines are JSON");
        assert_eq!(ready["event"], "listening");
        let text = |field: &str| ready[field].as_str().expect("a text").to_owned();
        let at = |field: &str| text(field).parse().expect("an address");
        let (tcp, udp, key) = (at("tcp"), at("udp"), text("key"));
        Server { tcp, udp, key, data: data.to_owned(), running: Some(process) }
    }

    /// `HOST:PORT#KEY`.
    pub fn pinned(&self) -> String {
        format!("{}#{}", self.tcp, self.key)
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        self.running.as_mut().expect("it is up")
    }

    /// Ends it in order, and demands that.
    pub fn stop(&mut self) -> Ended {
        self.take().stop()
    }

    /// kill -9.
    pub fn crash(&mut self) {
        self.take().crash();
    }

    /// Waits for it to end by itself.
    pub fn ended(&mut self) -> Ended {
        self.take().ended()
    }

    /// Starts it again with its accounts, where it was.
    pub fn restart(&mut self) {
        assert!(self.running.is_none(), "it is still up");
        *self = Server::start(&self.data, &self.tcp.to_string());
    }

    fn take(&mut self) -> Process {
        self.running.take().expect("it is up")
    }
}
