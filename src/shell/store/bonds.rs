//! What there is between us and others, and the prekeys that we laid out for them.

use super::StoreError;
use super::client::ClientStore;
use crate::proto::bytes::Bytes;
use crate::proto::model::bond::{Bond, Friendship, Token};
use crate::proto::model::person::Fingerprint;
use crate::proto::model::prekey::{PrekeyKind, PrekeySecret};
use crate::proto::time::{Now, Wall};
use rusqlite::{Row, params};

impl ClientStore {
    pub(super) fn keep_bond(&mut self, with: Fingerprint, bond: &Bond) -> Result<(), StoreError> {
        let known = self.know(with)?.expect("whoever is bound was kept before as a person");
        if *bond == Bond::default() {
            self.db.statement("DELETE FROM bonds WHERE person = ?1")?.execute([known.row])?;
            return Ok(());
        }
        let (word, asking) = match &bond.friendship {
            Friendship::None => ("none", None),
            Friendship::Asked => ("asked", None),
            Friendship::Asking(text, since) => ("asking", Some((text.as_str(), since.0))),
            Friendship::Friends => ("friends", None),
        };
        let token = |token: &Option<Token>| token.map(|token| token.0.0);
        self.db.statement(KEEP_BOND)?.execute(params![
            known.row,
            word,
            asking.map(|(text, _)| text),
            asking.map(|(_, since)| since),
            bond.is_blocked,
            token(&bond.given),
            token(&bond.theirs)
        ])?;
        Ok(())
    }

    pub(super) fn bonds(&self) -> Result<Vec<(Fingerprint, Bond)>, StoreError> {
        let mut statement = self.db.statement(BONDS)?;
        let mut rows = statement.query([])?;
        let mut bonds = Vec::new();
        while let Some(row) = rows.next()? {
            bonds.push((Fingerprint(Bytes(row.get(0)?)), bond(row)?));
        }
        Ok(bonds)
    }

    /// A number that is taken keeps its secret: mail may have been sealed to it.
    pub(super) fn keep_prekeys(&mut self, made: &[PrekeySecret]) -> Result<(), StoreError> {
        let mut statement = self.db.statement(KEEP_PREKEY)?;
        for key in made {
            let used = key.used.map(|used| used.0);
            let (word, secret) = (kind_word(key.kind), &key.secret.0[..]);
            statement.execute(params![key.id, word, secret, key.made.0, used])?;
        }
        Ok(())
    }

    pub(super) fn prekey_used(&mut self, now: Now, id: u32) -> Result<(), StoreError> {
        self.db.statement(PREKEY_USED)?.execute(params![id, now.wall.0])?;
        Ok(())
    }

    pub(super) fn prekey_gone(&mut self, id: u32) -> Result<(), StoreError> {
        self.db.statement("DELETE FROM prekeys WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    pub(super) fn prekeys(&self) -> Result<Vec<PrekeySecret>, StoreError> {
        let mut statement = self.db.statement(PREKEYS)?;
        let mut rows = statement.query([])?;
        let mut prekeys = Vec::new();
        while let Some(row) = rows.next()? {
            prekeys.push(PrekeySecret {
                id: row.get(0)?,
                kind: kind(row.get_ref(1)?.as_str().unwrap_or_default())?,
                secret: Bytes(row.get(2)?),
                made: Wall(row.get(3)?),
                used: row.get::<_, Option<i64>>(4)?.map(Wall),
            });
        }
        Ok(prekeys)
    }
}

/// A bond from the columns after the first: friendship, words, since, blocked, given, theirs.
fn bond(row: &Row<'_>) -> Result<Bond, StoreError> {
    let friendship = match row.get_ref(1)?.as_str().unwrap_or_default() {
        "none" => Friendship::None,
        "asked" => Friendship::Asked,
        "asking" => Friendship::Asking(row.get(2)?, Wall(row.get(3)?)),
        "friends" => Friendship::Friends,
        other => return Err(StoreError::Corrupt(format!("no such friendship: {other}"))),
    };
    let token = |column| row.get::<_, Option<[u8; 16]>>(column).map(|t| t.map(|t| Token(Bytes(t))));
    Ok(Bond { friendship, is_blocked: row.get(4)?, given: token(5)?, theirs: token(6)? })
}

fn kind_word(kind: PrekeyKind) -> &'static str {
    match kind {
        PrekeyKind::Once => "once",
        PrekeyKind::Weekly => "weekly",
        PrekeyKind::Static => "static",
    }
}

fn kind(word: &str) -> Result<PrekeyKind, StoreError> {
    let kinds = [PrekeyKind::Once, PrekeyKind::Weekly, PrekeyKind::Static];
    let kind = kinds.into_iter().find(|kind| kind_word(*kind) == word);
    kind.ok_or_else(|| StoreError::Corrupt(format!("no such kind of a prekey: {word}")))
}

const KEEP_BOND: &str = "
    INSERT INTO bonds (person, friendship, words, since, blocked, given, theirs)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (person) DO UPDATE SET friendship = excluded.friendship, words = excluded.words,
        since = excluded.since, blocked = excluded.blocked, given = excluded.given,
        theirs = excluded.theirs";
const BONDS: &str = "
    SELECT p.fingerprint, b.friendship, b.words, b.since, b.blocked, b.given, b.theirs
    FROM bonds b CROSS JOIN people p ON p.id = b.person ORDER BY b.person";
const KEEP_PREKEY: &str = "
    INSERT INTO prekeys (id, kind, secret, made, used) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (id) DO NOTHING";
const PREKEY_USED: &str = "UPDATE prekeys SET used = ?2 WHERE id = ?1 AND used IS NULL";
const PREKEYS: &str = "SELECT id, kind, secret, made, used FROM prekeys ORDER BY id";
