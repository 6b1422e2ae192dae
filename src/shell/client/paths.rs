//! Paths, made absolute by the process that reads them: it knows where it stands.

use crate::proto::model::command::{Place, Verb};
use crate::proto::model::refusal::Exit;
use crate::shell::front::args::Args;
use crate::shell::front::verbs::VerbRow;
use crate::shell::front::{Failure, Request};
use std::path::{self, Path};

/// Makes the path among the words of a verb absolute; one of a directory ends with a slash.
pub(super) fn settle_words(words: &mut [String]) -> Result<(), Failure> {
    let mut args = Args::Words(words);
    let Ok(row) = VerbRow::find(&mut args) else { return Ok(()) };
    let Args::Words(behind) = args else { return Ok(()) };
    let first = words.len() - behind.len();
    if let Some(option) = row.path_option() {
        settle_option(option, &mut words[first..])?;
    }
    if let Some(word) = row.path_at().and_then(|at| words.get_mut(first + at))
        && !word.is_empty()
    {
        *word = match place(absolute(word)?) {
            Place::Into(directory) => format!("{}/", directory.trim_end_matches('/')),
            Place::At(path) => path,
        };
    }
    Ok(())
}

/// The same for the value of an option, behind it or behind a `=`; of several, for each.
fn settle_option(option: &str, words: &mut [String]) -> Result<(), Failure> {
    let mut is_value = false;
    for word in words {
        let inline = word.strip_prefix(option).and_then(|rest| rest.strip_prefix('='));
        let settled = match inline.filter(|path| !path.is_empty()) {
            Some(path) => Some(format!("{option}={}", absolute(path)?)),
            None if is_value && !word.is_empty() => Some(absolute(word)?),
            None => None,
        };
        is_value = word == option;
        if let Some(settled) = settled {
            *word = settled;
        }
    }
    Ok(())
}

/// Makes the path of a request that was typed absolute; `~/` is the home directory.
pub(super) fn settle(request: &mut Request, home: Option<&str>) -> Result<(), Failure> {
    if let Request::Export { to: Some(path), .. } = request {
        *path = absolute(&expanded(path, home))?;
    }
    let Request::Ask(verb) = request else { return Ok(()) };
    if let Verb::Send { path, .. } | Verb::Voice { path, .. } | Verb::PostAdd(path) = verb {
        *path = absolute(&expanded(path, home))?;
    } else if let Verb::Take { place: Some(to), .. } | Verb::PostGet { place: Some(to), .. } = verb
    {
        let (Place::At(path) | Place::Into(path)) = &*to;
        *to = place(absolute(&expanded(path, home))?);
    }
    Ok(())
}

/// Whether a file goes there under its own name: into what is a directory, or is written as one.
fn place(path: String) -> Place {
    match path.ends_with('/') || Path::new(&path).is_dir() {
        true => Place::Into(path),
        false => Place::At(path),
    }
}

/// The user's home directory, if that is known.
pub(super) fn home() -> Option<String> {
    std::env::var("HOME").ok().filter(|home| home.starts_with('/'))
}

/// The path, with `~` at its beginning for the home directory.
pub(super) fn expanded(path: &str, home: Option<&str>) -> String {
    match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{home}{rest}")
        }
        _ => path.to_owned(),
    }
}

/// A path from the root on; what it says of itself is kept.
pub(super) fn absolute(path: &str) -> Result<String, Failure> {
    let failed = |why: String| Failure { exit: Exit::Usage, error: format!("{path}: {why}") };
    let absolute = path::absolute(path).map_err(|why| failed(why.to_string()))?;
    let bytes = absolute.into_os_string().into_string();
    bytes.map_err(|_| failed("the working directory is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::model::event::Stage;
    use crate::proto::time::Wall;
    use crate::shell::front::lines;
    use crate::shell::front::verbs::Defaults;

    fn settled(words: &[&str]) -> Vec<String> {
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        settle_words(&mut words).expect("good paths");
        words
    }

    fn asked(line: &str) -> Verb {
        let defaults = Defaults { until: Stage::Held, now: Wall(0) };
        let asked = lines::parse(line, true, defaults).expect("a line");
        let mut request = asked.request.expect("good");
        settle(&mut request, Some("/home/me")).expect("good paths");
        match request {
            Request::Ask(verb) => verb,
            other => panic!("{other:?}"),
        }
    }

    fn here(name: &str) -> String {
        std::env::current_dir().expect("we stand somewhere").join(name).display().to_string()
    }

    #[test]
    fn words_of_argv_name_what_they_did_where_they_were_typed() {
        assert_eq!(settled(&["send", "bob", "a b.png"]), ["send", "bob", &here("a b.png")]);
        assert_eq!(settled(&["post", "add", "./x"]), ["post", "add", &here("x")]);
        assert_eq!(settled(&["POST", "Upload", "x"]), ["POST", "Upload", &here("x")]);
        assert_eq!(settled(&["take", "5F2Q"]), ["take", "5F2Q"]);
        assert_eq!(settled(&["take", "5F2Q", "src"]), ["take", "5F2Q", &here("src/")]);
        assert_eq!(settled(&["take", "5F2Q", "new/"]), ["take", "5F2Q", &here("new/")]);
        assert_eq!(settled(&["take", "5F2Q", "/"]), ["take", "5F2Q", "/"]);
        assert_eq!(settled(&["post", "get", "bob", "5F2Q", "x"])[4], here("x"));
        assert_eq!(settled(&["send", "bob", "~/x"])[2], here("~/x"));
        assert_eq!(settled(&["run", "bob", "ls", "x"]), ["run", "bob", "ls", "x"]);
        assert_eq!(settled(&["export", "--out", "x"]), ["export", "--out", &here("x")]);
        assert_eq!(settled(&["export", "--out=x"]), ["export", &format!("--out={}", here("x"))]);
        assert_eq!(settled(&["nope", "x"]), ["nope", "x"]);
    }

    #[test]
    fn typed_paths_may_begin_at_home_and_may_be_quoted() {
        let path_of = |line: &str| match asked(line) {
            Verb::Send { path, .. } => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(path_of("/send bob '~/a b.png'"), "/home/me/a b.png");
        assert_eq!(path_of(r#"{"cmd":"send","args":["bob","~/a b.png"]}"#), "/home/me/a b.png");
        assert_eq!(path_of("/send bob ~bob/x"), here("~bob/x"));
        assert_eq!(path_of("/send bob a~/x"), here("a~/x"));
    }

    #[test]
    fn a_file_goes_into_a_directory_or_under_a_new_name() {
        let place_of = |line: &str| match asked(line) {
            Verb::Take { place, .. } => place,
            other => panic!("{other:?}"),
        };
        assert_eq!(place_of("/take 5F2Q"), None);
        assert_eq!(place_of("/take 5F2Q src"), Some(Place::Into(here("src"))));
        assert_eq!(place_of("/take 5F2Q new/"), Some(Place::Into(here("new/"))));
        assert_eq!(place_of("/take 5F2Q new"), Some(Place::At(here("new"))));
        assert_eq!(place_of("/take 5F2Q ~/new/"), Some(Place::Into("/home/me/new/".to_owned())));
    }
}
