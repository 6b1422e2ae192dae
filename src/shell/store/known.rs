//! Words that somebody may mean: names, and ids of what is not over.

use super::StoreError;
use super::client::{ClientStore, msg_id};
use rusqlite::types::ValueRef;

/// Which words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Names of everybody known.
    People,
    /// Names of who asks to be friends.
    Asking,
    /// Names of friends.
    Friends,
    /// Names of who is blocked.
    Blocked,
    /// Names of groups that we are in, or may be.
    Groups,
    /// Ids of posts of ours.
    Posts,
    /// Ids of commands that we asked for.
    RunsOfOurs,
    /// Ids of commands that we are asked for.
    RunsOfTheirs,
    /// Ids of standing yeses.
    Grants,
}

impl ClientStore {
    /// Such words, each with what it stands for where it does not say so itself; a thousand of
    /// them at most.
    pub fn known(
        &mut self,
        known: Known,
        each: &mut dyn FnMut(String, String),
    ) -> Result<(), StoreError> {
        let mut statement = self.db.statement(match known {
            Known::People => PEOPLE,
            Known::Asking => ASKING,
            Known::Friends => FRIENDS,
            Known::Blocked => BLOCKED,
            Known::Groups => GROUPS,
            Known::Posts => POSTS,
            Known::RunsOfOurs => RUNS_OF_OURS,
            Known::RunsOfTheirs => RUNS_OF_THEIRS,
            Known::Grants => GRANTS,
        })?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let word = match row.get_ref(0)? {
                ValueRef::Blob(_) => msg_id(row.get(0)?).short(),
                _ => row.get(0)?,
            };
            each(word, row.get(1)?);
        }
        Ok(())
    }
}

const PEOPLE: &str = "SELECT name, '' FROM people WHERE name IS NOT NULL LIMIT 1000";
const ASKING: &str = "SELECT p.name, coalesce(b.words, '') FROM bonds b JOIN people p
    ON p.id = b.person WHERE b.friendship = 'asking' AND p.name IS NOT NULL LIMIT 1000";
const FRIENDS: &str = "SELECT p.name, '' FROM bonds b JOIN people p
    ON p.id = b.person WHERE b.friendship = 'friends' AND p.name IS NOT NULL LIMIT 1000";
const BLOCKED: &str = "SELECT p.name, '' FROM bonds b JOIN people p
    ON p.id = b.person WHERE b.blocked AND p.name IS NOT NULL LIMIT 1000";
const GROUPS: &str = "SELECT name, '' FROM groups
    WHERE standing IN ('member', 'asked', 'invited') LIMIT 1000";
const POSTS: &str = "SELECT id, name FROM posts LIMIT 1000";
const RUNS_OF_OURS: &str = "SELECT r.id, coalesce(p.name, '') || ' ' || r.argv FROM runs r
    LEFT JOIN people p ON p.fingerprint = r.person WHERE r.ours AND NOT r.over LIMIT 1000";
const RUNS_OF_THEIRS: &str = "SELECT r.id, coalesce(p.name, '') || ' ' || r.argv FROM runs r
    LEFT JOIN people p ON p.fingerprint = r.person WHERE NOT r.ours AND NOT r.over LIMIT 1000";
const GRANTS: &str = "SELECT g.id, coalesce(p.name, '') || ' ' || g.argv FROM grants g
    LEFT JOIN people p ON p.fingerprint = g.person LIMIT 1000";

#[cfg(test)]
mod tests {
    use super::*;

    /// A friend, somebody who asks, somebody blocked; a group; one of each that has an id.
    const ROWS: &str = "
        INSERT INTO people (id, fingerprint, name, identity)
            VALUES (1, x'01', 'bob', x'01'), (2, x'02', 'cat', x'02'), (3, x'03', 'dan', x'03'),
            (4, x'04', NULL, x'04');
        INSERT INTO bonds (person, friendship, words, blocked)
            VALUES (1, 'friends', NULL, 0), (2, 'asking', 'hi', 0), (3, 'none', NULL, 1);
        INSERT INTO groups (grp, name, leader, standing)
            VALUES (x'01', 'tea', x'01', 'member'), (x'02', 'old', x'01', 'gone');
        INSERT INTO posts VALUES (zeroblob(16), 'a.png', 1, '/a.png', x'00', 0, 0);
        INSERT INTO grants VALUES (zeroblob(16), x'01', '[\"ls\"]', NULL);
        INSERT INTO runs VALUES (x'01', 1, zeroblob(16), 0, '[\"ours\"]'),
            (x'02', 0, zeroblob(16), 0, '[\"theirs\"]'),
            (x'03', 0, zeroblob(16), 1, '[\"over\"]');";

    #[test]
    fn each_kind_of_word_has_what_it_stands_for() {
        let mut store = ClientStore::open_in_memory().expect("a store");
        store.db.connection.execute_batch(ROWS).expect("the tables are there");
        for (known, expected) in [
            (Known::People, "bob, cat, dan, "),
            (Known::Asking, "cat hi, "),
            (Known::Friends, "bob, "),
            (Known::Blocked, "dan, "),
            (Known::Groups, "tea, "),
            (Known::Posts, "AAAAAA a.png, "),
            (Known::Grants, "AAAAAA bob [\"ls\"], "),
            (Known::RunsOfOurs, "AAAAAA bob [\"ours\"], "),
            (Known::RunsOfTheirs, "AAAAAA cat [\"theirs\"], "),
        ] {
            let mut words = Vec::new();
            let kept = store.known(known, &mut |word, about| {
                words.push([word.as_str(), " ", about.as_str()].concat().trim_end().to_owned());
            });
            kept.expect("good SQL");
            words.sort();
            let words: String = words.iter().map(|word| [word.as_str(), ", "].concat()).collect();
            assert_eq!(words, expected, "{known:?}");
        }
    }
}
