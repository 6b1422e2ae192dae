//! Commands that run as children, each below a [`super::supervisor`].
//!
//! A child is three sources: its supervisor's socket, and what it writes. It has ended when the
//! supervisor said so and everything that it wrote is read; nobody is left then who could write.

use super::Reactor;
use super::descriptors::kind_of;
use super::serve::{Found, Served};
use super::supervisor::{self, NO_INPUT, RUN_CHILD, WORD_BYTES};
use super::table::Source;
use super::token::Ticket;
use crate::proto::id::RunId;
use crate::proto::limits::{RUN_CHUNK_BYTES, TURN_BYTES};
use crate::proto::machine::{Pipe, RunAction, RunEnd};
use crate::proto::table::Table;
use mio::Interest;
use mio::event::Source as Registered;
use mio::net::UnixStream;
use mio::unix::pipe::Receiver;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The children there are.
pub(super) struct Children {
    by_id: Table<RunId, Running>,
    /// Supervisors that have said their word, and are about to end.
    leaving: Vec<Child>,
    /// This executable, or in tests another one that can be a supervisor.
    pub supervisor: PathBuf,
}

struct Running {
    supervisor: Child,
    /// The source of its socket.
    socket: Ticket,
    /// The sources of what it writes, until they are read to the end.
    pipes: [Option<Ticket>; 2],
    is_paused: bool,
    is_killed: bool,
    end: Option<RunEnd>,
}

/// One of a child's sources.
pub(super) enum Part {
    Socket(UnixStream),
    Pipe(Pipe, Receiver),
}

impl Default for Children {
    fn default() -> Children {
        Children {
            by_id: Table::new(),
            leaving: Vec::new(),
            supervisor: PathBuf::from("/proc/self/exe"),
        }
    }
}

impl Reactor {
    /// Does something to a child process; an id that is gone is left alone. Children do not
    /// outlive the reactor.
    pub fn perform_run(&mut self, id: RunId, action: RunAction) {
        match action {
            RunAction::Start { argv, memory_bytes, has_our_environment } => {
                let mut command = self.children.command(memory_bytes, NO_INPUT, &argv);
                if !has_our_environment {
                    clean(&mut command);
                }
                let started = self.start(id, command);
                self.note_start(id, started);
            }
            RunAction::Pause => self.pause_child(id, true),
            RunAction::Resume => self.pause_child(id, false),
            RunAction::Kill => self.kill_child(id),
        }
    }

    /// Starts a child that reads `input` and ends there, in our environment and what is added to
    /// it. All else is as with [`RunAction::Start`]; unlike others it may become another user.
    pub fn start_with_input(
        &mut self,
        id: RunId,
        argv: &[String],
        input: &[u8],
        environment: &[(&str, &OsStr)],
    ) {
        let started = kept(input).and_then(|input| {
            let number = input.as_raw_fd().to_string();
            let mut command = self.children.command(None, &number, argv);
            command.envs(environment.iter().copied());
            // It is inherited, and so must be gone before any other child is started.
            self.start(id, command)
        });
        self.note_start(id, started);
    }

    /// Which executable supervises children, in place of our own: it must begin with
    /// [`super::supervise`].
    pub fn supervise_with(&mut self, executable: PathBuf) {
        self.children.supervisor = executable;
    }

    fn note_start(&mut self, id: RunId, started: io::Result<()>) {
        if let Err(error) = started {
            self.insert_ended(id, RunEnd::Failed(kind_of(&error)));
        }
    }

    fn start(&mut self, id: RunId, mut command: Command) -> io::Result<()> {
        assert!(!self.children.by_id.contains_key(&id), "a machine uses a child's id once");
        self.children.reap();
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut supervisor = command.spawn()?;
        // Its own end must be gone here, or the supervisor's would never be seen.
        drop(command);
        let parts = self.register(id, ours, &mut supervisor);
        let (socket, pipes) = match parts {
            Ok(parts) => parts,
            Err(error) => {
                // Its socket is closed: it ends by itself.
                self.children.leaving.push(supervisor);
                return Err(error);
            }
        };
        let running =
            Running { supervisor, socket, pipes, is_paused: false, is_killed: false, end: None };
        self.children.by_id.insert(id, running);
        Ok(())
    }

    fn register(
        &mut self,
        id: RunId,
        ours: std::os::unix::net::UnixStream,
        supervisor: &mut Child,
    ) -> io::Result<(Ticket, [Option<Ticket>; 2])> {
        let stdout = supervisor.stdout.take().expect("it is piped");
        let stderr = supervisor.stderr.take().expect("it is piped");
        let parts = [
            Part::Socket(UnixStream::from_std(ours)),
            Part::Pipe(Pipe::Stdout, readable(Receiver::from(stdout))?),
            Part::Pipe(Pipe::Stderr, readable(Receiver::from(stderr))?),
        ];
        let mut tickets = Vec::new();
        for part in parts {
            match self.insert_part(id, part) {
                Ok(ticket) => tickets.push(ticket),
                Err(error) => {
                    for ticket in tickets {
                        self.remove(ticket);
                    }
                    return Err(error);
                }
            }
        }
        Ok((tickets[0], [Some(tickets[1]), Some(tickets[2])]))
    }

    fn insert_part(&mut self, id: RunId, mut part: Part) -> io::Result<Ticket> {
        let token = self.table.next_ticket()?.token();
        let source: &mut dyn Registered = match &mut part {
            Part::Socket(socket) => socket,
            Part::Pipe(_, pipe) => pipe,
        };
        self.poll.registry().register(source, token, Interest::READABLE)?;
        self.table.insert(Source::Child(id, part))
    }

