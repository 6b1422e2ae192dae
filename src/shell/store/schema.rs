//! The tables, as numbered migrations. `PRAGMA user_version` says how many a file has seen.
//!
//! The client's log of durable events has one number space, gapless, spread over three tables: a
//! row of `messages` is itself the first event of the message (an incoming one's `message`, an
//! outgoing one's `receipt … queued`), and a row of `copies` that of talk of ours for one member;
//! everything else is a row of `events`, which covers `n` numbers. A row of `said` has the number
//! of its first copy; where it has none, that of an event.
//!
//! To read in the `sqlite3` shell: `SELECT * FROM conversation WHERE name = 'bob'`, or
//! `… WHERE in_group = 'tea'`; `SELECT * FROM rosters`.

use super::StoreError;
use rusqlite::Connection;

/// One program's migrations, oldest first. A list only ever grows.
#[derive(Debug)]
pub struct Schema {
    /// Marks a file as ours (`PRAGMA application_id`).
    pub application: i64,
    /// Bytes of a page of a new file. Large ones make a burst fewer writes, small ones a lone row.
    pub page_bytes: u32,
    /// What SQLite may hold of the file in memory.
    pub cache_kib: u32,
    /// Each leads from the version of its index to the next.
    pub migrations: &'static [&'static str],
}

impl Schema {
    /// Whether the file is ours and not from the future. Reads only.
    pub fn check(&self, connection: &Connection) -> Result<(), StoreError> {
        let application = pragma(connection, "application_id")?;
        let found = pragma(connection, "user_version")?;
        let sql = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        let is_blank = application == 0 && found == 0 && tables == 0;
        if !is_blank && application != self.application {
            return Err(StoreError::Corrupt("it belongs to another program".to_owned()));
        }
        let known = self.migrations.len() as i64;
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        Ok(())
    }

    /// Brings the file up to date; all of it or nothing.
    pub fn migrate(&self, connection: &Connection) -> Result<(), StoreError> {
        let found = pragma(connection, "user_version")?;
        let known = self.migrations.len() as i64;
        if found == known {
            return Ok(());
        }
        let missing = self.migrations.iter().skip(found.max(0) as usize);
        let steps: String = missing.copied().collect();
        let application = self.application;
        let done = connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
            {steps}
            PRAGMA application_id = {application};
            PRAGMA user_version = {known};
            COMMIT;"
        ));
        if done.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        Ok(done?)
    }
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

/// The client's profile.
pub const CLIENT: Schema = Schema {
    application: 0x686f_6262,
    // A page costs two writes to the log and two calls to copy it out again, so a burst takes half
    // the calls that it does with 8 KiB (`scripts/bench burst`).
    page_bytes: 16_384,
    cache_kib: 1024,
    migrations: &[CLIENT_1, CLIENT_2, CLIENT_3, CLIENT_4, CLIENT_5],
};

/// The server's accounts.
pub const SERVER: Schema = Schema {
    application: 0x686f_6264,
    page_bytes: 4096,
    cache_kib: 256,
    migrations: &[SERVER_1, SERVER_2, SERVER_3],
};

