//! One secure association over one ordered stream of bytes: preamble, Noise XX, then messages.
//!
//! The stream may be TCP, or bytes that a server relays; the link does not know.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Dialling | answer `yes` | Agreed |
//! | Dialling | answer `no`, other version, garbage | fault |
//! | Dialling | their preamble for the same session, their key is the greater | Overheard |
//! | Dialling | the same, their key is the smaller | Asked; `Hello` |
//! | Overheard | their Noise 1 | Dialling |
//! | Agreed | Noise 2, the expected key | Open; Noise 3; `Established` |
//! | Agreed | Noise 2, another key; garbage | fault; nothing of ours is told |
//! | Fresh | preamble | Asked; `Hello` |
//! | Fresh | preamble of another version | fault; answer `no` |
//! | Asked | `answer` | Answering; answer `yes` |
//! | Asked | `refuse` | Closed; answer `no` |
//! | Answering | Noise 1 | Answered; Noise 2 |
//! | Answered | Noise 3, the expected key | Open; `Established` |
//! | Answered | Noise 3, another key; garbage | fault |
//! | Open | frame | `Message`, any number of them |
//! | Secured | messages | `Message`, any number of them |
//! | any | fault | Dead; what waits sealed or in the clear still goes out |
//!
//! The stream is made of frames: a length (`u16`, big-endian) and so many bytes; `preamble` says
//! what the first of each side hold, then they hold Noise messages. An open link's payloads, one
//! behind the other, are the messages (`wire`), which do not care where a frame ends. A secured
//! link's bytes are the messages themselves: whoever carries it has shaken hands, and seals.

mod incoming;
mod outgoing;
mod preamble;

use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::meeting::{BadMeeting, Meeting};
use crate::proto::crypto::rng::Rng;
use crate::proto::crypto::seal::Seal;
use crate::proto::id::SessionId;
use crate::proto::limits::HANDSHAKE_FRAME_MAX_BYTES;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::wire::{BadMessage, Wire};
use incoming::{FRAME_LENGTH_BYTES, Incoming};
use outgoing::Outgoing;
pub use preamble::PROTOCOL_VERSION;
use serde::{Deserialize, Serialize};

/// What a link is for; said in the clear by the dialling side, and bound into the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A client to its server.
    Server,
    /// A session that both sides agreed on through a server. Both fingerprints are bound in too.
    Peer(SessionId),
    /// A session asked for over the link itself: `chat HOST:PORT`.
    Direct,
}

/// One association. Under 300 bytes while open and idle.
pub struct Link {
    state: State,
    incoming: Incoming,
    outgoing: Outgoing,
}

enum State {
    Dialling(Box<Dialling>),
    /// The other side dialled as well, and yields: its message 1 is passed over.
    Overheard(Box<Dialling>),
    Agreed(Box<Meeting>),
    Fresh,
    Asked(Purpose),
    Answering(Box<Meeting>),
    Answered(Box<Meeting>),
    Open {
        ours: Seal,
        theirs: Seal,
    },
    /// What carries it seals it.
    Secured,
    Closed,
    Dead(LinkFault),
}

/// The dialling side, before an answer.
struct Dialling {
    meeting: Meeting,
    purpose: Purpose,
    /// Whether we answer if the other side has dialled as well, by TCP's simultaneous open.
    yields: bool,
}

/// What a link has to say.
#[derive(Debug, PartialEq, Eq)]
pub enum LinkEvent<M> {
    /// The dialling side has said what it wants; [`Link::answer`] or [`Link::refuse`] it.
    Hello(Purpose),
    /// The other side has proved to own these keys.
    Established(PublicIdentity),
    /// A message. Kinds that are not known here are passed over.
    Message(M),
}

/// Why a link is of no more use. The peer's fault, all of them: close the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// The other side speaks another version of the protocol.
    Version {
        /// Which.
        theirs: u16,
    },
    /// The other side does not want this link.
    Refused,
    /// The other side has not the expected key.
    Identity {
        /// What it has.
        found: Fingerprint,
    },
    /// What it sent is not of this protocol, or was changed on the way.
    Garbage,
}

impl Link {
    /// The dialling side. `expected`: whose key must answer, where it is known; for a
    /// [`Purpose::Peer`] it always is. The first bytes are ready in [`Link::take_output`].
    pub fn dial(
        me: &Identity,
        purpose: Purpose,
        expected: Option<Fingerprint>,
        rng: &mut Rng,
    ) -> Link {
        let prologue = prologue(purpose, Some(me.fingerprint()), expected);
        let mut meeting = Meeting::dial(me, &prologue, expected, rng);
        let mut outgoing = Outgoing::default();
        outgoing.push_clear(&preamble::encode(purpose));
        outgoing.push_clear(&meeting.knock());
        let yields = expected.is_some_and(|them| them < me.fingerprint());
        let state = State::Dialling(Box::new(Dialling { meeting, purpose, yields }));
        Link { state, incoming: Incoming::default(), outgoing }
    }

