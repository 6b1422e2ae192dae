//! Rows of figures, samples of time, a folder that goes away again, and a server to measure.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Begins a part.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// A figure, with its promise if there is one.
pub fn row(what: &str, figure: impl fmt::Display, promise: &str) {
    let line = format!("  {what:<44} {:>26}  {promise}", figure.to_string());
    println!("{}", line.trim_end());
}

/// Times of the same thing done many times.
#[derive(Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that `percent` of all are not above.
    pub fn percentile(&self, percent: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
        sorted[place.clamp(1, sorted.len()) - 1]
    }

    pub fn median(&self) -> Duration {
        self.percentile(50.0)
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {}  p99 {}", short(self.median()), short(self.percentile(99.0)))
    }
}

/// A time in the unit that suits it.
pub fn short(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1_000.0 => format!("{micros:.1} us"),
        ..1_000_000.0 => format!("{:.2} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

/// A folder for one part.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder to write into");
        Scratch(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A real `hobnobd` on loopback.
pub struct Server {
    child: Child,
    pub at: SocketAddr,
}

impl Server {
    pub fn start(data: &Path) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hobnobd"))
            .args(["--listen", "127.0.0.1:0", "--pool", "127.77.0.0/16", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("hobnobd is built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("hobnobd says where it listens");
        let at = line.split_whitespace().nth(3).and_then(|at| at.parse().ok());
        Server { child, at: at.expect("the ready line names the address") }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident bytes of a process.
pub fn rss_bytes(pid: u32) -> u64 {
    memory_bytes(pid, "VmRSS:")
}

/// The most resident bytes that a process ever had.
pub fn peak_bytes(pid: u32) -> u64 {
    memory_bytes(pid, "VmHWM:")
}

fn memory_bytes(pid: u32, which: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is alive");
    let line = status.lines().find_map(|line| line.strip_prefix(which)).expect("Linux");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("kilobytes");
    kib * 1024
}

/// Processor time that a process has used.
pub fn cpu_time(pid: u32) -> Duration {
    const TICK_MS: u64 = 10;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is alive");
    let rest = stat.rsplit_once(')').expect("proc(5)").1;
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|n| n.parse::<u64>().expect("a count of ticks")).sum();
    Duration::from_millis(ticks * TICK_MS)
}

/// `bytes` in MiB.
pub fn mib(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / (1024.0 * 1024.0))
}
