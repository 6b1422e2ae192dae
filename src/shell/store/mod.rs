//! What outlives a process: SQLite, one file for a profile and one for a server.
//!
//! - [`client`]: the profile's records, and what the machine reads while it runs
//! - `letters`, `bonds`: of these, what waits for others, and what there is between us; `groups`
//!   and `talk` in them; `transfers` of files, and posts; `runs` of commands, and grants
//! - [`known`]: words that somebody may mean who types
//! - [`read`]: history, events and outbox, as people and scripts list them; `asides` is what there
//!   is in the history beside messages
//! - `attention`: what of it has been looked at
//! - [`server`]: a server's accounts; `reach` has their tokens, blocks and prekeys, and the groups
//!   that they lead, `mailroom` what mail is held for them
//! - [`export`]: all of it, row by row; `log` in it
//! - `search`, `words`: the index of words, and what a word is
//! - [`schema`]: the numbered migrations of both
//!
//! A wake's records are one transaction, opened by its first record; a commit is a few writes and
//! one `fdatasync`. A wake that keeps nothing costs no system call, nor does a read of what is in
//! the page cache: the file is locked for the life of the process (`locking_mode=EXCLUSIVE`), so
//! SQLite asks no lock again and needs no shared memory beside it. The `sqlite3` shell reads a
//! profile while nobody runs it; while somebody does, the control socket answers.

mod asides;
mod attention;
mod bonds;
pub mod client;
pub mod export;
mod groups;
pub mod known;
mod letters;
mod log;
mod mailroom;
mod reach;
pub mod read;
mod runs;
pub mod schema;
mod search;
pub mod server;
mod talk;
#[cfg(test)]
mod tests;
mod transfers;
mod words;

use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags};
use schema::Schema;
use std::fmt;
use std::fs::{OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Why a store could not be opened, read or written. `Display` is one line, with the next step in
/// brackets. Whatever it is, the file is left as it was before the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// No room on the disk.
    Full,
    /// Damaged, or no database of ours; in words.
    Corrupt(String),
    /// Written by a later version of the program.
    Newer {
        /// The schema that the file has.
        found: i64,
        /// The last one that this program knows.
        known: i64,
    },
    /// Another process has it open.
    Locked,
    /// Anything else; in words.
    Io(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Full => f.write_str("the disk is full [make room and start again]"),
            StoreError::Corrupt(why) => write!(
                f,
                "the database cannot be read: {why} [it is left as it is: move it away, or put a \
                 copy in its place]"
            ),
            StoreError::Newer { found, known } => write!(
                f,
                "the database has schema {found}, this program knows {known} [update the program]"
            ),
            StoreError::Locked => {
                f.write_str("the database is in use by another process [end that one first]")
            }
            StoreError::Io(why) => write!(f, "database: {why} [check the disk and permissions]"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Corrupt(error.to_string())
            }
            _ => StoreError::Io(error.to_string()),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> StoreError {
        match error.kind() {
            ErrorKind::StorageFull => StoreError::Full,
            _ => StoreError::Io(error.to_string()),
        }
    }
}

/// A connection with the wake's transaction.
#[derive(Debug)]
struct Db {
    connection: Connection,
    is_open: bool,
}

impl Db {
    fn open(path: &Path, schema: &Schema) -> Result<Db, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // The file holds secrets. SQLite gives its log the mode of the database (`-wal`, wal.html).
        // It is not opened when it is there: closing it would give up the locks of this process.
        match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        let db = Db::prepare(Connection::open_with_flags(path, flags)?, schema)?;
        for end in ["", "-wal"] {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            close_to_others(Path::new(&file))?;
        }
        Ok(db)
    }

    fn open_in_memory(schema: &Schema) -> Result<Db, StoreError> {
        Db::prepare(Connection::open_in_memory()?, schema)
    }

    fn prepare(connection: Connection, schema: &Schema) -> Result<Db, StoreError> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(BEFORE_READING)?;
        connection.pragma_update(None, "cache_size", -i64::from(schema.cache_kib))?;
        schema.check(&connection)?;
        connection.pragma_update(None, "page_size", schema.page_bytes)?;
        connection.execute_batch(BEFORE_WRITING)?;
        schema.migrate(&connection)?;
        Ok(Db { connection, is_open: false })
    }

    /// Opens the wake's transaction, unless it is open.
    fn begin(&mut self) -> Result<(), StoreError> {
        if !self.is_open {
            self.statement("BEGIN")?.execute([])?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Makes what was kept durable; nothing at all when nothing was.
    fn commit(&mut self) -> Result<(), StoreError> {
        if self.is_open {
            self.statement("COMMIT")?.execute([])?;
            self.is_open = false;
        }
        Ok(())
    }

    /// Forgets what was kept since the last commit.
    fn rollback(&mut self) {
        // SQLite rolls back by itself on some errors, a full disk among them.
        if self.is_open && !self.connection.is_autocommit() {
            let rolled_back = self.connection.execute_batch("ROLLBACK");
            rolled_back.expect("no statement is running, so a rollback has nothing to wait for");
        }
        self.is_open = false;
    }

    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        Ok(self.connection.prepare_cached(sql)?)
    }
}

/// Takes a file's rights from others than its owner, as one made by an earlier version may have.
fn close_to_others(path: &Path) -> std::io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.permissions().mode() & 0o777 != OWNER_ONLY => {
            std::fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY))
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

const OWNER_ONLY: u32 = 0o600;

/// Statements kept prepared: all there are.
const STATEMENTS: usize = 192;

/// Nothing here writes: the file may turn out not to be ours. What is deleted, a prekey above all,
/// is overwritten where that costs no write of its own.
const BEFORE_READING: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA busy_timeout = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA mmap_size = 0;
    PRAGMA secure_delete = FAST;
    PRAGMA trusted_schema = OFF;
    PRAGMA foreign_keys = ON;";

/// The log is copied into the file every 500 pages and then written over from its start. It is
/// not cut below that, because writing over blocks that exist is what makes `fdatasync` quick; a
/// longer log only delays that.
const BEFORE_WRITING: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 500;
    PRAGMA journal_size_limit = 8388608;";
