//! What a word on the line may become: what the profile knows, and files.

use super::Heard;
use crate::proto::client::Client;
use crate::proto::model::event::SessionState;
use crate::proto::model::person::Target;
use crate::proto::model::transfer::FileState;
use crate::shell::front::edit::{Choice, Offers, Wanted};
use crate::shell::front::verbs::Kind;
use crate::shell::store::StoreError;
use crate::shell::store::client::ClientStore;
use crate::shell::store::known::Known;
use std::fs;
use std::path::PathBuf;

/// A profile, to be asked for words.
pub(in crate::shell::client) struct Profile<'a> {
    pub store: &'a mut ClientStore,
    pub machine: &'a Client,
    pub heard: &'a Heard,
}

/// Entries of a directory that are looked at.
const ENTRIES: usize = 4096;

impl Offers for Profile<'_> {
    fn offer(&mut self, wanted: Wanted<'_>) -> Vec<Choice> {
        let mut choices = Vec::new();
        let offered = match wanted.kind {
            Kind::Path => return files(wanted.begin, ""),
            Kind::Wav => return files(wanted.begin, ".wav"),
            Kind::Id => self.ids(wanted, &mut choices),
            Kind::Group => self.words(Known::Groups, &mut choices),
            Kind::With => self
                .words(Known::Groups, &mut choices)
                .and_then(|()| self.people(Known::People, &mut choices)),
            _ => match wanted.verb {
                "accept" | "decline" => {
                    self.sessions(|state| state == SessionState::Offered, &mut choices)
                }
                "close" => self.sessions(|_| true, &mut choices),
                verb => self.people(people(verb), &mut choices),
            },
        };
        if let Err(why) = offered {
            log::debug!("completing: {why}");
        }
        choices
    }
}

/// Which people a verb is about.
fn people(verb: &str) -> Known {
    match verb {
        "confirm" | "reject" => Known::Asking,
        "unfriend" => Known::Friends,
        "unblock" => Known::Blocked,
        _ => Known::People,
    }
}

impl Profile<'_> {
    fn words(&mut self, known: Known, choices: &mut Vec<Choice>) -> Result<(), StoreError> {
        self.store.known(known, &mut |word, about| choices.push(Choice { word, about }))
    }

    fn people(&mut self, known: Known, choices: &mut Vec<Choice>) -> Result<(), StoreError> {
        self.words(known, choices)?;
        if known == Known::People {
            choices.extend(self.heard.names().map(Choice::from));
        }
        Ok(())
    }

    fn sessions(
        &self,
        fits: fn(SessionState) -> bool,
        choices: &mut Vec<Choice>,
    ) -> Result<(), StoreError> {
        choices.extend(self.machine.in_session(fits).map(Choice::from));
        Ok(())
    }

    fn ids(&mut self, wanted: Wanted<'_>, choices: &mut Vec<Choice>) -> Result<(), StoreError> {
        match wanted.verb {
            "drop" => self.store.outbox(&mut |row| {
                let about = [&row.label, ": ", &row.text].concat();
                choices.push(Choice { word: row.id.short(), about });
            }),
            "take" | "refuse" => self.files(choices, |from_us, state| {
                !from_us && matches!(state, FileState::Offered | FileState::Taken)
            }),
            "cancel" => {
                self.files(choices, |_, state| {
                    matches!(state, FileState::Offered | FileState::Taken)
                })?;
                self.words(Known::RunsOfOurs, choices)
            }
            "allow" | "deny" => self.words(Known::RunsOfTheirs, choices),
            "revoke" => self.words(Known::Grants, choices),
            "post rm" => self.words(Known::Posts, choices),
            "post get" => {
                let of = wanted.before.first().and_then(|owner| Target::parse(owner));
                let listed = of.map_or(&[][..], |of| self.machine.posts_listed(&of));
                choices.extend(listed.iter().map(|id| Choice::from(id.short().as_str())));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn files(
        &mut self,
        choices: &mut Vec<Choice>,
        fits: fn(bool, FileState) -> bool,
    ) -> Result<(), StoreError> {
        self.store.files(&|_| None, &mut |file| {
            if fits(file.to.is_some(), file.state) {
                let with = file.from.or(file.to).unwrap_or_default();
                let about = [&with, ": ", &file.name].concat();
                choices.push(Choice { word: file.id.short(), about });
            }
        })
    }
}

/// Files whose path begins so, and directories; what is hidden only if its dot was typed.
fn files(begin: &str, suffix: &str) -> Vec<Choice> {
    let (directory, name) = begin.split_at(begin.rfind('/').map_or(0, |at| at + 1));
    let mut choices = Vec::new();
    let Ok(entries) = fs::read_dir(place(directory)) else { return choices };
    for entry in entries.flatten().take(ENTRIES) {
        let Ok(found) = entry.file_name().into_string() else { continue };
        if !found.starts_with(name) || (found.starts_with('.') && name.is_empty()) {
            continue;
        }
        let is_directory = entry.path().is_dir();
        if is_directory || found.to_ascii_lowercase().ends_with(suffix) {
            let slash = if is_directory { "/" } else { "" };
            choices.push(Choice::from([directory, &found, slash].concat().as_str()));
        }
    }
    choices
}

/// Where to look for what is called so.
fn place(directory: &str) -> PathBuf {
    match (directory.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ if directory.is_empty() => PathBuf::from("."),
        _ => PathBuf::from(directory),
    }
}
