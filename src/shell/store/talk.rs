//! Talk in groups: ours, kept once with a small row for each member that it is for, and theirs.

use super::StoreError;
use super::client::{ClientStore, IN_GROUP, Said, code, msg_id};
use crate::proto::id::{GroupId, MsgId};
use crate::proto::model::event::{Event, Stage};
use crate::proto::model::notice::Notice;
use crate::proto::model::person::Fingerprint;
use crate::proto::time::{Now, Wall};
use rusqlite::params;

/// Talk of ours on its way in.
pub(super) struct Saying {
    pub(super) id: MsgId,
    pub(super) group: GroupId,
    pub(super) epoch: u64,
    pub(super) text: String,
    pub(super) sent: Wall,
}

impl ClientStore {
    pub(super) fn keep_saying(
        &mut self,
        now: Now,
        saying: &Saying,
        to: &[Fingerprint],
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        let (id, first) = (saying.id, self.next);
        let group = self.group_row(saying.group)?;
        self.db.statement(SAY)?.execute(params![
            first,
            group,
            &id.0.0[..],
            saying.epoch as i64,
            to.len() as i64,
            saying.sent.0,
            now.wall.0,
            saying.text
        ])?;
        if to.is_empty() {
            let to = self.group_label(group)?;
            let event = Event::Receipt { id, to, state: Stage::Delivered, why: None };
            return self.keep_event(now, event, shown);
        }
        for key in to {
            let known = self.know(*key)?;
            let known = known.expect("whoever is in a group of ours was kept before as a person");
            self.db.statement(COPY)?.execute(params![
                self.next,
                first,
                known.row,
                &id.0.0[..],
                code(Stage::Queued),
                saying.sent.0
            ])?;
            let event = Event::Receipt { id, to: known.label, state: Stage::Queued, why: None };
            shown.push(self.number(now, event));
        }
        Ok(())
    }

    pub(super) fn keep_heard(
        &mut self,
        now: Now,
        group: GroupId,
        said: Said,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        let group = self.group_row(group)?;
        let Some(from) = self.insert(now, IN_GROUP, &said, Some(group))? else { return Ok(()) };
        let Said { id, text, sent, .. } = said;
        let group = Some(self.group_label(group)?);
        shown.push(self.number(now, Event::Message { id, from, text, sent, group }));
        Ok(())
    }

    /// What was said in a group and somebody has not got yet is not for them any more.
    pub(super) fn forsake(
        &mut self,
        now: Now,
        group: GroupId,
        whom: Fingerprint,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        let (Some(group), Some(known)) = (self.find_group(group)?, self.know(whom)?) else {
            return Ok(());
        };
        let mut moved = Vec::new();
        {
            let mut statement = self.db.statement(FORSAKE)?;
            let mut rows = statement.query([known.row, group, code(Stage::Refused)])?;
            while let Some(row) = rows.next()? {
                moved.push((row.get(0)?, msg_id(row.get(1)?)));
            }
        }
        self.tell(now, &known.label, Stage::Refused, &moved, shown)
    }
}

const SAY: &str = "
    INSERT INTO said (seq, grp, id, epoch, copies, sent, at, text)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const COPY: &str = "
    INSERT INTO copies (seq, said, person, id, stage, sent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const FORSAKE: &str = "
    UPDATE copies INDEXED BY copies_waiting SET stage = ?3
    WHERE person = ?1 AND stage < 4 AND (SELECT grp FROM said WHERE seq = copies.said) = ?2
    RETURNING seq, id";
