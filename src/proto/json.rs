//! JSON in and out, as our types have it: a variant is `{"event":"WORD",…}`, its fields beside it.
//!
//! `serde` can tag variants so itself, but then reads each into a value of any shape first, and
//! that is compiled anew for each of ours. Here `serde_json` finds where values begin and end, and
//! what is in them is read by code that the types share.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde::ser::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Text that is no value of the type, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadJson(String);

/// Reads `text`, all of it, as one value: an object or a list.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, BadJson> {
    T::deserialize(Value(text.trim_matches([' ', '\t', '\r', '\n'])))
}

/// A variant's text.
pub fn variant_text<T: Serialize>(value: &T) -> String {
    let mut scratch = Vec::new();
    let (word, fields) = variant(&mut scratch, value);
    let comma: &[u8] = if fields.is_empty() { b"" } else { b"," };
    let text = [b"{\"event\":\"", word, b"\"", comma, fields, b"}"].concat();
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// A variant's word and its fields, `"KEY":VALUE,…`: two parts of what `scratch` then holds.
pub fn variant<'a, T: Serialize>(scratch: &'a mut Vec<u8>, value: &T) -> (&'a [u8], &'a [u8]) {
    scratch.clear();
    serde_json::to_writer(&mut *scratch, value).expect("text keys, and a Vec takes all bytes");
    parts(scratch).expect("a variant is written as {\"WORD\":{…}}")
}

fn parts(written: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = written.strip_prefix(b"{\"")?.strip_suffix(b"}}")?;
    let word_end = inner.iter().position(|byte| *byte == b'"')?;
    let (word, rest) = inner.split_at(word_end);
    Some((word, rest.strip_prefix(b"\":{")?))
}

/// One of the few types that `serde_json` reads itself.
fn scan<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, BadJson> {
    serde_json::from_str(text).map_err(de::Error::custom)
}

/// A value's text.
#[derive(Clone, Copy)]
struct Value<'de>(&'de str);

// What is not generic here is what the types share.
impl<'de> Value<'de> {
    #[inline(never)]
    fn text(self) -> Result<Cow<'de, str>, BadJson> {
        match self.0.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
            _ => scan(self.0).map(Cow::Owned),
        }
    }

    #[inline(never)]
    fn list(self) -> Result<Vec<Value<'de>>, BadJson> {
        let values: Vec<&RawValue> = scan(self.0)?;
        Ok(values.into_iter().map(|value| Value(value.get())).collect())
    }

    #[inline(never)]
    fn fields(self) -> Result<Vec<(&'de str, Value<'de>)>, BadJson> {
        scan::<Fields<'de>>(self.0).map(|fields| fields.0)
    }

    /// The word of a variant, and its fields unless it has none.
    #[inline(never)]
    fn variant(self) -> Result<Variant<'de>, BadJson> {
        if self.0.starts_with('"') {
            return Ok(Variant { word: self.text()?, content: None });
        }
        let fields = self.fields()?;
        let tag = fields.iter().find(|(key, _)| *key == "event");
        let (_, word) = tag.ok_or_else(|| de::Error::missing_field("event"))?;
        Ok(Variant { word: word.text()?, content: Some(self) })
    }

    fn parsed<T: std::str::FromStr>(self) -> Result<T, BadJson> {
        self.0.parse().map_err(|_| self.is_not("such a number"))
    }

    #[inline(never)]
    fn is_not(self, what: &str) -> BadJson {
        BadJson(format!("{} is not {what}", self.0))
    }
}

macro_rules! integers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
            if self.0.starts_with('-') {
                visitor.visit_i64(self.parsed()?)
            } else {
                visitor.visit_u64(self.parsed()?)
            }
        })+
    };
}

macro_rules! texts {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
            match self.text()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            }
        })+
    };
}

macro_rules! unknown {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, BadJson> {
            Err(self.is_not("of a kind that is read"))
        })+
    };
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = BadJson;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }
    texts! { deserialize_str deserialize_string deserialize_identifier }
    unknown! {
        deserialize_any deserialize_f32 deserialize_char deserialize_bytes deserialize_byte_buf
        deserialize_unit deserialize_map
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.is_not("true or false")),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        let number = serde_json::from_str(self.0).map_err(|_| self.is_not("such a number"))?;
        visitor.visit_f64(number)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        if self.0 == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        let mut values = SeqDeserializer::new(self.list()?.into_iter());
        let value = visitor.visit_seq(&mut values)?;
        values.end().map(|()| value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, BadJson> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        visitor.visit_map(MapDeserializer::new(self.fields()?.into_iter()))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        visitor.visit_enum(self.variant()?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadJson> {
        visitor.visit_unit()
    }
}

impl<'de> IntoDeserializer<'de, BadJson> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A variant of an enum: its word, and where its fields are.
struct Variant<'de> {
    word: Cow<'de, str>,
    content: Option<Value<'de>>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = BadJson;
    type Variant = Content<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content<'de>), BadJson> {
        let word = seed.deserialize(self.word.into_deserializer())?;
        Ok((word, Content(self.content)))
    }
}

