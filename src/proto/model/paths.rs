//! Which kinds of paths to peers are used.

use super::event::Path;

/// A choice of [`Path`]s, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paths {
    /// TCP between the two.
    pub direct: bool,
    /// Datagrams between the two.
    pub udp: bool,
    /// Through the server.
    pub relay: bool,
}

impl Paths {
    /// All of them.
    pub const ALL: Paths = Paths { direct: true, udp: true, relay: true };

    /// Their words, with commas between them.
    pub fn parse(text: &str) -> Option<Paths> {
        let mut paths = Paths { direct: false, udp: false, relay: false };
        for word in text.split(',') {
            match word.trim() {
                word if word == Path::Direct.word() => paths.direct = true,
                word if word == Path::Udp.word() => paths.udp = true,
                word if word == Path::Relay.word() => paths.relay = true,
                _ => return None,
            }
        }
        Some(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_named_by_their_words() {
        assert_eq!(Paths::parse("direct,udp,relay"), Some(Paths::ALL));
        let udp = Paths { direct: false, udp: true, relay: false };
        assert_eq!(Paths::parse(" udp "), Some(udp));
        assert_eq!(Paths::parse(""), None);
        assert_eq!(Paths::parse("udp,"), None);
        assert_eq!(Paths::parse("tcp"), None);
    }
}