// Index `seen` finds repeats and orders each direction of a conversation as its sender did; ids
// grow with time, so it is appended to. Index `outbox` holds what is not final and shrinks again.
// The numbers of `stage` all take one byte, so that a change of it overwrites the row in place.
const CLIENT_1: &str = "
    CREATE TABLE settings (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE people (
        id          INTEGER PRIMARY KEY,
        fingerprint BLOB NOT NULL UNIQUE,
        name        TEXT UNIQUE COLLATE NOCASE,
        address     TEXT,     -- virtual, on our server
        identity    BLOB NOT NULL
    ) STRICT;
    CREATE INDEX addresses ON people (address);
    CREATE TABLE messages (
        seq    INTEGER PRIMARY KEY,  -- number of its first event
        person INTEGER NOT NULL REFERENCES people,  -- the other side
        out    INTEGER NOT NULL,     -- 0 to us, 1 from us
        id     BLOB NOT NULL,
        stage  INTEGER,              -- 2 queued, 3 held, 4 delivered, 5 expired, 6 refused
        sent   INTEGER NOT NULL,     -- ms since 1970, the writer's clock
        at     INTEGER NOT NULL,     -- ms since 1970, when it was kept here
        text   TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX seen ON messages (person, out, id);
    CREATE INDEX outbox ON messages (person, id) WHERE stage < 4;
    CREATE TABLE events (
        seq  INTEGER PRIMARY KEY,    -- the first number that the row covers
        n    INTEGER NOT NULL,       -- how many it covers
        at   INTEGER NOT NULL,       -- ms since 1970
        kind TEXT NOT NULL,          -- 'event', or 'receipts' of several messages
        body TEXT NOT NULL           -- JSON; of receipts: state, and messages.seq as ranges
    ) STRICT;
    CREATE VIEW conversation AS
        SELECT m.seq, datetime(m.at / 1000, 'unixepoch') AS at, p.name,
            CASE m.out WHEN 0 THEN 'in' ELSE 'out' END AS direction,
            CASE m.stage WHEN 2 THEN 'queued' WHEN 3 THEN 'held' WHEN 4 THEN 'delivered'
                WHEN 5 THEN 'expired' WHEN 6 THEN 'refused' END AS state, m.text
        FROM messages m JOIN people p ON p.id = m.person;";

// Index `outbox` gets the stage, so that what is held is passed over without reading its row, and
// `held` finds the oldest at once and all of them when a server has lost its disk; neither costs a
// message that goes over a live link. What came from others is kept by fingerprint: it may be of
// somebody who is no person of ours.
const CLIENT_2: &str = "
    CREATE TABLE bonds (
        person     INTEGER PRIMARY KEY REFERENCES people,
        friendship TEXT NOT NULL,    -- none, asked, asking, friends
        words      TEXT,             -- of who is asking
        since      INTEGER,          -- ms since 1970; of who is asking
        blocked    INTEGER NOT NULL,
        given      BLOB,             -- the token they have of us
        theirs     BLOB              -- the token we have of them
    ) STRICT;
    CREATE TABLE notes (
        person INTEGER NOT NULL REFERENCES people,  -- for whom
        id     BLOB NOT NULL,
        stage  INTEGER NOT NULL,     -- as of messages
        sent   INTEGER NOT NULL,     -- ms since 1970
        kind   INTEGER NOT NULL,
        body   BLOB NOT NULL,        -- MessagePack
        PRIMARY KEY (person, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX waiting ON notes (person, id) WHERE stage < 4;
    CREATE TABLE acted (             -- letters to us that are no texts
        person BLOB NOT NULL,        -- fingerprint
        id     BLOB NOT NULL,
        PRIMARY KEY (person, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE owed (              -- letters whose sender has not been told that they are here
        person BLOB NOT NULL,        -- fingerprint
        id     BLOB NOT NULL,
        PRIMARY KEY (person, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE prekeys (
        id     INTEGER PRIMARY KEY,
        kind   TEXT NOT NULL,        -- once, weekly
        secret BLOB NOT NULL,
        made   INTEGER NOT NULL,     -- ms since 1970
        used   INTEGER               -- ms since 1970
    ) STRICT;
    DROP INDEX outbox;
    CREATE INDEX outbox ON messages (person, id, stage) WHERE stage < 4;
    CREATE INDEX held ON messages (sent) WHERE stage = 3;
    DROP VIEW conversation;
    CREATE VIEW conversation AS      -- stage -1: queued again, by a server that lost it
        SELECT m.seq, datetime(m.at / 1000, 'unixepoch') AS at, p.name,
            CASE m.out WHEN 0 THEN 'in' ELSE 'out' END AS direction,
            CASE m.stage WHEN -1 THEN 'queued' WHEN 2 THEN 'queued' WHEN 3 THEN 'held'
                WHEN 4 THEN 'delivered' WHEN 5 THEN 'expired' WHEN 6 THEN 'refused' END AS state,
            m.text
        FROM messages m JOIN people p ON p.id = m.person;";

// Words are folded and taken apart before they come here; see `words`.
const CLIENT_3: &str = "
    CREATE VIRTUAL TABLE word_index USING fts5 (
        words, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
    );";

// Talk to us is a message whose `out` is 2, so that what two people write each other is found
// without passing over it; only its rows are in index `talk`. Talk of ours is kept once, in `said`,
// and each row of `copies` is small. A group that is gone stays when something was said in it.
const CLIENT_4: &str = "
    CREATE TABLE groups (
        id       INTEGER PRIMARY KEY,
        grp      BLOB NOT NULL UNIQUE,  -- as it travels
        name     TEXT NOT NULL,
        leader   BLOB NOT NULL,         -- fingerprint
        standing TEXT NOT NULL,         -- member, asked, invited, out, gone
        epoch    INTEGER,
        public   INTEGER,
        roster   BLOB                   -- MessagePack, signed
    ) STRICT;
    CREATE INDEX groups_named ON groups (name);
    CREATE TABLE members (
        grp      INTEGER NOT NULL REFERENCES groups,
        place    INTEGER NOT NULL,      -- 0 leads; then by how long they are in
        name     TEXT,                  -- what their leader calls them
        identity BLOB NOT NULL,
        PRIMARY KEY (grp, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE candidates (
        grp     INTEGER NOT NULL REFERENCES groups,
        place   INTEGER NOT NULL,
        person  BLOB NOT NULL,          -- fingerprint
        invited INTEGER NOT NULL,       -- 1 we asked them, 0 they asked us
        PRIMARY KEY (grp, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE unheard (              -- talk to be judged by a later roster
        person BLOB NOT NULL,           -- fingerprint
        id     BLOB NOT NULL,
        sent   INTEGER NOT NULL,        -- ms since 1970
        grp    BLOB NOT NULL,           -- as it travels
        epoch  INTEGER NOT NULL,
        text   TEXT NOT NULL,
        PRIMARY KEY (person, id)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE messages ADD COLUMN grp INTEGER REFERENCES groups;
    CREATE INDEX talk ON messages (grp) WHERE grp IS NOT NULL;
    CREATE TABLE said (                 -- talk of ours
        seq    INTEGER PRIMARY KEY,     -- number of its first event
        grp    INTEGER NOT NULL REFERENCES groups,
        id     BLOB NOT NULL,
        epoch  INTEGER NOT NULL,
        copies INTEGER NOT NULL,        -- how many rows of copies, from the same number on
        sent   INTEGER NOT NULL,        -- ms since 1970
        at     INTEGER NOT NULL,        -- ms since 1970
        text   TEXT NOT NULL
    ) STRICT;
    CREATE INDEX said_in ON said (grp);
    CREATE TABLE copies (
        seq    INTEGER PRIMARY KEY,     -- number of its first event
        said   INTEGER NOT NULL REFERENCES said,
        person INTEGER NOT NULL REFERENCES people,  -- for whom
        id     BLOB NOT NULL,           -- of said
        stage  INTEGER NOT NULL,        -- as of messages
        sent   INTEGER NOT NULL         -- of said
    ) STRICT;
    CREATE INDEX copies_waiting ON copies (person, id, stage) WHERE stage < 4;
    CREATE INDEX copies_held ON copies (sent) WHERE stage = 3;
    CREATE TABLE asides (               -- in the history, but no events
        n      INTEGER PRIMARY KEY AUTOINCREMENT,
        seq    INTEGER NOT NULL,        -- the newest event when it was kept
        person INTEGER REFERENCES people,  -- the other side; none of a post of ours
        out    INTEGER NOT NULL,        -- 0 theirs, 1 ours
        id     BLOB NOT NULL,           -- of the letter that offered it, or of the post
        kind   TEXT NOT NULL,           -- voice (its transcript), post (its name)
        sent   INTEGER NOT NULL,        -- ms since 1970
        at     INTEGER NOT NULL,        -- ms since 1970
        text   TEXT NOT NULL
    ) STRICT;
    CREATE INDEX asides_of ON asides (id);
    CREATE INDEX asides_with ON asides (person);
    CREATE TABLE transfers (
        person      BLOB NOT NULL,      -- fingerprint of the other side
        ours        INTEGER NOT NULL,   -- 1 we send it
        id          BLOB NOT NULL,      -- of the letter that offered it
        state       TEXT NOT NULL,      -- offered, taken, done, failed, cancelled
        over        INTEGER NOT NULL,   -- whether nothing more becomes of it
        at          INTEGER NOT NULL,   -- ms since 1970
        name        TEXT NOT NULL,      -- at its sender's
        size        INTEGER NOT NULL,
        bytes       INTEGER NOT NULL,   -- so many have come
        path        TEXT,
        digest      BLOB NOT NULL,
        modified_ns INTEGER NOT NULL,
        post        BLOB,
        answers     BLOB,
        voice_ms    INTEGER,
        transcript  TEXT,
        PRIMARY KEY (person, ours, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX transfers_by_time ON transfers (over, at);
    CREATE TABLE posts (                -- of ours
        id          BLOB PRIMARY KEY,
        name        TEXT NOT NULL,
        size        INTEGER NOT NULL,
        path        TEXT NOT NULL,
        digest      BLOB NOT NULL,
        modified_ns INTEGER NOT NULL,
        at          INTEGER NOT NULL    -- ms since 1970
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE grants (
        id     BLOB PRIMARY KEY,
        person BLOB NOT NULL,           -- fingerprint
        argv   TEXT NOT NULL,           -- JSON
        until  INTEGER                  -- ms since 1970
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE runs (                 -- of what is over, the latest of each asker stays
        person BLOB NOT NULL,           -- fingerprint of the other side
        ours   INTEGER NOT NULL,        -- 1 we asked
        id     BLOB NOT NULL,
        over   INTEGER NOT NULL,
        argv   TEXT NOT NULL,           -- JSON
        PRIMARY KEY (person, ours, id)
    ) STRICT, WITHOUT ROWID;
    CREATE VIEW rosters AS
        SELECT g.name AS in_group, m.place, coalesce(p.name, m.name) AS name
        FROM groups g JOIN members m ON m.grp = g.id LEFT JOIN people p ON p.identity = m.identity
        WHERE g.standing = 'member' ORDER BY g.name, g.id, m.place;
    DROP VIEW conversation;
    CREATE VIEW conversation AS         -- stage -1: queued again, by a server that lost it
        SELECT k.seq, datetime(k.at / 1000, 'unixepoch') AS at, k.name,
            CASE k.out WHEN 1 THEN 'out' ELSE 'in' END AS direction,
            CASE k.stage WHEN -1 THEN 'queued' WHEN 2 THEN 'queued' WHEN 3 THEN 'held'
                WHEN 4 THEN 'delivered' WHEN 5 THEN 'expired' WHEN 6 THEN 'refused' END AS state,
            k.text, k.in_group, k.kind
        FROM (
            SELECT m.seq, m.at, p.name, m.out, m.stage, m.text, g.name AS in_group, NULL AS kind
            FROM messages m JOIN people p ON p.id = m.person LEFT JOIN groups g ON g.id = m.grp
            UNION ALL
            SELECT s.seq, s.at, NULL, 1, (SELECT min(stage) FROM copies
                WHERE seq BETWEEN s.seq AND s.seq + s.copies - 1), s.text, g.name, NULL
            FROM said s JOIN groups g ON g.id = s.grp
            UNION ALL
            SELECT a.seq, a.at, p.name, a.out, NULL, a.text, NULL, a.kind
            FROM asides a LEFT JOIN people p ON p.id = a.person
        ) k ORDER BY k.seq;";

// What was there before counts as looked at.
const CLIENT_5: &str = "
    CREATE TABLE attention (            -- to a person, or to a group
        person INTEGER UNIQUE REFERENCES people,
        grp    INTEGER UNIQUE REFERENCES groups ON DELETE CASCADE,
        looked INTEGER NOT NULL DEFAULT 0,  -- number of the newest event when it was looked at
        notify TEXT                     -- off, mentions, all
    ) STRICT;
    INSERT INTO attention (person, looked)
        SELECT id, coalesce((SELECT max(seq) FROM messages), 0) FROM people;
    INSERT INTO attention (grp, looked)
        SELECT id, coalesce((SELECT max(seq) FROM messages), 0) FROM groups;";

const SERVER_1: &str = "
    CREATE TABLE accounts (
        fingerprint BLOB PRIMARY KEY,
        name        TEXT NOT NULL UNIQUE,
        address     INTEGER NOT NULL UNIQUE,  -- virtual, IPv4 as a number
        identity    BLOB NOT NULL,
        visibility  TEXT NOT NULL,
        seen        INTEGER NOT NULL          -- ms since 1970
    ) STRICT, WITHOUT ROWID;";

// `boxes` and `shares` hold the sums that quotas ask for, so that a deposit costs the same however
// much is held; a box stays when it is empty, for its number. `bytes` is what counts for quotas.
const SERVER_2: &str = "
    CREATE TABLE settings (
        key   TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens (
        owner BLOB NOT NULL,
        hash  BLOB NOT NULL,
        PRIMARY KEY (owner, hash)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE blocks (
        owner   BLOB NOT NULL,
        blocked BLOB NOT NULL,
        PRIMARY KEY (owner, blocked)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX blockers ON blocks (blocked);
    CREATE TABLE prekeys (
        owner     BLOB NOT NULL,
        once      INTEGER NOT NULL,  -- 1 one-time, 0 weekly
        id        INTEGER NOT NULL,  -- the owner's number for it
        key       BLOB NOT NULL,
        made      INTEGER NOT NULL,  -- ms since 1970, the owner's clock
        signature BLOB NOT NULL,
        PRIMARY KEY (owner, once, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE boxes (
        owner  BLOB PRIMARY KEY,
        number INTEGER NOT NULL,     -- the highest ever given to mail
        bytes  INTEGER NOT NULL      -- held now
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE shares (
        owner     BLOB NOT NULL,
        depositor BLOB NOT NULL,
        bytes     INTEGER NOT NULL,  -- held now, of this depositor
        PRIMARY KEY (owner, depositor)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mail (
        id        INTEGER PRIMARY KEY,
        owner     BLOB NOT NULL,
        number    INTEGER NOT NULL,
        depositor BLOB NOT NULL,
        at        INTEGER NOT NULL,  -- ms since 1970
        envelope  BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX collected ON mail (owner, number);
    CREATE INDEX oldest ON mail (at);";

const SERVER_3: &str = "
    CREATE TABLE groups (             -- public ones
        owner BLOB NOT NULL,          -- their leader
        name  TEXT NOT NULL,
        PRIMARY KEY (owner, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX groups_named ON groups (name);";
