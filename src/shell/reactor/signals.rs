//! Signals, as readiness like any other.

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook_mio::v1_0;
use std::collections::VecDeque;
use std::io;

/// A signal that the program answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, or SIGHUP of the terminal that went away: end in order.
    Terminate,
    /// SIGINT: the user presses ctrl-C.
    Interrupt,
    /// SIGWINCH: the terminal has another size.
    Resize,
    /// SIGCONT: back in the foreground.
    Continue,
}

pub(super) struct Signals {
    pub readable: bool,
    hook: Box<v1_0::Signals>,
    waiting: VecDeque<Signal>,
}

impl Signals {
    pub fn open(registry: &Registry, token: Token) -> io::Result<Signals> {
        let mut hook = Box::new(v1_0::Signals::new([SIGTERM, SIGINT, SIGWINCH, SIGCONT])?);
        if !is_ignored(SIGHUP) {
            hook.add_signal(SIGHUP)?;
        }
        registry.register(&mut *hook, token, Interest::READABLE)?;
        Ok(Signals { readable: false, hook, waiting: VecDeque::new() })
    }

    pub fn step(&mut self) -> Option<Signal> {
        if std::mem::take(&mut self.readable) {
            self.waiting.extend(self.hook.pending().filter_map(named));
        }
        self.waiting.pop_front()
    }
}

/// Whether whoever started us wants a signal ignored, as `nohup` does. Where the kernel does not
/// say, nobody does.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

fn named(number: i32) -> Option<Signal> {
    match number {
        SIGTERM | SIGHUP => Some(Signal::Terminate),
        SIGINT => Some(Signal::Interrupt),
        SIGWINCH => Some(Signal::Resize),
        SIGCONT => Some(Signal::Continue),
        _ => None,
    }
}
