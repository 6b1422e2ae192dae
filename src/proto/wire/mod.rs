//! What travels inside a link: length, kind, body.
//!
//! A message is `u32` big-endian length, then MessagePack `[kind, body]`. A kind that is not known
//! here is passed over (a newer peer); a body that cannot be read ends the link.

pub mod client;
pub mod lan;
pub mod mail;
pub mod peer;
pub mod server;

use super::limits::WIRE_MAX_BYTES;
use super::pack;

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMessage;

/// A family of messages that travel in one direction.
pub trait Wire: Sized {
    /// Appends the message, with its length in front.
    fn encode(&self, to: &mut Vec<u8>);
    /// Reads one message, without its length; `None` for a kind that is not known here.
    fn decode(bytes: &[u8]) -> Result<Option<Self>, BadMessage>;
}

/// Bytes of the length in front of each message.
pub const LENGTH_BYTES: usize = 4;
/// MessagePack's mark of a list of two (MessagePack specification, "array format family").
const LIST_OF_TWO: u8 = 0x92;

/// The first message at the head of `bytes`, without its length, if it is there whole.
pub fn split(bytes: &[u8]) -> Result<Option<&[u8]>, BadMessage> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length > WIRE_MAX_BYTES {
        return Err(BadMessage);
    }
    Ok(rest.get(..length))
}

/// Appends `[kind, body]` with its length in front.
pub(crate) fn encode_kind<B: serde::Serialize>(kind: u8, body: &B, to: &mut Vec<u8>) {
    assert!(kind < 0x80, "kinds are MessagePack's small integers, one byte each");
    let start = to.len();
    to.extend_from_slice(&[0; LENGTH_BYTES]);
    to.extend_from_slice(&[LIST_OF_TWO, kind]);
    rmp_serde::encode::write(to, body).expect("writing to memory cannot fail");
    let length = to.len() - start - LENGTH_BYTES;
    assert!(length <= WIRE_MAX_BYTES, "no message of ours is over the limit");
    to[start..start + LENGTH_BYTES].copy_from_slice(&(length as u32).to_be_bytes());
}

/// The kind and the undecoded body.
pub(crate) fn split_kind(bytes: &[u8]) -> Result<(u8, &[u8]), BadMessage> {
    match bytes {
        [LIST_OF_TWO, kind, body @ ..] if *kind < 0x80 => Ok((*kind, body)),
        _ => Err(BadMessage),
    }
}

/// The whole of `body` as one value.
pub(crate) fn decode_body<B: serde::de::DeserializeOwned>(body: &[u8]) -> Result<B, BadMessage> {
    pack::read(body).map_err(|_| BadMessage)
}

/// Declares a family: an enum of one-body variants, each with the kind that it travels under.
macro_rules! messages {
    ($(#[$doc:meta])* $family:ident { $($kind:literal => $name:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $family {
            $(
                #[doc = concat!("See [`struct@", stringify!($name), "`].")]
                $name($name)
            ),+
        }

        impl $crate::proto::wire::Wire for $family {
            fn encode(&self, to: &mut Vec<u8>) {
                match self {
                    $($family::$name(body) => $crate::proto::wire::encode_kind($kind, body, to)),+
                }
            }

            fn decode(bytes: &[u8]) -> Result<Option<Self>, $crate::proto::wire::BadMessage> {
                let (kind, body) = $crate::proto::wire::split_kind(bytes)?;
                Ok(match kind {
                    $($kind => Some($family::$name($crate::proto::wire::decode_body(body)?)),)+
                    _ => None,
                })
            }
        }

        $(impl From<$name> for $family {
            fn from(body: $name) -> $family {
                $family::$name(body)
            }
        })+
    };
}
pub(crate) use messages;

#[cfg(test)]
mod tests;
