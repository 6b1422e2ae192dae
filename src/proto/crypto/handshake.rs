//! The handshake of a link: Noise XX (Noise section 7.5), three messages, each side's identity
//! under the cover of keys that live no longer than the link.
//!
//! | message | from | payload |
//! |---|---|---|
//! | 1 | the dialling side | none; it would be in the clear |
//! | 2 | the dialled side | its identity |
//! | 3 | the dialling side | its identity |

use super::keys::Identity;
use super::numbered::{Opener, Sealer};
use super::resolver::{KEY_BYTES, Resolver};
use super::rng::Rng;
use super::seal::Seal;
use crate::proto::limits::{HANDSHAKE_FRAME_MAX_BYTES, REKEY_FRAMES};
use snow::{Builder, HandshakeState};
use zeroize::Zeroize;

/// The Noise protocol of every link.
const NOISE: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";

/// A handshake under way, on either side.
pub struct Handshake {
    noise: HandshakeState,
}

/// What came is not the next message of this handshake, or was made under another prologue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadHandshake;

impl Handshake {
    /// The dialling side's. Both sides must give the same `prologue`.
    pub fn dial(me: &Identity, prologue: &[u8], rng: &mut Rng) -> Handshake {
        let noise = build(me, prologue, rng, |builder| builder.build_initiator());
        Handshake { noise }
    }

    /// The dialled side's.
    pub fn accept(me: &Identity, prologue: &[u8], rng: &mut Rng) -> Handshake {
        let noise = build(me, prologue, rng, |builder| builder.build_responder());
        Handshake { noise }
    }

    /// The next message, ours. It fails when what the other side sent makes no secret.
    pub fn write(&mut self, payload: &[u8]) -> Result<Vec<u8>, BadHandshake> {
        let mut message = [0; HANDSHAKE_FRAME_MAX_BYTES];
        let length = self.noise.write_message(payload, &mut message).map_err(|_| BadHandshake)?;
        Ok(message[..length].to_vec())
    }

    /// Takes the next message, theirs; gives its payload.
    pub fn read(&mut self, message: &[u8]) -> Result<Vec<u8>, BadHandshake> {
        let mut payload = [0; HANDSHAKE_FRAME_MAX_BYTES];
        let length = self.noise.read_message(message, &mut payload).map_err(|_| BadHandshake)?;
        Ok(payload[..length].to_vec())
    }

    /// The other side's static key, once it came.
    pub fn theirs(&self) -> Option<[u8; KEY_BYTES]> {
        self.noise.get_remote_static().and_then(|key| key.try_into().ok())
    }

    /// The two directions of a stream, what we send first, after the last message.
    pub fn split(&mut self) -> (Seal, Seal) {
        let (mut ours, mut theirs) = self.keys();
        let directions = (Seal::new(ours, REKEY_FRAMES), Seal::new(theirs, REKEY_FRAMES));
        ours.zeroize();
        theirs.zeroize();
        directions
    }

    /// The two directions of an association in datagrams, after the last message.
    pub fn split_numbered(&mut self) -> (Sealer, Opener) {
        let (mut ours, mut theirs) = self.keys();
        let directions = (Sealer::new(ours), Opener::new(theirs));
        ours.zeroize();
        theirs.zeroize();
        directions
    }

    fn keys(&mut self) -> ([u8; KEY_BYTES], [u8; KEY_BYTES]) {
        assert!(self.noise.is_handshake_finished(), "all three messages are through");
        let (dialling, dialled) = self.noise.dangerously_get_raw_split();
        if self.noise.is_initiator() { (dialling, dialled) } else { (dialled, dialling) }
    }
}

fn build(
    me: &Identity,
    prologue: &[u8],
    rng: &mut Rng,
    role: impl FnOnce(Builder<'_>) -> Result<HandshakeState, snow::Error>,
) -> HandshakeState {
    let params = NOISE.parse().expect("the protocol's name is a valid one");
    Builder::with_resolver(params, Box::new(Resolver::new(rng)))
        .local_private_key(me.dh_secret())
        .and_then(|builder| builder.prologue(prologue))
        .and_then(role)
        .expect("everything that the protocol needs was given, once")
}
