//! Groups: what we are in them, their rosters, and what they are called.

use super::StoreError;
use super::client::{ClientStore, identity_bytes, msg_id};
use crate::proto::bytes::Bytes;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::model::group::{
    Candidate, GroupRow, GroupTarget, SignedRoster, Standing, Talk, Unheard,
};
use crate::proto::model::letter::Body;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Target};
use crate::proto::time::Wall;
use rusqlite::{OptionalExtension, Row, params};

impl ClientStore {
    /// The groups that somebody may mean; where some are not over, none of the others.
    pub fn groups_like(&mut self, target: &GroupTarget) -> Result<Vec<GroupId>, StoreError> {
        let by = match &target.leader {
            None => By::Anybody,
            Some(Target::Key(key)) => By::Person(*key),
            Some(leader) => match self.person(leader)? {
                Some(person) => By::Person(person.fingerprint),
                None if self.is_me(leader)? => By::Me,
                None => return Ok(Vec::new()),
            },
        };
        let mut statement = self.db.statement(CALLED)?;
        let mut rows = statement.query([target.name.as_str()])?;
        let (mut live, mut over) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let fits = match by {
                By::Anybody => true,
                By::Person(leader) => leader == Fingerprint(Bytes(row.get(1)?)),
                // Whoever leads a group and is no person of ours is ourselves.
                By::Me => row.get(3)?,
            };
            let into = if row.get(2)? { &mut over } else { &mut live };
            into.extend(fits.then_some(GroupId(Bytes(row.get(0)?))));
        }
        Ok(if live.is_empty() { over } else { live })
    }

    /// Writes of roster and candidates only what differs from what is there.
    pub(super) fn keep_group(&mut self, group: &GroupRow) -> Result<(), StoreError> {
        let signed = group.roster.as_ref();
        let blob = signed.map(|signed| Body::Roster(Box::new(signed.clone())).to_bytes());
        self.db.statement(KEEP)?.execute(params![
            &group.group.0.0[..],
            group.name.as_str(),
            &group.leader.0.0[..],
            standing_word(&group.standing),
            signed.map(|signed| signed.roster.epoch as i64),
            signed.map(|signed| signed.roster.is_public),
            blob
        ])?;
        let row = self.group_row(group.group)?;
        let members = signed.map_or(&[][..], |signed| &signed.roster.members);
        let members: Vec<(Option<&str>, Vec<u8>)> = members
            .iter()
            .map(|one| (one.name.as_ref().map(Name::as_str), identity_bytes(&one.identity).into()))
            .collect();
        let first = self.first_other(MEMBERS, row, members.len(), |place, row| {
            let (name, identity) = &members[place];
            let known = row.get_ref(0)?.as_str_or_null().unwrap_or_default();
            Ok(known == *name && row.get_ref(1)?.as_blob().unwrap_or_default() == identity)
        })?;
        self.db.statement(DROP_MEMBERS)?.execute([row, first as i64])?;
        for (place, (name, identity)) in members.iter().enumerate().skip(first) {
            self.db.statement(KEEP_MEMBER)?.execute(params![row, place as i64, name, identity])?;
        }
        let candidates = &group.candidates;
        let first = self.first_other(CANDIDATES, row, candidates.len(), |place, row| {
            Ok(candidate(row)? == candidates[place])
        })?;
        self.db.statement(DROP_CANDIDATES)?.execute([row, first as i64])?;
        for (place, one) in candidates.iter().enumerate().skip(first) {
            let values = params![row, place as i64, &one.who.0.0[..], one.is_invited];
            self.db.statement(KEEP_CANDIDATE)?.execute(values)?;
        }
        Ok(())
    }

    /// What was said in it stays, and with that its name.
    pub(super) fn group_gone(&mut self, group: GroupId) -> Result<(), StoreError> {
        let Some(row) = self.find_group(group)? else { return Ok(()) };
        self.db.statement(DROP_MEMBERS)?.execute([row, 0])?;
        self.db.statement(DROP_CANDIDATES)?.execute([row, 0])?;
        if self.db.statement(DROP_SILENT)?.execute([row])? == 0 {
            self.db.statement(GONE)?.execute([row])?;
        }
        Ok(())
    }

    pub(super) fn groups(&self) -> Result<Vec<GroupRow>, StoreError> {
        let mut statement = self.db.statement(GROUPS)?;
        let mut rows = statement.query([])?;
        let mut groups = Vec::new();
        while let Some(row) = rows.next()? {
            let mut candidates = Vec::new();
            let mut statement = self.db.statement(CANDIDATES)?;
            let mut of = statement.query([row.get::<_, i64>(0)?])?;
            while let Some(row) = of.next()? {
                candidates.push(candidate(row)?);
            }
            groups.push(GroupRow {
                group: GroupId(Bytes(row.get(1)?)),
                name: name(row, 2)?,
                leader: Fingerprint(Bytes(row.get(3)?)),
                standing: standing(row.get_ref(4)?.as_str().unwrap_or_default())?,
                roster: roster(row)?,
                candidates,
            });
        }
        Ok(groups)
    }

    /// What a group is called: its name, and where another that is not over has that name too, its
    /// leader behind that.
    pub(super) fn group_label(&self, row: i64) -> Result<String, StoreError> {
        let mut statement = self.db.statement(LABEL)?;
        let mut rows = statement.query([row])?;
        let Some(row) = rows.next()? else {
            return Err(StoreError::Corrupt("talk in no group".to_owned()));
        };
        let name: String = row.get(0)?;
        if !row.get::<_, bool>(1)? {
            return Ok(name);
        }
        let leader = match row.get(4)? {
            Some(label) => label,
            None if row.get(2)? => Fingerprint(Bytes(row.get(3)?)).to_string(),
            None => self.my_label()?,
        };
        Ok(format!("{name}@{leader}"))
    }

    /// What we are called.
    pub(super) fn my_label(&self) -> Result<String, StoreError> {
        Ok(self.setting(super::client::NAME)?.unwrap_or_else(|| "me".to_owned()))
    }

    pub(super) fn find_group(&self, group: GroupId) -> Result<Option<i64>, StoreError> {
        let mut statement = self.db.statement("SELECT id FROM groups WHERE grp = ?1")?;
        Ok(statement.query_row([&group.0.0[..]], |row| row.get(0)).optional()?)
    }

    pub(super) fn group_row(&self, group: GroupId) -> Result<i64, StoreError> {
        Ok(self.find_group(group)?.expect("a group is kept before what is said in it"))
    }

    pub(super) fn keep_unheard(&mut self, unheard: &Unheard) -> Result<(), StoreError> {
        self.db.statement(KEEP_UNHEARD)?.execute(params![
            &unheard.from.0.0[..],
            &unheard.id.0.0[..],
            unheard.sent.0,
            &unheard.talk.group.0.0[..],
            unheard.talk.epoch as i64,
            unheard.talk.text
        ])?;
        Ok(())
    }

    pub(super) fn unheard_gone(&mut self, from: Fingerprint, id: MsgId) -> Result<(), StoreError> {
        let sql = "DELETE FROM unheard WHERE person = ?1 AND id = ?2";
        self.db.statement(sql)?.execute([&from.0.0[..], &id.0.0[..]])?;
        Ok(())
    }

    pub(super) fn unheard(&self) -> Result<Vec<Unheard>, StoreError> {
        let mut statement = self.db.statement(UNHEARD)?;
        let mut rows = statement.query([])?;
        let mut unheard = Vec::new();
        while let Some(row) = rows.next()? {
            unheard.push(Unheard {
                from: Fingerprint(Bytes(row.get(0)?)),
                id: msg_id(row.get(1)?),
                sent: Wall(row.get(2)?),
                talk: Talk {
                    group: GroupId(Bytes(row.get(3)?)),
                    epoch: row.get::<_, i64>(4)? as u64,
                    text: row.get(5)?,
                },
            });
        }
        Ok(unheard)
    }

    fn is_me(&self, who: &Target) -> Result<bool, StoreError> {
        let setting = match who {
            Target::Name(_) => self.setting(super::client::NAME)?,
            Target::Address(_) => self.setting(super::client::ADDRESS)?,
            Target::Key(_) | Target::Endpoint(_) => None,
        };
        Ok(setting == Some(who.to_string()))
    }

    /// The first place of a kept list that is not as it is to be.
    fn first_other(
        &self,
        sql: &str,
        group: i64,
        count: usize,
        is_same: impl Fn(usize, &Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<usize, StoreError> {
        let mut statement = self.db.statement(sql)?;
        let mut rows = statement.query([group])?;
        let mut place = 0;
        while let (true, Some(row)) = (place < count, rows.next()?) {
            if !is_same(place, row)? {
                break;
            }
            place += 1;
        }
        Ok(place)
    }
}

/// Who is to lead a group that somebody means.
enum By {
    Anybody,
    Person(Fingerprint),
    Me,
}

fn candidate(row: &Row<'_>) -> Result<Candidate, StoreError> {
    Ok(Candidate { who: Fingerprint(Bytes(row.get(0)?)), is_invited: row.get(1)? })
}

fn roster(row: &Row<'_>) -> Result<Option<SignedRoster>, StoreError> {
    let Some(bytes) = row.get_ref(5)?.as_blob_or_null().unwrap_or_default() else {
        return Ok(None);
    };
    match Body::from_parts(ROSTER, bytes) {
        Some(Body::Roster(signed)) => Ok(Some(*signed)),
        _ => Err(StoreError::Corrupt("a roster that cannot be read".to_owned())),
    }
}

pub(super) fn name(row: &Row<'_>, column: usize) -> Result<Name, StoreError> {
    let name = row.get_ref(column)?.as_str().ok().and_then(|name| Name::parse(name).ok());
    name.ok_or_else(|| StoreError::Corrupt("a group with a bad name".to_owned()))
}

fn standing_word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Member => "member",
        Standing::Asked => "asked",
        Standing::Invited => "invited",
        Standing::Out => "out",
    }
}

