//! What a client says to its server.

use crate::proto::bytes::Blob;
use crate::proto::id::{ReqId, SessionId};
use crate::proto::model::account::Visibility;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::wire::messages;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

messages! {
    /// Client to server. `Enter` comes first; all else is refused before the `Welcome`.
    ToServer {
        1 => Enter,
        2 => Show,
        3 => Who,
        4 => Lookup,
        5 => Watch,
        6 => Ask,
        7 => Answer,
        8 => Carry,
        9 => Hangup,
        10 => Listening,
        11 => Leave,
    }
}

/// Sign in, and register if the key is new. The key is the link's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enter {
    /// The name to register; not needed by a known key.
    pub name: Option<Name>,
    /// May strangers find me; `None` leaves it as the server has it.
    pub visibility: Option<Visibility>,
}

/// Change whether strangers may find me.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Show {
    /// Answered under this number.
    pub req: ReqId,
    /// What it is from now on.
    pub visibility: Visibility,
}

/// Who is online and visible; a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Answered under this number.
    pub req: ReqId,
    /// Only names that begin so.
    pub prefix: String,
    /// Only names after this one: the last of the page before.
    pub after: Option<Name>,
}

/// All about one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// Answered under this number.
    pub req: ReqId,
    /// Whom; an endpoint is never found.
    pub who: Target,
}

/// Push presence of these people from now on, in place of those watched before.
/// Each that may be watched is answered at once with a first `Presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Whom; at most [`crate::proto::limits::WATCHED`].
    pub who: Vec<Fingerprint>,
}

/// Ask somebody for a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Named by me.
    pub session: SessionId,
    /// Whom.
    pub to: Fingerprint,
    /// Where I can be dialled, best first.
    pub candidates: Vec<SocketAddr>,
}

/// Yes to an `Offer`; a no is a `Hangup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Which.
    pub session: SessionId,
    /// Where I can be dialled, best first.
    pub candidates: Vec<SocketAddr>,
}

/// Bytes of the two sides' own link, for the other side of an answered session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carry {
    /// Which.
    pub session: SessionId,
    /// What.
    pub bytes: Blob,
}

/// No to an offer, or the end of an ask or of a carried session. Once said, and once heard, the
/// server has forgotten the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hangup {
    /// Which.
    pub session: SessionId,
    /// Whether it is a no to an offer.
    pub declined: bool,
}

/// Where my listener is; the server adds my outer address to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// My listening port.
    pub port: u16,
}

/// Goodbye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {}
