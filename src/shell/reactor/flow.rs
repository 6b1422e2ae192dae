//! What TCP and control connections have in common: bytes in, bytes out, and when to stop.

use super::socks::Socks;
use crate::proto::limits::TURN_BYTES;
use crate::proto::machine::{Cause, ProxyFault};
use mio::event::Event;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

/// One turn of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many bytes are in the buffer.
    Bytes(usize),
    /// All that was sent is written, as was asked to be told.
    Drained,
    /// It is gone.
    Closed(Cause),
    /// Nothing, until the kernel says something new.
    Done,
    /// It has had its share of this wake.
    Later,
}

/// A connection's two directions.
pub(super) struct Flow<S> {
    pub socket: S,
    pub unsent: Unsent,
    /// To be told when `unsent` is empty.
    pub watched: bool,
    /// When it was closed by us while bytes were still waiting, counted; nobody hears of it now.
    pub lingers: Option<u64>,
    /// Why writing failed. What the other end said before is still read.
    broken: Option<Cause>,
    paused: bool,
    readable: bool,
    hung_up: bool,
    writable: bool,
}

impl<S: Read + Write> Flow<S> {
    /// A connection; `writable` when it is known to be open.
    pub fn new(socket: S, writable: bool) -> Flow<S> {
        Flow {
            socket,
            unsent: Unsent::default(),
            watched: false,
            lingers: None,
            broken: None,
            paused: false,
            readable: false,
            hung_up: false,
            writable,
        }
    }

    /// Notes what the kernel says; an error is found by the read and the write that it suggests.
    pub fn note(&mut self, event: &Event) {
        let failed = event.is_error();
        self.hung_up |= event.is_read_closed() || failed;
        self.readable |= event.is_readable() || self.hung_up;
        self.writable |= event.is_writable() || event.is_write_closed() || failed;
    }

    /// Puts bytes behind those sent before.
    pub fn send(&mut self, bytes: Vec<u8>) {
        if self.broken.is_none() {
            self.unsent.push(bytes);
        }
    }

    /// Writes what is waiting, as far as the kernel takes it.
    pub fn flush(&mut self) {
        while self.writable && !self.unsent.is_empty() {
            match self.unsent.write_to(&mut self.socket) {
                Ok(all_taken) => self.writable = all_taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.unsent = Unsent::default();
                    self.broken = Some(Cause::Failed(error.kind()));
                    self.readable = true;
                }
            }
        }
    }

    /// Whether a turn would find something without the kernel saying anything new.
    pub fn is_ready(&self) -> bool {
        self.broken.is_some()
            || self.readable && !self.paused
            || self.watched && self.unsent.is_empty()
    }

    pub fn is_writable(&self) -> bool {
        self.writable
    }

    pub fn set_writable(&mut self, writable: bool) {
        self.writable = writable;
    }

    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Gives it up from our side: the next step says so.
    pub fn fail(&mut self, cause: Cause) {
        self.unsent = Unsent::default();
        self.broken = Some(cause);
        self.readable = false;
    }

    /// Goes on with it, `spent` bytes into its share of this wake.
    pub fn step(&mut self, buffer: &mut [u8], spent: usize) -> Step {
        self.flush();
        if self.lingers.is_some() {
            let over = self.unsent.is_empty();
            return if over { Step::Closed(Cause::Ended) } else { Step::Done };
        }
        if self.watched && self.unsent.is_empty() && self.broken.is_none() {
            self.watched = false;
            return Step::Drained;
        }
        if self.readable && !self.paused {
            if spent >= TURN_BYTES {
                return Step::Later;
            }
            if let Some(step) = self.read(buffer) {
                return step;
            }
        }
        self.broken.map_or(Step::Done, Step::Closed)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Option<Step> {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return Some(Step::Closed(Cause::Ended)),
                Ok(bytes) => {
                    // Less than asked for means that there was no more (epoll(7), question 9);
                    // only an end that was announced is still to be read.
                    let may_be_more = bytes == buffer.len();
                    self.readable = may_be_more || self.hung_up || self.broken.is_some();
                    return Some(Step::Bytes(bytes));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return None;
                }
                Err(error) => return Some(Step::Closed(Cause::Failed(error.kind()))),
            }
        }
    }

    /// Speaks with a proxy, as far as the kernel goes along; whether it has dialled. Reads no byte
    /// too many.
    pub fn ask(&mut self, socks: &mut Socks) -> Result<bool, ProxyFault> {
        let mut answer = [0; ANSWER_BYTES];
        loop {
            while self.writable && !socks.unsent.is_empty() {
                match self.socket.write(&socks.unsent) {
                    Ok(bytes) => drop(socks.unsent.drain(..bytes)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(ProxyFault::Away(error.kind())),
                }
            }
            let missing = socks.missing().min(ANSWER_BYTES);
            if missing == 0 || !self.readable {
                return Ok(missing == 0);
            }
            match self.socket.read(&mut answer[..missing]) {
                Ok(0) => return Err(ProxyFault::Ended),
                Ok(bytes) => socks.feed(&answer[..bytes])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ProxyFault::Away(error.kind())),
            }
        }
    }

    /// Reads away what has arrived: a close would else send a reset, which can overtake our last
    /// bytes.
    pub fn drain(&mut self, buffer: &mut [u8]) {
        for _ in 0..TURN_BYTES / buffer.len() {
            match self.socket.read(buffer) {
                Ok(bytes) if bytes == buffer.len() => {}
                _ => return,
            }
        }
    }
}

/// The longest answer of a proxy: a head, a name with its length, a port.
const ANSWER_BYTES: usize = 4 + 1 + 255 + 2;

/// Bytes that the kernel has not taken yet, in the pieces in which they were handed over.
#[derive(Default)]
pub(super) struct Unsent {
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first piece is written.
    written: usize,
    bytes: usize,
}

impl Unsent {
    const PIECES_A_WRITE: usize = 64;

    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, piece: Vec<u8>) {
        if !piece.is_empty() {
            self.bytes += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// One write of as much as it can hold. Whether all of that was taken.
    fn write_to(&mut self, socket: &mut impl Write) -> io::Result<bool> {
        let mut slices = [IoSlice::new(&[]); Unsent::PIECES_A_WRITE];
        let mut count = 0;
        let mut offered = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            let rest = if count == 0 { &piece[self.written..] } else { &piece[..] };
            *slice = IoSlice::new(rest);
            offered += rest.len();
            count += 1;
        }
        let taken = match count {
            1 => socket.write(&slices[0])?,
            _ => socket.write_vectored(&slices[..count])?,
        };
        if taken == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        self.advance(taken);
        Ok(taken == offered)
    }

    fn advance(&mut self, taken: usize) {
        self.bytes -= taken;
        self.written += taken;
        while let Some(first) = self.pieces.front() {
            if self.written < first.len() {
                return;
            }
            self.written -= first.len();
            self.pieces.pop_front();
        }
        self.pieces = VecDeque::new();
    }
}