fn standing(word: &str) -> Result<Standing, StoreError> {
    let all = [Standing::Member, Standing::Asked, Standing::Invited, Standing::Out];
    let found = all.into_iter().find(|standing| standing_word(standing) == word);
    found.ok_or_else(|| StoreError::Corrupt(format!("no such standing in a group: {word}")))
}

/// [`Body::kind`] of a roster: it is kept as it travels.
const ROSTER: u8 = 9;

const KEEP: &str = "
    INSERT INTO groups (grp, name, leader, standing, epoch, public, roster)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (grp) DO UPDATE SET name = excluded.name, leader = excluded.leader,
        standing = excluded.standing, epoch = excluded.epoch, public = excluded.public,
        roster = excluded.roster
    WHERE name <> excluded.name OR leader <> excluded.leader OR standing <> excluded.standing
        OR roster IS NOT excluded.roster";
const MEMBERS: &str = "SELECT name, identity FROM members WHERE grp = ?1 ORDER BY place";
const DROP_MEMBERS: &str = "DELETE FROM members WHERE grp = ?1 AND place >= ?2";
const KEEP_MEMBER: &str =
    "INSERT INTO members (grp, place, name, identity) VALUES (?1, ?2, ?3, ?4)";
const CANDIDATES: &str = "SELECT person, invited FROM candidates WHERE grp = ?1 ORDER BY place";
const DROP_CANDIDATES: &str = "DELETE FROM candidates WHERE grp = ?1 AND place >= ?2";
const KEEP_CANDIDATE: &str =
    "INSERT INTO candidates (grp, place, person, invited) VALUES (?1, ?2, ?3, ?4)";
