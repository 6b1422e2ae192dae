//! Programs on the control socket: what they say, and what is kept for them to read.

use super::{Desk, Sink};
use crate::proto::limits;
use crate::shell::front::input::LineBuffer;
use crate::shell::front::printer::{Printer, Style};
use crate::shell::reactor::{ControlId, Reactor};

/// A program on the control socket.
pub(super) struct Guest {
    pub lines: LineBuffer,
    pub printer: Printer,
    pub out: Vec<u8>,
    /// It reads what happens.
    pub listens: bool,
}

impl Desk {
    pub fn guest_came(&mut self, id: ControlId) {
        let style = Style { json: true, ..Style::default() };
        let (lines, printer) = (LineBuffer::default(), Printer::new(style));
        self.guests.insert(id, Guest { lines, printer, out: Vec::new(), listens: false });
    }

    pub fn guest_said(&mut self, id: ControlId, bytes: &[u8]) {
        if let Some(guest) = self.guests.get_mut(&id) {
            guest.lines.push(bytes);
        }
    }

    /// What it asked for goes on; the answers go nowhere.
    pub fn guest_left(&mut self, id: ControlId) {
        let gone = Sink::Control(id);
        self.guests.remove(&id);
        self.asked.retain(|_, asked| asked.sink != gone);
        self.senders.retain(|_, (sink, _)| *sink != gone);
        let asked = &self.asked;
        self.waits.retain(|(ticket, _)| asked.contains_key(ticket));
    }

    pub fn guests(&self) -> Vec<ControlId> {
        self.guests.keys().copied().collect()
    }

    pub fn guest_lines(&mut self, id: ControlId) -> Option<&mut LineBuffer> {
        self.guests.get_mut(&id).map(|guest| &mut guest.lines)
    }

    /// Whether a reader has so much unread that more of a long answer should wait.
    pub fn is_behind(&self, sink: Sink) -> bool {
        match sink {
            Sink::Stdout => false,
            Sink::Control(id) => {
                self.guests.get(&id).is_some_and(|guest| guest.out.len() >= GUEST_AHEAD_BYTES)
            }
        }
    }

    /// Whether a guest can take more of what is kept for it.
    pub fn has_more(&self, reactor: &mut Reactor) -> bool {
        let mut kept = self.guests.iter().filter(|(_, guest)| !guest.out.is_empty());
        kept.any(|(id, _)| reactor.control_behind_bytes(*id) < GUEST_AHEAD_BYTES)
    }

    /// Writes what this wake has to say. A guest is given what it can take; one who has stopped
    /// reading altogether is shown out.
    pub fn flush(&mut self, reactor: &mut Reactor) {
        self.flush_stdout();
        let mut lost = Vec::new();
        for (id, guest) in self.guests.iter_mut() {
            if guest.out.is_empty() {
                continue;
            }
            let unread = reactor.control_behind_bytes(*id);
            let room = GUEST_AHEAD_BYTES.saturating_sub(unread).min(guest.out.len());
            if room > 0 {
                reactor.send_control(*id, &guest.out[..room]);
                guest.out.drain(..room);
            }
            if guest.out.len() > limits::GUEST_BEHIND_BYTES {
                lost.push(*id);
            }
        }
        for id in lost {
            log::warn!("a program on the control socket does not read what it asked for");
            reactor.close_control(id);
            self.guest_left(id);
        }
    }
}

/// What is handed to the reactor for one guest ahead of its reading.
const GUEST_AHEAD_BYTES: usize = limits::CONTROL_BEHIND_BYTES / 4;
