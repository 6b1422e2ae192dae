//! How a verb looks on a line.

/// What stands behind a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// It must be there.
    Must(Kind),
    /// It may be left out.
    May(Kind),
    /// An option with a value.
    Option(&'static str, Kind),
    /// An option without.
    Flag(&'static str),
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One person.
    Name,
    /// One person, or where one can be dialled.
    Peer,
    /// Several people, by commas.
    Names,
    /// How a name begins.
    Prefix,
    /// The rest of the line, exact.
    Text,
    /// Text in one word, or in quotes.
    Words,
    /// A message's id, or a file's, a post's, a command's, a grant's.
    Id,
    /// Not negative.
    Number,
    /// RFC 3339, a date, seconds since 1970, or a span.
    Time,
    /// What a new group is to be called.
    GroupName,
    /// One group.
    Group,
    /// One person or group.
    With,
    /// A file or directory.
    Path,
    /// A WAV file.
    Wav,
    /// The exact words of a command: the rest of the line.
    Command,
    /// An event's kind.
    Event,
    /// How much to be told.
    Level,
    /// A verb.
    Verb,
}

impl Kind {
    /// What help says of it, where its word does not say all.
    pub fn what(self) -> Option<&'static str> {
        Some(match self {
            Kind::Name | Kind::Names => "a name, a virtual address or a fingerprint",
            Kind::Peer => "a name, address or fingerprint, HOST:PORT, or a group",
            Kind::With => "a person, or a group as NAME or NAME@LEADER",
            Kind::Group => "its NAME, or NAME@LEADER where there are several",
            Kind::GroupName => "1 to 32 of a-z 0-9 . _ -, first a letter",
            Kind::Id => "as it was shown, or how it begins: four letters or more",
            Kind::Time => "RFC 3339, a date, seconds since 1970, or a span: 30m, 2h, 7d",
            Kind::Words => "in double quotes if it has spaces",
            Kind::Command => "split into words as a shell does, but run without one",
            Kind::Event => "message, session, file and so on, as in --json",
            Kind::Wav => "the path of a WAV file",
            Kind::Prefix | Kind::Text | Kind::Number | Kind::Path | Kind::Level | Kind::Verb => {
                return None;
            }
        })
    }

    /// How usage lines write it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Name | Kind::GroupName => "NAME",
            Kind::Peer => "NAME|HOST:PORT",
            Kind::Names => "NAME[,NAME…]",
            Kind::Prefix => "PREFIX",
            Kind::Text | Kind::Words => "TEXT",
            Kind::Id => "ID",
            Kind::Number => "N",
            Kind::Time => "TIME",
            Kind::Event => "KIND",
            Kind::Group => "GROUP",
            Kind::With => "NAME|GROUP",
            Kind::Path => "PATH",
            Kind::Wav => "WAV",
            Kind::Command => "COMMAND…",
            Kind::Level => "off|mentions|all",
            Kind::Verb => "VERB",
        }
    }
}
