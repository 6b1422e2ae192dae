//! What a client says to its server.

use crate::proto::bytes::Blob;
use crate::proto::id::{ReqId, SessionId};
use crate::proto::model::account::Visibility;
use crate::proto::model::bond::{Token, TokenHash};
use crate::proto::model::group::Listing;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::model::prekey::Prekey;
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
        12 => Reach,
        13 => Publish,
        14 => WantKey,
        15 => Deposit,
        16 => Taken,
        17 => Announce,
        18 => WantGroups,
        19 => Again,
        20 => Release,
        21 => Hint,
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
    /// Theirs, where we have one.
    pub token: Option<Token>,
}

/// Push presence of these people from now on, in place of those watched before.
/// Each that may be watched is answered at once with a first `Presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Whom; at most [`crate::proto::limits::WATCHED`].
    pub who: Vec<Watched>,
}

/// Somebody to watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Whom.
    pub who: Fingerprint,
    /// Theirs, where we have one.
    pub token: Option<Token>,
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
    /// Theirs, where we have one.
    pub token: Option<Token>,
    /// Do not ask the user: a friend's program says yes by itself, or no.
    pub is_quiet: bool,
}

/// A session that was open has lost its path: bring us together again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// Which.
    pub session: SessionId,
    /// With whom.
    pub to: Fingerprint,
    /// Where I can be dialled, best first.
    pub candidates: Vec<SocketAddr>,
    /// Theirs, where we have one.
    pub token: Option<Token>,
}

/// Yes to an `Offer` or to a `Sought`; a no is a `Hangup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Which.
    pub session: SessionId,
    /// Where I can be dialled, best first.
    pub candidates: Vec<SocketAddr>,
}

/// Where datagrams reach me, for the other side of a session that I asked for, sought again or
/// answered. In place of what was hinted before, as more becomes known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// Which.
    pub session: SessionId,
    /// At most [`crate::proto::limits::CANDIDATES`].
    pub udp: Vec<SocketAddr>,
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

/// A direct link carries an answered session; the server may forget it, and tells nobody. Said by
/// whoever did not ask for the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Which.
    pub session: SessionId,
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

/// By which tokens I am reached while private, and who is not to reach me at all. In place of what
/// was said before; said at each sign-in and at each change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// At most [`crate::proto::limits::TOKENS`].
    pub tokens: Vec<TokenHash>,
    /// At most [`crate::proto::limits::BLOCKED`].
    pub blocked: Vec<Fingerprint>,
}

/// Prekeys of mine for others to seal to. A weekly key takes the place of the one before; one-time
/// keys are added, up to [`crate::proto::limits::PREKEYS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// Those to add.
    pub keys: Vec<Prekey>,
    /// Whether all that were there before go.
    pub replaces: bool,
}

/// A key to seal mail to somebody with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantKey {
    /// Answered under this number.
    pub req: ReqId,
    /// Whose.
    pub of: Fingerprint,
    /// Theirs, where we have one.
    pub token: Option<Token>,
}

/// Sealed mail for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Answered under this number.
    pub req: ReqId,
    /// For whom.
    pub to: Fingerprint,
    /// Theirs, where we have one.
    pub token: Option<Token>,
    /// At most [`crate::proto::limits::ENVELOPE_MAX_BYTES`].
    pub envelope: Blob,
}

/// Mail up to this number is on my disk; the server need not hold it longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The highest number, inclusive.
    pub up_to: u64,
}

/// The public groups that I lead, in place of those before; said at each sign-in and at each
/// change. They are listed while I am public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announce {
    /// At most [`crate::proto::limits::GROUPS`].
    pub names: Vec<Name>,
}

/// Public groups; a page, by name and leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantGroups {
    /// Answered under this number.
    pub req: ReqId,
    /// Only those of this name.
    pub name: Option<Name>,
    /// Only those after this one: the last of the page before.
    pub after: Option<Listing>,
}
