//! Of what somebody is told who looks elsewhere.

use super::Program;
use super::turning::failed;
use crate::proto::model::command::Ticket;
use crate::proto::model::conversation::{Conversation, Level};
use crate::proto::model::notice::Row;
use crate::proto::model::refusal::Refusal;
use crate::shell::client::{reads, talk};
use crate::shell::front::{Failure, With};

impl Program {
    /// What was said before about that.
    pub fn restore_alerts(&mut self) -> Result<(), Failure> {
        let levels = self.store.levels().map_err(|why| failed(&why))?;
        self.alerts.restore(levels);
        Ok(())
    }

    /// `notify`.
    pub(super) fn heed(
        &mut self,
        ticket: Ticket,
        of: Option<With>,
        level: Option<Level>,
    ) -> Result<(), Failure> {
        let Some(of) = of else {
            let rows: Vec<Row> = self.alerts.levels().map(|(of, level)| row(of, level)).collect();
            rows.iter().for_each(|row| self.desk.row(ticket, row));
            self.desk.end(ticket, Ok(()));
            return Ok(());
        };
        let found = talk::known(&of, &self.machine);
        match found.and_then(|found| found.ok_or(Refusal::Unknown(of.to_string()))) {
            Ok(conversation) => self.heed_known(ticket, conversation, level),
            Err(refusal) => {
                self.desk.end(ticket, Err(refusal.into()));
                Ok(())
            }
        }
    }

    fn heed_known(
        &mut self,
        ticket: Ticket,
        of: Conversation,
        level: Option<Level>,
    ) -> Result<(), Failure> {
        match level {
            None => self.desk.row(ticket, &row(&of, self.alerts.level(&of))),
            Some(level) => {
                let found = reads::history_of(talk::typed(&of), &mut self.store);
                if let Ok(found) = found.map_err(|why| failed(&why))? {
                    self.store.heed(found, level).map_err(|why| failed(&why))?;
                }
                self.alerts.set(of, level);
            }
        }
        self.desk.end(ticket, Ok(()));
        Ok(())
    }
}

fn row(of: &Conversation, level: Level) -> Row {
    let (person, group) = talk::sides(Some(of));
    Row::Notify { person, group, level }
}
