//! Networks of a test's own. Each is held by a process that reads until our end of its input is
//! gone, so that nothing stays behind, also when the test is killed.

use crate::support::{Process, within};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// A network namespace; gone with the value and what runs in it.
pub struct Namespace {
    holder: Process,
    is_rootless: bool,
}

/// Where Debian keeps `ip` and `nft`.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Namespace {
    /// The first one, of root's or in a user namespace of its own; or why there is none.
    pub fn first() -> Result<Namespace, String> {
        for (program, test) in [("ip", "-V"), ("nft", "-v"), ("setpriv", "-V")] {
            let found = Command::new(program).arg(test).env("PATH", PATH).output();
            if !found.is_ok_and(|output| output.status.success()) {
                return Err(format!("{program} is not installed"));
            }
        }
        for (flags, is_rootless) in [("-n", false), ("-Urn", true)] {
            let mut test = Command::new("unshare");
            let tried = test.args([flags, "nft", "list", "ruleset"]).env("PATH", PATH).output();
            if tried.is_ok_and(|output| output.status.success()) {
                let mut command = Command::new("unshare");
                command.arg(flags);
                return Ok(Namespace::hold(command, is_rootless));
            }
        }
        Err("network namespaces are not allowed here".to_owned())
    }

    /// Another one, whose links this one may make.
    pub fn beside(&self) -> Namespace {
        let mut command = self.enter();
        command.args(["unshare", "-n"]);
        Namespace::hold(command, self.is_rootless)
    }

    /// A command as it runs in here; it ends with the thread that starts it.
    pub fn inside(&self, command: &Command) -> Command {
        let mut outer = self.enter();
        outer.args(["setpriv", "--pdeathsig", "KILL"]);
        within(outer, command)
    }

    /// What `ip` does, a line each.
    pub fn ip(&self, lines: &str) {
        self.run(&["ip", "-batch", "-"], lines);
    }

    /// Adds rules.
    pub fn nft(&self, rules: &str) {
        self.run(&["nft", "-f", "-"], rules);
    }

    /// A bridge `br0` for others to be connected to.
    pub fn bridge(&self) {
        self.ip("link add br0 type bridge\nlink set br0 up");
    }

    /// A cable from the bridge to the `eth0` of another, called so on this side.
    pub fn connect(&self, other: &Namespace, name: &str) {
        let holder = other.holder.pid().as_raw_pid();
        self.ip(&format!(
            "link add {name} type veth peer name eth0 netns {holder}\n\
             link set {name} master br0 up"
        ));
        other.ip("link set eth0 up");
    }

    /// Whether a command is there and succeeds.
    pub fn has(&self, words: &[&str]) -> bool {
        self.enter().args(words).output().is_ok_and(|output| output.status.success())
    }

    /// Sets what the kernel has below `/proc/sys/net`.
    pub fn set(&self, name: &str, value: &str) {
        self.run(&["tee", &format!("/proc/sys/net/{name}")], value);
    }

    /// Runs a command in here, and demands success; gives what it printed.
    pub fn run(&self, words: &[&str], input: &str) -> String {
        let Output { status, stdout, stderr } = output_of(self.enter().args(words), input);
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{words:?}: {stderr}\n{input}");
        String::from_utf8_lossy(&stdout).into_owned()
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        let holder = self.holder.pid().as_raw_pid().to_string();
        command.env("PATH", PATH).args(["-t", &holder, "-n"]);
        if self.is_rootless {
            command.args(["-U", "--preserve-credentials"]);
        }
        command
    }

    fn hold(mut command: Command, is_rootless: bool) -> Namespace {
        command.args(["sh", "-c", "echo here; exec cat"]).env("PATH", PATH);
        let mut holder = Process::start(&mut command);
        holder.expect("the namespace", |line| line == "here");
        // An address may be used as soon as it is there.
        let space = Namespace { holder, is_rootless };
        space.set("ipv6/conf/all/accept_dad", "0");
        space.set("ipv6/conf/default/accept_dad", "0");
        space.ip("link set lo up");
        space
    }
}

fn output_of(command: &mut Command, input: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("nsenter is there");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("it reads its input");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}
