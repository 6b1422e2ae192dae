//! An export on its way: a page a turn, so that others are served meanwhile.

use super::desk::{Desk, Sink};
use super::new_file::NewFile;
use super::profile;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::refusal::Exit;
use crate::shell::export::Export;
use crate::shell::front::Failure;
use crate::shell::store::StoreError;
use crate::shell::store::client::ClientStore;
use crate::shell::store::export::Cursor;
use std::path::Path;

/// An export that was asked for.
pub(super) struct Exporting {
    /// What names somebody, until all names are learned.
    names: Option<Cursor>,
    cursor: Cursor,
    export: Export,
    /// Where it goes; else to whoever asked.
    file: Option<NewFile>,
    page: Vec<u8>,
}

/// Rows whose names are learned at a time.
const NAMES: usize = 4096;
/// Lines made at a time.
const PAGE_BYTES: usize = 128 * 1024;

impl Exporting {
    /// Of all that there is up to now. `home` is the profile's directory.
    pub fn begin(
        store: &ClientStore,
        home: &Path,
        me: Fingerprint,
        anonymised: bool,
        to: Option<&str>,
    ) -> Result<Exporting, Failure> {
        let server = profile::server(home)?.map(|server| server.to_string());
        let cursor = Cursor::new(store, me, server).map_err(failed)?;
        let (export, names) = match anonymised {
            true => (Export::anonymised(profile::seed()?), Some(cursor.of_names())),
            false => (Export::default(), None),
        };
        let mut page = Vec::new();
        export.begin(&mut page);
        let file = to.map(NewFile::create).transpose()?;
        Ok(Exporting { names, cursor, export, file, page })
    }

    /// Goes on with it; whether there is more to come.
    pub fn step(
        &mut self,
        sink: Sink,
        desk: &mut Desk,
        store: &ClientStore,
    ) -> Result<bool, Failure> {
        if let Some(names) = &mut self.names {
            let export = &mut self.export;
            let mut left = NAMES;
            let more = store.export(names, &mut |table, cells| {
                export.learn(table, cells);
                left -= 1;
                left > 0
            });
            if !more.map_err(failed)? {
                self.names = None;
            }
            return Ok(true);
        }
        if self.file.is_none() && desk.is_behind(sink) {
            return Ok(true);
        }
        let Exporting { cursor, export, page, .. } = self;
        let more = store.export(cursor, &mut |table, cells| {
            export.row(page, table, cells);
            page.len() < PAGE_BYTES
        });
        let more = more.map_err(failed)?;
        if !more {
            self.export.end(&mut self.page);
        }
        match &mut self.file {
            Some(file) => file.write(&self.page)?,
            None => desk.print(sink, |_, out| out.extend_from_slice(&self.page)),
        }
        self.page.clear();
        if let (false, Some(file)) = (more, self.file.take_if(|_| !more)) {
            file.finish()?;
        }
        Ok(more)
    }
}

fn failed(why: StoreError) -> Failure {
    Failure { exit: Exit::Local, error: why.to_string() }
}
