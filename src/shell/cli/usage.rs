//! What the programs say of themselves: `--help`, `--version`.

use super::options::{self, OptionRow};
use crate::shell::front::help;
use std::fmt::Write;

pub(super) fn version(program: &str) -> String {
    format!("{program} {}\n", env!("CARGO_PKG_VERSION"))
}

pub(super) fn client() -> String {
    let mut text = "\
usage: hobnob [OPTIONS]              talk: lines from the terminal, a pipe or a file
       hobnob [OPTIONS] listen       print events until told to stop
       hobnob [OPTIONS] VERB ...     one verb; by a hobnob of the profile that runs, if one does
"
    .to_owned();
    push_options(&mut text, options::CLIENT);
    text.push_str(
        "Options may stand in the file config in the profile, a line each: timeout = 30. The\n\
         command line outweighs HOBNOB_HOME, HOBNOB_SERVER, HOBNOB_NAME and HOBNOB_TRANSCRIBER in\n\
         the environment, and that the file; --time=no takes back time = yes.\n\n",
    );
    text.push_str(
        "Verbs; in lines with a slash before: /msg bob hi. A line without one goes to the current\n\
         conversation, //x says /x. With --json also {\"cmd\":\"msg\",\"args\":[\"bob\",\"hi\"],\n\
         \"ref\":7}, answered by {\"event\":\"done\",\"ref\":7,\"ok\":true};\n\
         \"wait\" and \"timeout\" may be given there, too.\n\n",
    );
    text.push_str(&help::all());
    let _ = write!(text, "\n{EXIT_CODES}");
    text
}

pub(super) fn server() -> String {
    let mut text = "usage: hobnobd [OPTIONS]\n".to_owned();
    push_options(&mut text, options::SERVER);
    text.push_str(
        "Options may stand in the file config among the data, a line each: hold-days = 7.\n\n",
    );
    text.push_str("On stdin, while it is open: who, stats, kick NAME, forget NAME, quit.\n");
    text
}

fn push_options(text: &mut String, opts: &[OptionRow]) {
    text.push_str("\nOptions:\n");
    for OptionRow { short, long, hint, help, .. } in opts {
        let dash = if short.is_empty() { "    ".to_owned() } else { format!("-{short}, ") };
        let gap = if hint.is_empty() { "" } else { " " };
        let option = format!("{dash}--{long}{gap}{hint}");
        let _ = writeln!(text, "  {option:29} {help}");
    }
    text.push('\n');
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  answered, and the answer is no: refused, declined, unknown name, nothing found
  2  usage: the command line is wrong
  3  unreachable: the server, or a peer needed live, did not answer
  4  local failure: disk, permissions, corrupt profile, address in use
  5  identity changed: a key is not the pinned one
  6  time ran out before the state waited for; the message stays queued
A script of lines ends with 0, whatever its lines were answered, unless the program itself failed.
";
