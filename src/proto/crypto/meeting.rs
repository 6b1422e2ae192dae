//! A handshake in which each side says who it is, and is held to it.

use super::handshake::{BadHandshake, Handshake};
use super::keys::{self, Identity};
use super::numbered::{Opener, Sealer};
use super::rng::Rng;
use super::seal::Seal;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::pack;

/// What a handshake needs until it is over.
pub struct Meeting {
    handshake: Handshake,
    me: PublicIdentity,
    expected: Option<Fingerprint>,
}

/// Why nothing comes of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMeeting {
    /// What came is not the next message of this handshake.
    Garbage,
    /// The other side has not the expected key.
    Identity {
        /// What it has.
        found: Fingerprint,
    },
}

impl Meeting {
    /// The dialling side's. `expected`: whose key must prove itself, where it is known.
    pub fn dial(
        me: &Identity,
        prologue: &[u8],
        expected: Option<Fingerprint>,
        rng: &mut Rng,
    ) -> Meeting {
        let handshake = Handshake::dial(me, prologue, rng);
        Meeting { handshake, me: *me.public(), expected }
    }

    /// The dialled side's.
    pub fn accept(
        me: &Identity,
        prologue: &[u8],
        expected: Option<Fingerprint>,
        rng: &mut Rng,
    ) -> Meeting {
        let handshake = Handshake::accept(me, prologue, rng);
        Meeting { handshake, me: *me.public(), expected }
    }

    /// Message 1, of the dialling side: it says nothing.
    pub fn knock(&mut self) -> Vec<u8> {
        self.handshake.write(&[]).expect("message 1 needs nothing of theirs")
    }

    /// Takes message 1 in.
    pub fn hear(&mut self, message: &[u8]) -> Result<(), BadMeeting> {
        if self.handshake.read(message)?.is_empty() { Ok(()) } else { Err(BadMeeting::Garbage) }
    }

    /// The next message, with our identity in it.
    pub fn introduce(&mut self) -> Result<Vec<u8>, BadMeeting> {
        let me = rmp_serde::to_vec(&self.me).expect("writing to memory cannot fail");
        Ok(self.handshake.write(&me)?)
    }

    /// Takes the message in that has their identity in it: well bound, the one that the handshake
    /// proves, and the expected one.
    pub fn meet(&mut self, message: &[u8]) -> Result<PublicIdentity, BadMeeting> {
        let payload = self.handshake.read(message)?;
        let identity: PublicIdentity = pack::read(&payload).map_err(|_| BadMeeting::Garbage)?;
        let found = keys::verify(&identity).ok_or(BadMeeting::Garbage)?;
        if self.handshake.theirs() != Some(identity.dh.0) {
            return Err(BadMeeting::Garbage);
        }
        match self.expected {
            Some(expected) if expected != found => Err(BadMeeting::Identity { found }),
            _ => Ok(identity),
        }
    }

    /// Shows an identity that the handshake does not prove.
    #[cfg(test)]
    pub(crate) fn pretend(&mut self, me: PublicIdentity) {
        self.me = me;
    }

    /// The two directions of a stream, ours first, after the last message.
    pub fn split(mut self) -> (Seal, Seal) {
        self.handshake.split()
    }

    /// The two directions of an association in datagrams, ours first, after the last message.
    pub fn split_numbered(mut self) -> (Sealer, Opener) {
        self.handshake.split_numbered()
    }
}

impl From<BadHandshake> for BadMeeting {
    fn from(_: BadHandshake) -> BadMeeting {
        BadMeeting::Garbage
    }
}
