//! The two tables of options: argv, `--help`, README, manual pages and completions come from them.

/// One option.
#[derive(Debug)]
pub struct OptionRow {
    /// Its letter; empty where it has none.
    pub short: &'static str,
    /// Its name, without dashes.
    pub long: &'static str,
    /// What its value is called; empty where it takes none.
    pub hint: &'static str,
    /// The values that there are, where they are few.
    pub choices: &'static [&'static str],
    /// The value that it has without being given, where that is always the same.
    pub default: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
}

impl OptionRow {
    /// Whether its value is two words.
    pub fn is_pair(&self) -> bool {
        self.long == "on"
    }

    /// Whether it may be given more than once.
    pub fn is_repeated(&self) -> bool {
        matches!(self.long, "on" | "verbose")
    }

    /// Whether it may stand without its value.
    pub fn is_optional(&self) -> bool {
        self.hint.starts_with('[')
    }

    /// Whether it is set or not, and can be taken back: `--time=no`.
    pub fn is_switch(&self) -> bool {
        self.hint.is_empty() && !matches!(self.long, "help" | "version" | "verbose")
    }
}

/// Of `hobnob`.
#[rustfmt::skip]
pub static CLIENT: &[OptionRow] = &[
    OptionRow { short: "H", long: "home", hint: "DIR", choices: &[],
        default: "", help: "the profile (default: hobnob in the XDG data directory)" },
    OptionRow { short: "n", long: "name", hint: "NAME", choices: &[],
        default: "", help: "the name to register; needed on the first run only" },
    OptionRow { short: "s", long: "server", hint: "HOST:PORT[#KEY]", choices: &[],
        default: "", help: "the server, pinned to KEY or the one first seen; kept" },
    OptionRow { short: "", long: "no-server", hint: "", choices: &[],
        default: "no", help: "peers by address and on the local network only" },
    OptionRow { short: "", long: "host", hint: "[ADDR:PORT]", choices: &[],
        default: "", help: "be the server as well, in this process (default: [::]:12000)" },
    OptionRow { short: "", long: "proxy", hint: "socks5://HOST:PORT", choices: &[],
        default: "", help: "dial through this (Tor), and tell nobody an address" },
    OptionRow { short: "l", long: "listen", hint: "ADDR:PORT", choices: &[],
        default: "", help: "where peers reach us, TCP and UDP (default: [::]:0)" },
    OptionRow { short: "", long: "paths", hint: "LIST", choices: &[],
        default: "direct,udp,relay",
        help: "which paths to peers are used (default: direct,udp,relay)" },
    OptionRow { short: "", long: "port-mapping", hint: "WHETHER", choices: &["yes", "no"],
        default: "yes",
        help: "yes or no: ask the router for a port (default: yes)" },
    OptionRow { short: "", long: "accept", hint: "WHO", choices: &["friends", "all", "none"],
        default: "friends",
        help: "friends, all or none: let in without asking (default: friends)" },
    OptionRow { short: "", long: "wait", hint: "STATE",
        choices: &["queued", "sent", "held", "delivered"],
        default: "held",
        help: "how far msg must come: queued, sent, held, delivered (default: held)" },
    OptionRow { short: "t", long: "timeout", hint: "SECONDS", choices: &[],
        default: "10", help: "how long a verb may take (default: 10)" },
    OptionRow { short: "", long: "files", hint: "DIR", choices: &[],
        default: "", help: "where files go that are taken (default: files in the profile)" },
    OptionRow { short: "", long: "transcriber", hint: "'CMD {wav}'", choices: &[],
        default: "", help: "what writes voice down; '' for none (default: one found)" },
    OptionRow { short: "", long: "on", hint: "EVENT COMMAND", choices: &[],
        default: "", help: "what to run for each event of a kind, or all; repeat for more" },
    OptionRow { short: "", long: "on-seconds", hint: "N", choices: &[],
        default: "30", help: "how long that may take (default: 30)" },
    OptionRow { short: "", long: "notify", hint: "'CMD'", choices: &[],
        default: "", help: "what to run for a direct message or a mention; {from} {group} {text}" },
    OptionRow { short: "", long: "run-seconds", hint: "N", choices: &[],
        default: "60", help: "how long a command of somebody else's may run (default: 60)" },
    OptionRow { short: "", long: "run-output", hint: "BYTES", choices: &[],
        default: "1M", help: "what it may write (default: 1M)" },
    OptionRow { short: "", long: "run-memory", hint: "BYTES", choices: &[],
        default: "256M", help: "memory that each process of it may have (default: 256M)" },
    OptionRow { short: "j", long: "json", hint: "", choices: &[],
        default: "no", help: "JSON lines out, and JSON or slash lines in" },
    OptionRow { short: "", long: "time", hint: "", choices: &[],
        default: "no", help: "the moment before each plain line" },
    OptionRow { short: "v", long: "verbose", hint: "", choices: &[],
        default: "0", help: "more log on stderr; repeat for more (RUST_LOG does it too)" },
    OptionRow { short: "h", long: "help", hint: "", choices: &[],
        default: "", help: "this text" },
    OptionRow { short: "V", long: "version", hint: "", choices: &[],
        default: "", help: "the version" },
];

/// Of `hobnobd`.
#[rustfmt::skip]
pub static SERVER: &[OptionRow] = &[
    OptionRow { short: "l", long: "listen", hint: "ADDR:PORT", choices: &[],
        default: "", help: "TCP and UDP; port 0 takes a free one (default: [::]:12000)" },
    OptionRow { short: "d", long: "data", hint: "DIR", choices: &[],
        default: "",
        help: "key, accounts, held mail (default: hobnobd in the XDG data directory)" },
    OptionRow { short: "", long: "pool", hint: "CIDR", choices: &[],
        default: "100.64.0.0/10",
        help: "where virtual addresses come from (default: 100.64.0.0/10)" },
    OptionRow { short: "", long: "max-clients", hint: "N", choices: &[],
        default: "10000", help: "clients at most (default: 10000)" },
    OptionRow { short: "", long: "hold-days", hint: "N", choices: &[],
        default: "30", help: "days that mail is held (default: 30)" },
    OptionRow { short: "", long: "hold-bytes", hint: "N", choices: &[],
        default: "16777216", help: "bytes of mail held for one person (default: 16777216)" },
    OptionRow { short: "j", long: "json", hint: "", choices: &[],
        default: "no", help: "JSON lines out" },
    OptionRow { short: "v", long: "verbose", hint: "", choices: &[],
        default: "0", help: "more log on stderr; repeat for more (RUST_LOG does it too)" },
    OptionRow { short: "h", long: "help", hint: "", choices: &[],
        default: "", help: "this text" },
    OptionRow { short: "V", long: "version", hint: "", choices: &[],
        default: "", help: "the version" },
];
