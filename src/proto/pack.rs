//! MessagePack in: the part of it that our types are written in, and nothing else.
//!
//! What is written is written by `rmp_serde`. Its reader can read any value into any type and is
//! compiled anew for each of ours, 5 to 10 KB a type: 740 KB of the program, a quarter of what it
//! may have. This one reads what is asked for or fails; it never recurses deeper than
//! `DEPTH_MAX`, so that hostile nesting stays off the stack.
//!
//! | Rust | MessagePack (specification, "formats") |
//! |---|---|
//! | integers, `bool`, `str`, bytes | the same |
//! | `Option` | nil, or the value |
//! | sequences, tuples, structs | array |
//! | enum variant without content | str, its name |
//! | enum variant with content | map of one: its name, the content |

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use std::fmt;

/// Values in values.
const DEPTH_MAX: u8 = 32;

/// Bytes that are no value of the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPack;

/// Reads `bytes`, all of them, as one value.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadPack> {
    let mut reader = Reader { rest: bytes, depth: 0 };
    let value = T::deserialize(&mut reader)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(BadPack) }
}

struct Reader<'de> {
    rest: &'de [u8],
    depth: u8,
}

/// An integer of whatever width.
enum Int {
    Whole(u64),
    Below(i64),
}

// None of these is inlined: they are what the types share.
impl<'de> Reader<'de> {
    #[inline(never)]
    fn take(&mut self, length: usize) -> Result<&'de [u8], BadPack> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(BadPack)?;
        self.rest = rest;
        Ok(taken)
    }

    fn mark(&mut self) -> Result<u8, BadPack> {
        Ok(self.take(1)?[0])
    }

    /// A big-endian number of so many bytes.
    #[inline(never)]
    fn number(&mut self, bytes: usize) -> Result<u64, BadPack> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    #[inline(never)]
    fn int(&mut self) -> Result<Int, BadPack> {
        Ok(match self.mark()? {
            small @ 0..=0x7f => Int::Whole(u64::from(small)),
            small @ 0xe0..=0xff => Int::Below(i64::from(small as i8)),
            mark @ 0xcc..=0xcf => Int::Whole(self.number(1 << (mark - 0xcc))?),
            mark @ 0xd0..=0xd3 => {
                let bytes = 1 << (mark - 0xd0);
                let unused_bits = 64 - 8 * bytes as u32;
                Int::Below((self.number(bytes)? << unused_bits) as i64 >> unused_bits)
            }
            _ => return Err(BadPack),
        })
    }

    /// The length of what begins with one of `marks`: its short form, then 8, 16 and 32 bits.
    fn length(&mut self, mark: u8, wide: [Option<u8>; 3]) -> Result<usize, BadPack> {
        let width = wide.iter().position(|wide| *wide == Some(mark)).ok_or(BadPack)?;
        Ok(self.number(1 << width)? as usize)
    }

    #[inline(never)]
    fn text(&mut self) -> Result<&'de str, BadPack> {
        let length = match self.mark()? {
            mark @ 0xa0..=0xbf => usize::from(mark & 0x1f),
            mark => self.length(mark, [Some(0xd9), Some(0xda), Some(0xdb)])?,
        };
        std::str::from_utf8(self.take(length)?).map_err(|_| BadPack)
    }

    #[inline(never)]
    fn blob(&mut self) -> Result<&'de [u8], BadPack> {
        let mark = self.mark()?;
        let length = self.length(mark, [Some(0xc4), Some(0xc5), Some(0xc6)])?;
        self.take(length)
    }

    /// Into an array: how many values are in it.
    #[inline(never)]
    fn enter(&mut self) -> Result<usize, BadPack> {
        let length = match self.mark()? {
            mark @ 0x90..=0x9f => usize::from(mark & 0x0f),
            mark => self.length(mark, [None, Some(0xdc), Some(0xdd)])?,
        };
        self.deeper()?;
        // Each value takes a byte at least: what claims more is not believed, nor allocated for.
        if length <= self.rest.len() { Ok(length) } else { Err(BadPack) }
    }

    fn deeper(&mut self) -> Result<(), BadPack> {
        self.depth += 1;
        if self.depth <= DEPTH_MAX { Ok(()) } else { Err(BadPack) }
    }

    /// Skips this byte if it is next.
    fn skip(&mut self, mark: u8) -> bool {
        let is_next = self.rest.first() == Some(&mark);
        self.rest = &self.rest[usize::from(is_next)..];
        is_next
    }
}

const NIL: u8 = 0xc0;
const MAP_OF_ONE: u8 = 0x81;

macro_rules! integers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
            match self.int()? {
                Int::Whole(whole) => visitor.visit_u64(whole),
                Int::Below(below) => visitor.visit_i64(below),
            }
        })+
    };
}