const DROP_SILENT: &str = "
    DELETE FROM groups WHERE id = ?1
        AND NOT EXISTS (SELECT 1 FROM messages INDEXED BY talk WHERE grp = ?1)
        AND NOT EXISTS (SELECT 1 FROM said INDEXED BY said_in WHERE grp = ?1)";
const GONE: &str = "
    UPDATE groups SET standing = 'gone', epoch = NULL, public = NULL, roster = NULL WHERE id = ?1";
const GROUPS: &str = "
    SELECT id, grp, name, leader, standing, roster FROM groups WHERE standing <> 'gone'
    ORDER BY id";
const CALLED: &str = "
    SELECT grp, leader, standing IN ('out', 'gone'),
        NOT EXISTS (SELECT 1 FROM people WHERE fingerprint = leader)
    FROM groups WHERE name = ?1 ORDER BY id";
const LABEL: &str = "
    SELECT g.name, EXISTS (
            SELECT 1 FROM groups o
            WHERE o.name = g.name AND o.id <> g.id AND o.standing NOT IN ('out', 'gone')),
        p.id IS NOT NULL, g.leader, p.name
    FROM groups g LEFT JOIN people p ON p.fingerprint = g.leader WHERE g.id = ?1";
const KEEP_UNHEARD: &str = "
    INSERT OR IGNORE INTO unheard (person, id, sent, grp, epoch, text)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const UNHEARD: &str = "SELECT person, id, sent, grp, epoch, text FROM unheard ORDER BY person, id";
