//! Posts: files that we offer to our friends, and theirs.
//!
//! | side | input | output |
//! |---|---|---|
//! | owner | `post add`, read | kept; post `added` |
//! | owner | `WantPosts` of a friend | `Posts` |
//! | owner | `WantPost` of a friend | an `Offer` that answers; it fails if the file is another |
//! | owner | `WantPost` of what is no post, or of somebody who is no friend | `NoPost` |
//! | owner | they are a friend no more | what is offered to them has failed |
//! | asker | `post list NAME`, they are there | `WantPosts`; done with `Posts` |
//! | asker | `post get` | kept until it is answered; `WantPost`; post `asked` |
//! | asker | the `Offer` that answers | a taken file; post `done` or `failed` with it |
//! | asker | `NoPost`, `cancel`; they are blocked, or a friend no more | gone; post `failed` |

use super::Client;
use super::file_names::{floor_char, name_of};
use super::offering::{Draft, Goal};
use super::transfers::{Entry, Key};
use super::wishes::Wish;
use crate::proto::bytes::Bytes;
use crate::proto::id::MsgId;
use crate::proto::limits;
use crate::proto::model::command::{Place, Ticket};
use crate::proto::model::event::Event;
use crate::proto::model::letter::Body;
use crate::proto::model::notice::{PostRow, Row};
use crate::proto::model::person::{Fingerprint, Person, Target};
use crate::proto::model::record::Record;
use crate::proto::model::refusal::Refusal;
use crate::proto::model::transfer::{FileState, Offer, Post, PostState, Posted, Transfer};
use crate::proto::table::Table;

/// What we offer to our friends, and what we asked of theirs.
#[derive(Default)]
pub(super) struct Posts {
    ours: Table<MsgId, Post>,
    /// Lists asked for, of whom, and by which verb.
    asked: Table<MsgId, (Fingerprint, Ticket)>,
    /// What friends listed last, so that the beginning of an id is enough to name one.
    listed: Table<Fingerprint, Vec<MsgId>>,
    /// How often friends were given our list since they last had taken all that waited for them.
    given: Table<Fingerprint, u8>,
}

impl Client {
    /// Ids of the posts that somebody listed last.
    pub fn posts_listed(&self, of: &Target) -> &[MsgId] {
        let found = self.people.find(of).and_then(|who| self.posts.listed.get(&who.fingerprint));
        found.map_or(&[], Vec::as_slice)
    }
}

impl Posts {
    pub fn restore(ours: Vec<Post>) -> Posts {
        let ours = ours.into_iter().map(|post| (post.id, post)).collect();
        Posts { ours, ..Posts::default() }
    }

    /// The one post of ours whose id begins so.
    fn pick(&self, id: &str) -> Result<&Post, Refusal> {
        one(id, self.ours.keys()).map(|id| &self.ours[&id])
    }
}

/// The one id that begins so.
fn one<'a>(start: &str, ids: impl Iterator<Item = &'a MsgId>) -> Result<MsgId, Refusal> {
    let start = start.to_ascii_uppercase();
    let mut found = ids.filter(|id| id.to_text().starts_with(&start));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(*id),
        (Some(_), Some(_)) => Err(Refusal::Ambiguous("post")),
        (None, _) => Err(Refusal::NoPost(start)),
    }
}

impl Client {
    pub(super) fn add_post(&mut self, ticket: Ticket, path: String) {
        if self.posts.ours.len() >= limits::POSTS {
            return self.core.done(ticket, Err(Refusal::Busy("posts")));
        }
        self.prepare(ticket, path, Goal::Post);
    }

