//! One secure association over one ordered stream of bytes: preamble, Noise XX, then messages.
//!
//! The stream may be TCP, or bytes that a server relays; the link does not know.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Dialling | answer `yes` + Noise 2, the expected key | Open; Noise 3; `Established` |
//! | Dialling | answer `no`, other version, other key, garbage | fault |
//! | Fresh | preamble | Asked; `Hello` |
//! | Asked | `answer` | Answering; answer `yes` + Noise 2 |
//! | Asked | `refuse` | Closed; answer `no` |
//! | Answering | Noise 3, the expected key | Open; `Established` |
//! | Open | frame | `Message`, any number of them |

use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::SessionId;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::wire::Wire;
use serde::{Deserialize, Serialize};

/// What a link is for; said in the clear by the dialling side, and bound into the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A client to its server.
    Server,
    /// A session that both sides agreed on through a server. Both fingerprints are bound in as well.
    Peer(SessionId),
    /// A session asked for over the link itself: `chat HOST:PORT`.
    Direct,
}

/// One association. About 300 bytes while idle.
pub struct Link {}

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
    /// The dialling side. `expected`: whose key must answer, where it is known. The first bytes
    /// are ready in [`Link::take_output`].
    pub fn dial(
        _me: &Identity,
        _purpose: Purpose,
        _expected: Option<Fingerprint>,
        _rng: &mut Rng,
    ) -> Link {
        todo!("H1")
    }

    /// The side that was dialled.
    pub fn accept() -> Link {
        todo!("H1")
    }

    /// Goes on after [`LinkEvent::Hello`]. `expected`: whose key must prove itself, where it is known.
    pub fn answer(&mut self, _me: &Identity, _expected: Option<Fingerprint>, _rng: &mut Rng) {
        todo!("H1")
    }

    /// Says no after [`LinkEvent::Hello`]; close the stream after the output.
    pub fn refuse(&mut self) {
        todo!("H1")
    }

    /// Takes bytes of the stream in, as many or few as came.
    pub fn feed(&mut self, _bytes: &[u8]) {
        todo!("H1")
    }

    /// The next thing the link has to say; call until `None`. After a fault the link is dead.
    pub fn poll<M: Wire>(&mut self) -> Result<Option<LinkEvent<M>>, LinkFault> {
        todo!("H1")
    }

    /// Whether messages may be sent.
    pub fn is_open(&self) -> bool {
        todo!("H1")
    }

    /// Adds a message; the link must be open. Messages are gathered until [`Link::take_output`].
    pub fn send<M: Wire>(&mut self, _message: &M) {
        todo!("H1")
    }

    /// Everything that waits to go out, sealed, as few frames as possible; `None` if nothing waits.
    pub fn take_output(&mut self) -> Option<Vec<u8>> {
        todo!("H1")
    }
}