macro_rules! unknown {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, BadPack> {
            Err(BadPack)
        })+
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = BadPack;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }
    unknown! {
        deserialize_any deserialize_f32 deserialize_f64 deserialize_char deserialize_map
        deserialize_unit deserialize_ignored_any
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        match self.mark()? {
            0xc2 => visitor.visit_bool(false),
            0xc3 => visitor.visit_bool(true),
            _ => Err(BadPack),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        visitor.visit_borrowed_bytes(self.blob()?)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        visitor.visit_borrowed_bytes(self.blob()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        if self.skip(NIL) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadPack> {
        let mut left = self.enter()?;
        let value = visitor.visit_seq(Values { reader: self, left: &mut left })?;
        self.depth -= 1;
        if left == 0 { Ok(value) } else { Err(BadPack) }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, BadPack> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, BadPack> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadPack> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, BadPack> {
        Err(BadPack)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadPack> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadPack> {
        self.deeper()?;
        let has_content = self.skip(MAP_OF_ONE);
        let value = visitor.visit_enum(Variant { reader: self, has_content })?;
        self.depth -= 1;
        Ok(value)
    }
}

/// The values of an array.
struct Values<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: &'a mut usize,
}

impl<'de> SeqAccess<'de> for Values<'_, 'de> {
    type Error = BadPack;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, BadPack> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        *self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(*self.left)
    }
}

/// A variant of an enum.
struct Variant<'a, 'de> {
    reader: &'a mut Reader<'de>,
    has_content: bool,
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = BadPack;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), BadPack> {
        let name = seed.deserialize(&mut *self.reader)?;
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = BadPack;

    fn unit_variant(self) -> Result<(), BadPack> {
        if self.has_content { Err(BadPack) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, BadPack> {
        if self.has_content { seed.deserialize(self.reader) } else { Err(BadPack) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, BadPack> {
        if self.has_content { self.reader.deserialize_seq(visitor) } else { Err(BadPack) }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadPack> {
        if self.has_content { self.reader.deserialize_seq(visitor) } else { Err(BadPack) }
    }
}

// What a type has to say of a value that it does not want is not told to the one who sent it.
impl de::Error for BadPack {
    fn custom<T: fmt::Display>(_: T) -> BadPack {
        BadPack
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> BadPack {
        BadPack
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> BadPack {
        BadPack
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> BadPack {
        BadPack
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> BadPack {
        BadPack
    }
}

impl fmt::Display for BadPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a value of this type")
    }
}

impl std::error::Error for BadPack {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bytes::Blob;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};
    use std::net::SocketAddr;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Bare,
        One(u64),
        Two(i64, String),
        Named { text: Option<String>, list: Vec<u16> },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        kind: Kind,
        flag: bool,
        blob: Blob,
        small: i8,
        list: Vec<(u32, Option<i32>)>,
        nested: Option<Box<Whole>>,
        at: SocketAddr,
    }

    fn kinds() -> impl Strategy<Value = Kind> + Clone {
        prop_oneof![
            Just(Kind::Bare),
            any::<u64>().prop_map(Kind::One),
            (any::<i64>(), ".{0,40}").prop_map(|(n, text)| Kind::Two(n, text)),
            (proptest::option::of(".{0,300}"), proptest::collection::vec(any::<u16>(), 0..40))
                .prop_map(|(text, list)| Kind::Named { text, list }),
        ]
    }

    fn wholes() -> impl Strategy<Value = Whole> {
        let list = proptest::collection::vec(any::<(u32, Option<i32>)>(), 0..30);
        let blob = proptest::collection::vec(any::<u8>(), 0..400);
        let at = any::<([u8; 4], u16)>().prop_map(SocketAddr::from).boxed();
        let leaf = (kinds(), any::<bool>(), blob, any::<i8>(), list, at).prop_map(
            |(kind, flag, blob, small, list, at)| Whole {
                kind,
                flag,
                blob: Blob(blob),
                small,
                list,
                nested: None,
                at,
            },
        );
        leaf.clone().prop_flat_map(move |inner| {
            leaf.clone()
                .prop_map(move |whole| Whole { nested: Some(Box::new(inner.clone())), ..whole })
        })
    }

    proptest! {
        #[test]
        fn what_rmp_serde_writes_is_read(whole in wholes()) {
            let bytes = rmp_serde::to_vec(&whole).expect("memory is there");
            prop_assert_eq!(read::<Whole>(&bytes), Ok(whole));
        }

        #[test]
        fn what_is_cut_or_changed_is_no_value_or_another(
            whole in wholes(),
            at in any::<proptest::sample::Index>(),
            to in any::<u8>(),
        ) {
            let mut bytes = rmp_serde::to_vec(&whole).expect("memory is there");
            let at = at.index(bytes.len());
            prop_assert_eq!(read::<Whole>(&bytes[..at]), Err(BadPack));
            bytes[at] = to;
            if let Ok(other) = read::<Whole>(&bytes) {
                let same = rmp_serde::from_slice::<Whole>(&bytes);
                prop_assert_eq!(other, same.expect("what is read here is read there"));
            }
        }
    }

    #[test]
    fn a_list_that_claims_to_be_endless_is_no_value() {
        assert_eq!(read::<Vec<u8>>(&[0xdd, 0xff, 0xff, 0xff, 0xff, 1]), Err(BadPack));
        assert_eq!(read::<String>(&[0xdb, 0xff, 0xff, 0xff, 0xff, b'a']), Err(BadPack));
    }

    #[test]
    fn hostile_nesting_ends_before_the_stack_does() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Deep(Vec<Deep>);
        assert_eq!(read::<Deep>(&[0x91; 1 << 20]), Err(BadPack));
    }

    #[test]
    fn what_follows_a_value_makes_it_none() {
        assert_eq!(read::<u8>(&[1, 2]), Err(BadPack));
        assert_eq!(read::<(u8, u8)>(&[0x93, 1, 2, 3]), Err(BadPack));
        assert_eq!(read::<u8>(&[0xcd, 1, 0]), Err(BadPack));
    }
}