    /// The file has been read.
    pub(super) fn offer_to_friends(&mut self, ticket: Ticket, draft: Draft) {
        let mut name = name_of(&draft.path);
        name.truncate(floor_char(&name, limits::FILE_NAME_BYTES));
        let Draft { path, bytes, modified_ns, digest, .. } = draft;
        let (id, at) = (self.new_id(), self.core.now.wall);
        let post = Post { id, path, name, bytes, digest, modified_ns, at };
        self.core.keep(Record::Post(Box::new(post.clone())));
        self.say_post(&post, PostState::Added);
        let row = self.post_row(&post);
        self.core.row(ticket, row);
        self.posts.ours.insert(id, post);
        self.core.done(ticket, Ok(()));
    }

    pub(super) fn remove_post(&mut self, ticket: Ticket, id: &str) {
        let picked = self.posts.pick(id).cloned();
        let result = picked.map(|post| {
            self.posts.ours.remove(&post.id);
            self.core.keep(Record::PostGone(post.id));
            self.say_post(&post, PostState::Removed);
        });
        self.core.done(ticket, result);
    }

    pub(super) fn list_posts(&mut self, ticket: Ticket, owner: Option<Target>) {
        let Some(owner) = owner else {
            let rows: Vec<Row> = self.posts.ours.values().map(|post| self.post_row(post)).collect();
            rows.into_iter().for_each(|row| self.core.row(ticket, row));
            return self.core.done(ticket, Ok(()));
        };
        let Some(friend) = self.friend(&owner).cloned() else {
            return self.core.done(ticket, Err(Refusal::NoFriend(owner.to_string())));
        };
        if let Some(refusal) = self.may_write_to(friend.fingerprint) {
            return self.core.done(ticket, Err(refusal));
        }
        match self.sessions.open_with(friend.fingerprint) {
            Some(_) => self.ask_for_posts(ticket, &friend, true),
            None => self.wish(Target::Key(friend.fingerprint), Wish::Posts(ticket)),
        }
    }

    /// Whether the server must be asked if somebody is there: not while a session is open.
    pub(super) fn needs_server_for_posts(&self, owner: &Target) -> bool {
        let friend = self.friend(owner).map(|person| person.fingerprint);
        let is_far = |who| self.sessions.open_with(who).is_none();
        friend.is_some_and(|who| is_far(who) && self.may_write_to(who).is_none())
    }

    /// It is known whether they are there.
    pub(super) fn ask_for_posts(&mut self, ticket: Ticket, owner: &Person, online: bool) {
        if !online {
            return self.core.done(ticket, Err(Refusal::Away(owner.label())));
        }
        let asked = self.new_id();
        self.posts.asked.insert(asked, (owner.fingerprint, ticket));
        self.post_as(asked, owner.fingerprint, Body::WantPosts);
    }

    /// A verb's time is up: whether it waited for a list.
    pub(super) fn forget_listing(&mut self, ticket: Ticket) -> Option<Refusal> {
        let found = self.posts.asked.iter().find(|(_, (_, waiter))| *waiter == ticket);
        let (asked, (who, _)) = found?;
        let (asked, who) = (*asked, *who);
        self.posts.asked.remove(&asked);
        Some(Refusal::NoAnswer(self.people.label(who)))
    }

    pub(super) fn on_want_posts(&mut self, from: Fingerprint, asked: MsgId) {
        if !self.people.is_friend(from) {
            return;
        }
        let given = self.posts.given.get_or_insert_with(from, u8::default);
        if *given >= limits::LISTINGS_UNTAKEN {
            return;
        }
        *given += 1;
        let posted = |post: &Post| Posted {
            id: post.id,
            name: post.name.clone(),
            bytes: post.bytes,
            at: post.at,
        };
        let posts = self.posts.ours.values().rev().take(limits::POSTS_PAGE).map(posted).collect();
        self.post(from, Body::Posts(asked, posts));
    }

    /// They have taken all that waited for them.
    pub(super) fn forget_given(&mut self, who: Fingerprint) {
        self.posts.given.remove(&who);
    }