    /// The side that was dialled.
    pub fn accept() -> Link {
        Link { state: State::Fresh, incoming: Incoming::default(), outgoing: Outgoing::default() }
    }

    /// A link over what is secure already: open from the first.
    pub fn secured() -> Link {
        Link { state: State::Secured, ..Link::accept() }
    }

    /// Goes on after [`LinkEvent::Hello`]. `expected`: whose key must prove itself, where it is
    /// known; for a [`Purpose::Peer`] it always is. Call [`Link::poll`] afterwards as after `feed`.
    pub fn answer(&mut self, me: &Identity, expected: Option<Fingerprint>, rng: &mut Rng) {
        let State::Asked(purpose) = self.state else {
            panic!("a link is answered once, after its hello");
        };
        let prologue = prologue(purpose, expected, Some(me.fingerprint()));
        let meeting = Meeting::accept(me, &prologue, expected, rng);
        self.outgoing.push_clear(&preamble::encode_answer(true));
        self.state = State::Answering(Box::new(meeting));
        // Message 1 came with the preamble, nearly always: both answers then leave together. What
        // is wrong with it the next poll says.
        if let Err(fault) = self.shake() {
            self.die(fault);
        }
    }

    /// Says no after [`LinkEvent::Hello`]; close the stream after the output.
    pub fn refuse(&mut self) {
        assert!(matches!(self.state, State::Asked(_)), "a link is refused once, after its hello");
        self.outgoing.push_clear(&preamble::encode_answer(false));
        self.state = State::Closed;
        self.incoming = Incoming::default();
    }

    /// Takes bytes of the stream in, as many or few as came.
    pub fn feed(&mut self, bytes: &[u8]) {
        match self.state {
            State::Closed | State::Dead(_) => {}
            State::Asked(_) => {
                self.incoming.feed(bytes);
                if let Err(fault) = self.check_patience() {
                    self.die(fault);
                }
            }
            State::Dialling(_)
            | State::Overheard(_)
            | State::Agreed(_)
            | State::Fresh
            | State::Answering(_)
            | State::Answered(_)
            | State::Open { .. } => self.incoming.feed(bytes),
            State::Secured => self.incoming.feed_opened(bytes),
        }
    }

    /// The next thing the link has to say; call until `None`. After a fault the link is dead.
    pub fn poll<M: Wire>(&mut self) -> Result<Option<LinkEvent<M>>, LinkFault> {
        let polled = match &self.state {
            State::Open { .. } | State::Secured => self.next_message(),
            State::Dead(fault) => Err(fault.clone()),
            State::Closed => Ok(None),
            State::Dialling(_)
            | State::Overheard(_)
            | State::Agreed(_)
            | State::Fresh
            | State::Asked(_)
            | State::Answering(_)
            | State::Answered(_) => self.shake().map(|said| {
                said.map(|said| match said {
                    Said::Hello(purpose) => LinkEvent::Hello(purpose),
                    Said::Established(identity) => LinkEvent::Established(identity),
                })
            }),
        };
        match &polled {
            Ok(Some(_)) => {}
            Ok(None) => self.incoming.settle(),
            Err(fault) => self.die(fault.clone()),
        }
        polled
    }

