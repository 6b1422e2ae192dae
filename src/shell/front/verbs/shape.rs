//! How a verb looks on a line, and where help lists it.

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
    /// A message's id.
    Id,
    /// Not negative.
    Number,
    /// RFC 3339, a date, or seconds since 1970.
    Time,
    /// An event's kind.
    Event,
    /// A verb.
    Verb,
}

/// Where help lists a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Being there.
    Presence,
    /// Talking.
    Sessions,
    /// Who is who to me.
    Friends,
    /// What was said.
    Messages,
    /// The program itself.
    Program,
}

impl Kind {
    /// How usage lines write it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Name => "NAME",
            Kind::Peer => "NAME|HOST:PORT",
            Kind::Names => "NAME[,NAME…]",
            Kind::Prefix => "PREFIX",
            Kind::Text | Kind::Words => "TEXT",
            Kind::Id => "ID",
            Kind::Number => "N",
            Kind::Time => "TIME",
            Kind::Event => "KIND",
            Kind::Verb => "VERB",
        }
    }
}