    pub(super) fn on_posts(&mut self, from: Fingerprint, asked: MsgId, mut posts: Vec<Posted>) {
        if self.posts.asked.get(&asked).is_none_or(|(who, _)| *who != from) {
            return;
        }
        let Some((_, ticket)) = self.posts.asked.remove(&asked) else { return };
        posts.truncate(limits::POSTS_PAGE);
        if self.posts.listed.len() >= limits::LISTINGS {
            self.posts.listed.clear();
        }
        self.posts.listed.insert(from, posts.iter().map(|post| post.id).collect());
        let owner = self.people.label(from);
        for mut post in posts {
            post.name.truncate(floor_char(&post.name, limits::FILE_NAME_BYTES));
            let Posted { id, name, bytes: size, at: since } = post;
            self.core
                .row(ticket, Row::Post(PostRow { id, owner: owner.clone(), name, size, since }));
        }
        self.core.done(ticket, Ok(()));
    }

    pub(super) fn fetch_post(
        &mut self,
        ticket: Ticket,
        owner: Target,
        id: String,
        place: Option<Place>,
    ) {
        let Some(with) = self.friend(&owner).map(|person| person.fingerprint) else {
            return self.core.done(ticket, Err(Refusal::NoFriend(owner.to_string())));
        };
        if let Some(refusal) = self.may_write_to(with) {
            return self.core.done(ticket, Err(refusal));
        }
        if self.transfers.is_full() {
            return self.core.done(ticket, Err(Refusal::Busy("files")));
        }
        let listed = self.posts.listed.get(&with).map(|ids| one(&id, ids.iter()));
        let known = MsgId::from_text(&id).or_else(|| listed?.ok());
        let asked = self.new_id();
        let name = known.map_or(id, MsgId::to_text);
        let row = Transfer {
            id: asked,
            with,
            is_ours: false,
            offer: Offer {
                name: name.clone(),
                bytes: 0,
                digest: Bytes([0; 32]),
                voice: None,
                answers: None,
            },
            state: FileState::Taken,
            path: place.map(written),
            bytes: 0,
            modified_ns: 0,
            post: Some(known.unwrap_or(asked)),
            at: self.core.now.wall,
        };
        self.core.keep(Record::Transfer(Box::new(row.clone())));
        self.say_their_post(&row, PostState::Asked, None);
        let mut entry = Entry::new(row);
        entry.waiters.extend((ticket != Ticket::NOBODY).then_some(ticket));
        self.transfers.by_key.insert(Key { with, is_ours: false, id: asked }, entry);
        self.post_as(asked, with, Body::WantPost(name));
    }

    pub(super) fn on_want_post(&mut self, from: Fingerprint, asked: MsgId, id: &str) {
        if !self.people.is_friend(from) {
            // One word is enough, however often they ask.
            if !self.outbox.waits_for(from) {
                self.refuse_post(from, asked, "no such post".into());
            }
            return;
        }
        let post = match self.posts.pick(id) {
            Ok(post) => post.clone(),
            Err(Refusal::Ambiguous(_)) => {
                return self.refuse_post(from, asked, "more than one post".into());
            }
            Err(_) => return self.refuse_post(from, asked, "no such post".into()),
        };
        let is_much = self.transfers.count(from, true) >= limits::OFFERS_PAIR;
        if self.transfers.is_full() || is_much {
            return self.refuse_post(from, asked, "too many at once".into());
        }
        // Whether the file is as it was is seen when they take it, as of any file: an answer that
        // waited for that would be lost with the program.
        let draft = Draft {
            path: post.path,
            bytes: post.bytes,
            modified_ns: post.modified_ns,
            digest: post.digest,
            voice: None,
            answers: Some(asked),
            post: Some(post.id),
            why: None,
        };
        let id = self.new_id();
        self.offer(Ticket::NOBODY, id, from, draft);
    }