    /// Whether messages may be sent.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Secured)
    }

    /// Adds a message; the link must be open. Messages are gathered until [`Link::take_output`].
    pub fn send<M: Wire>(&mut self, message: &M) {
        match &mut self.state {
            State::Open { ours, .. } => self.outgoing.push(message, ours),
            State::Secured => self.outgoing.push_opened(message),
            State::Dialling(_)
            | State::Overheard(_)
            | State::Agreed(_)
            | State::Fresh
            | State::Asked(_)
            | State::Answering(_)
            | State::Answered(_)
            | State::Closed
            | State::Dead(_) => panic!("messages are sent over an open link"),
        }
    }

    /// Everything that waits to go out, sealed, as few frames as possible; `None` if nothing waits.
    pub fn take_output(&mut self) -> Option<Vec<u8>> {
        if let State::Open { ours, .. } = &mut self.state {
            self.outgoing.finish(ours);
        }
        self.outgoing.take()
    }

    /// Bytes that wait to go out, but for what sealing adds.
    pub fn waiting_bytes(&self) -> usize {
        self.outgoing.len()
    }

    fn next_message<M: Wire>(&mut self) -> Result<Option<LinkEvent<M>>, LinkFault> {
        loop {
            while let Some(bytes) = self.incoming.message()? {
                let length = bytes.len();
                let message = M::decode(bytes)?;
                self.incoming.advance(length);
                if let Some(message) = message {
                    return Ok(Some(LinkEvent::Message(message)));
                }
            }
            let has_more = match &mut self.state {
                State::Open { theirs, .. } => self.incoming.open(theirs)?,
                _ => false,
            };
            if !has_more {
                return Ok(None);
            }
        }
    }

    /// Goes as far through the handshake as the frames that came allow, or until there is
    /// something to say.
    fn shake(&mut self) -> Result<Option<Said>, LinkFault> {
        while !matches!(self.state, State::Asked(_) | State::Open { .. } | State::Secured) {
            let Some(frame) = self.incoming.take_clear()? else {
                return Ok(None);
            };
            let (state, said) = match std::mem::replace(&mut self.state, State::Closed) {
                State::Dialling(dialling) => self.on_answer(dialling, &frame)?,
                State::Overheard(dialling) => (State::Dialling(dialling), None),
                State::Agreed(meeting) => self.on_noise_2(*meeting, &frame)?,
                State::Fresh => self.on_preamble(&frame)?,
                State::Answering(meeting) => self.on_noise_1(meeting, &frame)?,
                State::Answered(meeting) => on_noise_3(*meeting, &frame)?,
                State::Asked(_)
                | State::Open { .. }
                | State::Secured
                | State::Closed
                | State::Dead(_) => {
                    unreachable!("no handshake is under way")
                }
            };
            self.state = state;
            if said.is_some() {
                return Ok(said);
            }
        }
        Ok(None)
    }

    fn on_answer(&mut self, dialling: Box<Dialling>, frame: &[u8]) -> Result<Step, LinkFault> {
        let is_peer = matches!(dialling.purpose, Purpose::Peer(_));
        if !is_peer || preamble::decode(frame) != Ok(dialling.purpose) {
            preamble::decode_answer(frame)?;
            return Ok((State::Agreed(Box::new(dialling.meeting)), None));
        }
        match dialling.yields {
            true => self.on_preamble(frame),
            false => Ok((State::Overheard(dialling), None)),
        }
    }

    fn on_preamble(&mut self, frame: &[u8]) -> Result<Step, LinkFault> {
        match preamble::decode(frame) {
            Ok(purpose) => {
                self.check_patience()?;
                Ok((State::Asked(purpose), Some(Said::Hello(purpose))))
            }
            Err(fault) => {
                if let LinkFault::Version { .. } = fault {
                    self.outgoing.push_clear(&preamble::encode_answer(false));
                }
                Err(fault)
            }
        }
    }

    /// Nothing but message 1 comes before the answer.
    fn check_patience(&self) -> Result<(), LinkFault> {
        let most = FRAME_LENGTH_BYTES + HANDSHAKE_FRAME_MAX_BYTES;
        if self.incoming.sealed_bytes() <= most { Ok(()) } else { Err(LinkFault::Garbage) }
    }

    fn on_noise_1(&mut self, mut meeting: Box<Meeting>, frame: &[u8]) -> Result<Step, LinkFault> {
        meeting.hear(frame)?;
        self.outgoing.push_clear(&meeting.introduce()?);
        Ok((State::Answered(meeting), None))
    }

    fn on_noise_2(&mut self, mut meeting: Meeting, frame: &[u8]) -> Result<Step, LinkFault> {
        // Who they are is settled before message 3 tells them who we are.
        let identity = meeting.meet(frame)?;
        self.outgoing.push_clear(&meeting.introduce()?);
        Ok(open(meeting, identity))
    }

    fn die(&mut self, fault: LinkFault) {
        self.state = State::Dead(fault);
        self.incoming = Incoming::default();
        self.outgoing.abandon();
    }
}

/// What comes of a frame of the handshake.
type Step = (State, Option<Said>);

/// A [`LinkEvent`] that is not about messages.
enum Said {
    Hello(Purpose),
    Established(PublicIdentity),
}

fn on_noise_3(mut meeting: Meeting, frame: &[u8]) -> Result<Step, LinkFault> {
    let identity = meeting.meet(frame)?;
    Ok(open(meeting, identity))
}

fn open(meeting: Meeting, identity: PublicIdentity) -> Step {
    let (ours, theirs) = meeting.split();
    (State::Open { ours, theirs }, Some(Said::Established(identity)))
}

/// What both sides must agree on without saying it again.
fn prologue(
    purpose: Purpose,
    dialling: Option<Fingerprint>,
    dialled: Option<Fingerprint>,
) -> Vec<u8> {
    let mut bytes = preamble::encode(purpose);
    match purpose {
        Purpose::Peer(_) => {
            for key in [dialling, dialled] {
                let key = key.expect("two peers of a session know each other's key");
                bytes.extend_from_slice(&key.0.0);
            }
        }
        Purpose::Server | Purpose::Direct => {}
    }
    bytes
}

impl From<BadMeeting> for LinkFault {
    fn from(bad: BadMeeting) -> LinkFault {
        match bad {
            BadMeeting::Garbage => LinkFault::Garbage,
            BadMeeting::Identity { found } => LinkFault::Identity { found },
        }
    }
}

impl From<BadMessage> for LinkFault {
    fn from(_: BadMessage) -> LinkFault {
        LinkFault::Garbage
    }
}

#[cfg(test)]
mod tests;