/// What a variant has beside its word.
struct Content<'de>(Option<Value<'de>>);

impl<'de> Content<'de> {
    fn value(self) -> Result<Value<'de>, BadJson> {
        self.0.ok_or_else(|| BadJson("a word alone, without its fields".to_owned()))
    }
}

impl<'de> de::VariantAccess<'de> for Content<'de> {
    type Error = BadJson;

    fn unit_variant(self) -> Result<(), BadJson> {
        self.0.map_or(Ok(()), |content| Err(content.is_not("a word alone")))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, BadJson> {
        seed.deserialize(self.value()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, BadJson> {
        self.value()?.deserialize_unit(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadJson> {
        self.value()?.deserialize_struct("", fields, visitor)
    }
}

/// An object's fields as they come.
struct Fields<'de>(Vec<(&'de str, Value<'de>)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((key, value)) = map.next_entry::<_, &RawValue>()? {
            fields.push((key, Value(value.get())));
        }
        Ok(Fields(fields))
    }
}

impl de::Error for BadJson {
    fn custom<T: fmt::Display>(why: T) -> BadJson {
        BadJson(why.to_string())
    }
}

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadJson {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Plain,
        Other,
    }

    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    struct Inner {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        kind: Option<Kind>,
        list: Vec<(i64, u64)>,
    }

    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Whole {
        Boxed(Box<Inner>),
        Named {
            on: bool,
            seconds: f64,
        },
        Bare {
            #[serde(skip_serializing_if = "Option::is_none", default)]
            on: Option<bool>,
        },
    }

    fn boxed(text: &str, kind: Option<Kind>) -> Whole {
        let list = vec![(i64::MIN, u64::MAX), (-1, 0)];
        Whole::Boxed(Box::new(Inner { text: text.to_owned(), kind, list }))
    }

    #[test]
    fn what_is_written_is_read() {
        let named = Whole::Named { on: true, seconds: 1.5 };
        assert_eq!(variant_text(&named), r#"{"event":"named","on":true,"seconds":1.5}"#);
        assert_eq!(variant_text(&Whole::Bare { on: None }), r#"{"event":"bare"}"#);
        for whole in [
            named,
            Whole::Bare { on: None },
            boxed("", None),
            boxed("}}\"}", Some(Kind::Plain)),
            boxed("a \\ \u{1F980} \u{1}\n", Some(Kind::Other)),
        ] {
            let text = variant_text(&whole);
            assert_eq!(read(&text), Ok(whole), "{text}");
        }
    }

    #[test]
    fn order_spaces_and_unknown_fields_do_not_matter() {
        let text = r#" { "seconds" : 2 , "new" : [{}, null] , "event" : "named", "on" :false } "#;
        assert_eq!(read(text), Ok(Whole::Named { on: false, seconds: 2.0 }));
        let text = r#"{"event":"boxed","text":"\ud83e\udd80","kind":null,"list":[]}"#;
        let inner = Inner { text: "\u{1F980}".to_owned(), kind: None, list: Vec::new() };
        assert_eq!(read(text), Ok(Whole::Boxed(Box::new(inner))));
    }

    #[test]
    fn what_is_no_value_is_told_why() {
        let why = |text: &str| read::<Whole>(text).expect_err(text).to_string();
        assert_eq!(why(r#"{"event":"named","on":true}"#), "missing field `seconds`");
        assert_eq!(why(r#"{"on":true}"#), "missing field `event`");
        assert_eq!(why(r#"{"event":"named","on":1}"#), "1 is not true or false");
        assert!(why(r#"{"event":"named","seconds":"2"}"#).contains("\"2\" is not such a number"));
        assert!(why(r#"{"event":"novelty"}"#).contains("unknown variant `novelty`"));
        for text in ["", "garbage", "{", "{}x", "[]", "\"named\"", r#"{"event":"named"} {}"#] {
            assert!(read::<Whole>(text).is_err(), "{text}");
        }
        assert!(read::<u8>("256").is_err() && read::<u8>("-1").is_err());
        assert!(read::<(u8, u8)>("[1,2,3]").is_err() && read::<(u8, u8)>("[1]").is_err());
    }
}