    /// What there is between us and somebody has changed. If they are a friend no more, what was
    /// offered to them as one goes no further; then, or if we block them, no answer of theirs comes
    /// to what we asked for.
    pub(super) fn mind_posts_with(&mut self, who: Fingerprint) {
        let is_friend = self.people.is_friend(who);
        if !is_friend || self.people.is_blocked(who) {
            let why = if is_friend { "blocked by you" } else { "a friend no more" };
            let asks = self.transfers.of(who).filter(|(key, e)| !key.is_ours && e.is_ask());
            for key in asks.map(|(key, _)| *key).collect::<Vec<_>>() {
                self.end_file(key, FileState::Failed, None, Some(why.to_owned()));
            }
        }
        if is_friend {
            return;
        }
        let posts = self.transfers.of(who).filter(|(key, e)| key.is_ours && e.row.post.is_some());
        for key in posts.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.fail_sending(key, "no such post");
        }
    }

    /// The offer that answers what was asked for: taken, without another word.
    pub(super) fn take_post(&mut self, asked: Key, file: Key) {
        let Some(mut ask) = self.transfers.by_key.remove(&asked) else { return };
        ask.row.state = FileState::Done;
        ask.row.at = self.core.now.wall;
        self.core.keep(Record::Transfer(Box::new(ask.row.clone())));
        if let Some(entry) = self.transfers.by_key.get_mut(&file) {
            entry.row.post = ask.row.post;
            entry.waiters = ask.waiters;
        }
        self.keep_file(file);
        self.claim(file, ask.row.path.map(read));
    }

    pub(super) fn on_no_post(&mut self, from: Fingerprint, asked: MsgId, why: &str) {
        let key = Key { with: from, is_ours: false, id: asked };
        if self.transfers.by_key.get(&key).is_some_and(Entry::is_ask) {
            let why = &why[..floor_char(why, limits::REQUEST_TEXT_BYTES)];
            self.end_file(key, FileState::Failed, None, Some(why.to_owned()));
        }
    }

    /// The end of a file that is a friend's post.
    pub(super) fn say_end_of_post(&mut self, row: &Transfer, why: Option<String>) {
        if !row.is_ours && row.post.is_some() {
            let is_here = row.state == FileState::Done;
            let state = if is_here { PostState::Done } else { PostState::Failed };
            self.say_their_post(row, state, why);
        }
    }

    fn say_their_post(&mut self, row: &Transfer, state: PostState, why: Option<String>) {
        self.core.event(Event::Post {
            id: row.post.unwrap_or(row.id),
            owner: self.people.label(row.with),
            name: row.offer.name.clone(),
            size: row.offer.bytes,
            state,
            path: row.path.clone().filter(|_| state == PostState::Done),
            why,
        });
    }

    fn refuse_post(&mut self, to: Fingerprint, asked: MsgId, why: String) {
        self.post(to, Body::NoPost(asked, why));
    }

    fn friend(&self, target: &Target) -> Option<&Person> {
        self.people.find(target).filter(|person| self.people.is_friend(person.fingerprint))
    }

    fn say_post(&mut self, post: &Post, state: PostState) {
        self.core.event(Event::Post {
            id: post.id,
            owner: self.my_label(),
            name: post.name.clone(),
            size: post.bytes,
            state,
            path: Some(post.path.clone()),
            why: None,
        });
    }

    fn post_row(&self, post: &Post) -> Row {
        Row::Post(PostRow {
            id: post.id,
            owner: self.my_label(),
            name: post.name.clone(),
            size: post.bytes,
            since: post.at,
        })
    }

    fn my_label(&self) -> String {
        let name = self.my_name().map(|name| name.to_string());
        name.unwrap_or_else(|| self.me.fingerprint().to_string())
    }
}

/// A place as the path that is kept: that of a directory ends in a slash.
fn written(place: Place) -> String {
    match place {
        Place::Into(dir) => format!("{}/", dir.trim_end_matches('/')),
        Place::At(path) => path,
    }
}

fn read(path: String) -> Place {
    if path.ends_with('/') { Place::Into(path) } else { Place::At(path) }
}
