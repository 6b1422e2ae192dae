//! Reach: who gets through to whom. Everything that one person does to another asks here.

use super::Server;
use crate::proto::crypto::digest;
use crate::proto::gather;
use crate::proto::id::ConnId;
use crate::proto::limits::{BLOCKED, TOKENS};
use crate::proto::model::account::{Account, Visibility};
use crate::proto::model::bond::{Token, TokenHash};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::record::ServerRecord;
use crate::proto::wire::client::Reach;

/// What the owner of an account has said about one asker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Right {
    /// They gave them a token.
    pub(super) has_token: bool,
    /// Nothing of theirs is to come through.
    pub(super) is_blocked: bool,
}

/// An account that somebody asked for, before it is decided whether they may.
pub(super) struct Sight {
    pub(super) account: Option<Account>,
    pub(super) right: Right,
}

impl Sight {
    /// The account, if `asker` may reach its owner.
    pub(super) fn seen_by(self, asker: Fingerprint) -> Option<Account> {
        self.account.filter(|who| may_reach(asker, who.fingerprint, who.visibility, self.right))
    }
}

/// Whether `asker` may know of, look up, ask and write to `who`: the one place where that is
/// decided.
pub(super) fn may_reach(
    asker: Fingerprint,
    who: Fingerprint,
    visibility: Visibility,
    right: Right,
) -> bool {
    let is_open = match visibility {
        Visibility::Public => true,
        Visibility::Private => right.has_token,
    };
    asker == who || (is_open && !right.is_blocked)
}

/// What a token is to a store.
pub(super) fn hash(token: Option<Token>) -> Option<TokenHash> {
    token.map(digest::token_hash)
}

impl Server {
    /// Takes the new lists in place of the old ones; what is over the bounds is passed over.
    pub(super) fn on_reach(&mut self, id: ConnId, reach: Reach) {
        let Some(owner) = self.roster.member(id).map(|member| member.key) else { return };
        let Reach { mut tokens, mut blocked } = reach;
        tokens.truncate(TOKENS);
        blocked.truncate(BLOCKED);
        let shut_out = gather::set(blocked.iter().copied());
        self.out.keep(ServerRecord::Reach { owner, tokens, blocked });
        self.end_meetings_with(id, &shut_out);
        self.recheck_watchers(owner);
    }
}
