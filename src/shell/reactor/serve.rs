//! A source's turn: what it has to tell.

use super::Reactor;
use super::control::{Control, ControlEvent, ControlId};
use super::flow::{Flow, Step};
use super::listen::Taken;
use super::signals::Signal;
use super::stdin::Typed;
use super::table::Source;
use super::tcp::{self, Tcp, TcpStep};
use super::token::Ticket;
use super::udp::Received;
use crate::proto::id::{ConnId, FileId, RunId};
use crate::proto::limits::{CONTROLS, TURN_ARRIVALS};
use crate::proto::machine::{FileEvent, Pipe, RunEnd, StreamEvent};
use mio::Interest;
use mio::net::{TcpStream, UnixStream};
use std::io;
use std::net::SocketAddr;

/// [`super::Ready`] while it still only says how much of the buffer it is.
pub(super) enum Found {
    Datagram(SocketAddr, usize),
    Served(SocketAddr, usize),
    Lan(SocketAddr, usize),
    Bytes(ConnId, usize),
    Stream(ConnId, StreamEvent<'static>),
    File(FileId, FileEvent<'static>),
    FileBytes(FileId, usize),
    Output(RunId, Pipe, usize),
    Ended(RunId, RunEnd),
    Stdin(usize),
    Signal(Signal),
    Network,
    ControlBytes(ControlId, usize),
    Control(ControlId, ControlEvent<'static>),
}

/// What a source's turn gave.
pub(super) enum Served {
    Found(Found),
    /// Nothing to tell, and there may be more.
    Again,
    /// Its turn is over, until the kernel says something new.
    Done,
    /// Its turn is over, and it goes on in the next wake.
    Later,
}

impl Reactor {
    pub(super) fn serve(&mut self, ticket: Ticket) -> Served {
        let Some(entry) = self.table.entry(ticket) else { return Served::Done };
        let (buffer, spent) = (&mut self.buffer[..], &mut self.turns.spent);
        match &mut entry.source {
            Source::Tcp(tcp) => {
                let (id, step) = (tcp.id, tcp.step(buffer, *spent));
                self.serve_tcp(ticket, id, step)
            }
            Source::Control(control) => {
                if std::mem::take(&mut control.is_new) {
                    let id = ControlId::of(ticket);
                    return Served::Found(Found::Control(id, ControlEvent::Opened));
                }
                let step = control.flow.step(buffer, *spent);
                self.serve_control(ticket, step)
            }
            Source::Listener(listener) => {
                if let Some(at) = listener.announce.take() {
                    let udp = listener.udp.is_some();
                    let event = StreamEvent::Listening { at, udp };
                    return Served::Found(Found::Stream(listener.id, event));
                }
                self.serve_listener(ticket)
            }
            Source::Door(_) => self.serve_door(ticket),
            Source::Udp(udp) => match udp.step(buffer, spent) {
                Received::Datagram(from, bytes) => Served::Found(match self.server_udp {
                    Some(server) if server == ticket => Found::Served(from, bytes),
                    Some(_) | None => Found::Datagram(from, bytes),
                }),
                Received::Nothing => Served::Done,
                Received::Later => Served::Later,
            },
            Source::Lan(udp) => match udp.step(buffer, spent) {
                Received::Datagram(from, bytes) => Served::Found(Found::Lan(from, bytes)),
                Received::Nothing => Served::Done,
                Received::Later => Served::Later,
            },
            Source::Stdin(stdin) => match stdin.step(self.poll.registry(), buffer, spent) {
                Typed::Bytes(bytes) => Served::Found(Found::Stdin(bytes)),
                Typed::Nothing => Served::Done,
                Typed::Later => Served::Later,
            },
            Source::Signals(signals) => {
                signals.step().map_or(Served::Done, |signal| Served::Found(Found::Signal(signal)))
            }
            Source::Network(network) => match network.step(buffer) {
                true => Served::Found(Found::Network),
                false => Served::Done,
            },
            Source::Child(id, _) => {
                let id = *id;
                self.serve_child(ticket, id)
            }
            Source::Ended(id, end) => {
                let (id, end) = (*id, *end);
                self.remove(ticket);
                Served::Found(Found::Ended(id, end))
            }
            Source::Failed(id, cause) => {
                let (id, event) = (*id, StreamEvent::Closed(*cause));
                self.table.unname(id);
                self.remove(ticket);
                Served::Found(Found::Stream(id, event))
            }
        }
    }

    fn serve_tcp(&mut self, ticket: Ticket, id: ConnId, step: TcpStep) -> Served {
        let lingers = self.lingers(ticket);
        let event = match step {
            TcpStep::Open(_) if lingers => return Served::Again,
            TcpStep::Open(local) => {
                self.mark_dirty(ticket);
                StreamEvent::Open { local }
            }
            TcpStep::Flow(Step::Done) => return Served::Done,
            TcpStep::Flow(Step::Later) => return Served::Later,
            TcpStep::Flow(Step::Drained) => StreamEvent::Drained,
            TcpStep::Flow(Step::Bytes(bytes)) => {
                self.turns.spent += bytes;
                return Served::Found(Found::Bytes(id, bytes));
            }
            TcpStep::Flow(Step::Closed(_)) if lingers => {
                self.finish(ticket);
                return Served::Done;
            }
            TcpStep::Flow(Step::Closed(cause)) => {
                self.table.unname(id);
                self.end(ticket, cause);
                StreamEvent::Closed(cause)
            }
        };
        Served::Found(Found::Stream(id, event))
    }

    fn serve_control(&mut self, ticket: Ticket, step: Step) -> Served {
        let id = ControlId::of(ticket);
        match step {
            Step::Done | Step::Drained => Served::Done,
            Step::Later => Served::Later,
            Step::Bytes(bytes) => {
                self.turns.spent += bytes;
                Served::Found(Found::ControlBytes(id, bytes))
            }
            Step::Closed(_) if self.lingers(ticket) => {
                self.finish(ticket);
                Served::Done
            }
            Step::Closed(cause) => {
                self.end(ticket, cause);
                Served::Found(Found::Control(id, ControlEvent::Closed))
            }
        }
    }

    fn serve_listener(&mut self, ticket: Ticket) -> Served {
        let Some(Source::Listener(listener)) = self.table.entry(ticket).map(|e| &mut e.source)
        else {
            return Served::Done;
        };
        if !listener.readable {
            return Served::Done;
        }
        if self.turns.spent >= TURN_ARRIVALS {
            return Served::Later;
        }
        self.turns.spent += 1;
        let id = listener.id;
        match listener.take(&mut self.spare) {
            Taken::Stream((stream, from)) => match self.take_in(stream) {
                Ok(taken) => {
                    let event = StreamEvent::Accepted { listener: id, from: tcp::plain(from) };
                    Served::Found(Found::Stream(ConnId(taken.0), event))
                }
                Err(error) => {
                    log::debug!("accept: {error}");
                    Served::Again
                }
            },
            Taken::TurnedAway => Served::Again,
            Taken::Nobody => {
                listener.readable = false;
                Served::Done
            }
            Taken::Starved => {
                self.starve(ticket);
                Served::Done
            }
        }
    }

    fn take_in(&mut self, mut stream: TcpStream) -> io::Result<Ticket> {
        let ticket = self.table.next_ticket()?;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, ticket.token(), both)?;
        self.table.insert(Source::Tcp(Tcp::accepted(ConnId(ticket.0), stream)))
    }

    fn serve_door(&mut self, ticket: Ticket) -> Served {
        let Some(Source::Door(door)) = self.table.entry(ticket).map(|e| &mut e.source) else {
            return Served::Done;
        };
        if !door.readable {
            return Served::Done;
        }
        if self.turns.spent >= TURN_ARRIVALS {
            return Served::Later;
        }
        self.turns.spent += 1;
        match door.take(&mut self.spare) {
            Taken::Stream(_) if self.controls >= CONTROLS => {
                log::debug!("control: more than {CONTROLS} at a time");
            }
            Taken::Stream(stream) => {
                if let Err(error) = self.let_in(stream) {
                    log::debug!("control: {error}");
                }
            }
            Taken::TurnedAway => {}
            Taken::Nobody => {
                door.readable = false;
                return Served::Done;
            }
            Taken::Starved => {
                self.starve(ticket);
                return Served::Done;
            }
        }
        Served::Again
    }

    fn let_in(&mut self, mut stream: UnixStream) -> io::Result<()> {
        let token = self.table.next_ticket()?.token();
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, both)?;
        let control = Control { flow: Flow::new(stream, true), is_new: true };
        let ticket = self.table.insert(Source::Control(control))?;
        self.controls += 1;
        self.turn(ticket);
        Ok(())
    }
}
