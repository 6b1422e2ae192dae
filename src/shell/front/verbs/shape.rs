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