    fn insert_ended(&mut self, id: RunId, end: RunEnd) {
        match self.table.insert(Source::Ended(id, end)) {
            Ok(ticket) => self.turn(ticket),
            Err(error) => log::error!("nobody can be told that {id:?} failed: {error}"),
        }
    }

    fn pause_child(&mut self, id: RunId, is_paused: bool) {
        let Some(running) = self.children.by_id.get_mut(&id) else { return };
        running.is_paused = is_paused;
        if !is_paused {
            self.turn_pipes(id);
        }
    }

    fn kill_child(&mut self, id: RunId) {
        let Some(running) = self.children.by_id.get_mut(&id) else { return };
        running.is_killed = true;
        let socket = running.socket;
        if let Some(Source::Child(_, Part::Socket(socket))) =
            self.table.entry(socket).map(|entry| &entry.source)
            && let Err(error) = socket.shutdown(Shutdown::Write)
        {
            log::debug!("a command that is to be killed: {error}");
        }
        self.turn_pipes(id);
    }

    /// Looks at what a child wrote without the kernel saying anything new.
    fn turn_pipes(&mut self, id: RunId) {
        let pipes = self.children.by_id.get(&id).map(|running| running.pipes);
        for ticket in pipes.into_iter().flatten().flatten() {
            self.turn(ticket);
        }
    }
}

impl Reactor {
    pub(super) fn serve_child(&mut self, ticket: Ticket, id: RunId) -> Served {
        let Some(running) = self.children.by_id.get_mut(&id) else { return Served::Done };
        let Some(Source::Child(_, part)) = self.table.entry(ticket).map(|entry| &mut entry.source)
        else {
            return Served::Done;
        };
        match part {
            Part::Socket(_) if running.end.is_some() => Served::Done,
            Part::Socket(socket) => match read_word(socket) {
                None => Served::Done,
                Some(end) => {
                    running.end = Some(end.unwrap_or_else(|| abandoned(&running.supervisor)));
                    self.turn_pipes(id);
                    self.end_child(id)
                }
            },
            Part::Pipe(pipe, receiver) => {
                // What nobody reads any more goes with the child.
                let is_unwanted = running.is_paused && running.is_killed && running.end.is_some();
                if running.is_paused && !is_unwanted {
                    return Served::Done;
                }
                if self.turns.spent >= TURN_BYTES {
                    return Served::Later;
                }
                let pipe = *pipe;
                let read = match is_unwanted {
                    true => Ok(0),
                    false => read(receiver, &mut self.buffer[..RUN_CHUNK_BYTES]),
                };
                match read {
                    Ok(bytes) if bytes > 0 => {
                        self.turns.spent += bytes;
                        return Served::Found(Found::Output(id, pipe, bytes));
                    }
                    Err(error)
                        if error.kind() == ErrorKind::WouldBlock && running.end.is_none() =>
                    {
                        return Served::Done;
                    }
                    Ok(_) | Err(_) => {}
                }
                running.pipes[pipe as usize] = None;
                self.remove(ticket);
                self.end_child(id)
            }
        }
    }

    /// Says that a child has ended, if nothing more is to be said of it before.
    fn end_child(&mut self, id: RunId) -> Served {
        let running = self.children.by_id.get(&id);
        let is_read = running.is_some_and(|running| running.pipes == [None, None]);
        let Some(end) = running.and_then(|running| running.end).filter(|_| is_read) else {
            return Served::Again;
        };
        if let Some(running) = self.children.by_id.remove(&id) {
            self.remove(running.socket);
            self.children.leaving.push(running.supervisor);
            self.children.reap();
        }
        Served::Found(Found::Ended(id, end))
    }
}

impl Children {
    /// A supervisor for a command; `input` is what [`supervisor::RUN_CHILD`] says.
    fn command(&self, memory_bytes: Option<u64>, input: &str, argv: &[String]) -> Command {
        let mut command = Command::new(&self.supervisor);
        command.arg0("hobnob").arg(RUN_CHILD).arg(memory_bytes.unwrap_or(0).to_string());
        command.arg(input).args(argv);
        command
    }

    /// Waits for supervisors that have ended; those that have not are looked at again with the
    /// next child.
    fn reap(&mut self) {
        self.leaving.retain_mut(|supervisor| matches!(supervisor.try_wait(), Ok(None)));
    }
}

/// A supervisor's word: `None` while there is none, `Some(None)` when there will be none.
fn read_word(socket: &mut UnixStream) -> Option<Option<RunEnd>> {
    let mut word = [0; WORD_BYTES];
    match read(socket, &mut word) {
        Ok(bytes) => Some(supervisor::parse_word(&word[..bytes])),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(_) => Some(None),
    }
}

/// Somebody killed the supervisor: what is left of its session goes, too.
fn abandoned(supervisor: &Child) -> RunEnd {
    let session = Pid::from_child(supervisor);
    supervisor::kill_where(|process| process.session == session);
    RunEnd::Killed(Signal::KILL.as_raw())
}

fn read(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn readable(pipe: Receiver) -> io::Result<Receiver> {
    pipe.set_nonblocking(true)?;
    Ok(pipe)
}

/// A file without a name that holds these bytes, and is inherited by what is started.
fn kept(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("input", MemfdFlags::empty())?);
    file.write_all(bytes)?;
    Ok(file)
}

/// Takes away what our environment says of us, and leaves what commands cannot do without.
fn clean(command: &mut Command) {
    command.env_clear();
    for name in ["HOME", "LANG", "LOGNAME", "PATH", "USER"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let home = home.filter(|home| home.is_absolute() && home.is_dir());
    command.current_dir(home.as_deref().unwrap_or(Path::new("/")));
}
