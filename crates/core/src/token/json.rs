//! JSON, strictly: one reading or none.
//!
//! RFC 8259, section 4 leaves duplicate names to the reader, and RFC 7515, section 4 and RFC 7519, section 4 allow a
//! reader to take the last one. Then two readers of one token may see two tenants, so duplicates are refused at every
//! level. Lone surrogates are no text (RFC 8259, section 8.2), and U+0000 cannot be stored by PostgreSQL.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// Nesting of objects and arrays. Deeper than any claim, shallow enough for any stack.
const MAX_DEPTH: usize = 16;

/// Up to this many members, comparing each pair is faster than sorting.
const FEW: usize = 16;

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFlaw {
    /// Not UTF-8, or not JSON.
    Syntax,
    /// Valid JSON, but not an object.
    NotObject,
    /// An object has two members of one name.
    Duplicate,
    /// Objects and arrays are nested too deeply.
    Depth,
    /// A string holds U+0000.
    Nul,
}

/// A JSON value that borrows from its text where nothing is escaped.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// A number that is no 64-bit integer. Nobody here has a use for it.
    Number,
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// A JSON object without duplicate names.
#[derive(Debug)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Whether a text is an object that every reader reads alike.
pub(crate) fn is_unambiguous(text: &str) -> bool {
    Object::parse(text.as_bytes()).is_ok()
}

impl<'a> Object<'a> {
    /// Parses a text whose top level must be an object.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, JsonFlaw> {
        let text = std::str::from_utf8(text).map_err(|_| JsonFlaw::Syntax)?;
        let flaw = Cell::new(None);
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Value { depth: 0, flaw: &flaw }
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|_| flaw.take().unwrap_or(JsonFlaw::Syntax))?;
        match value {
            Json::Object(object) => Ok(object),
            _ => Err(JsonFlaw::NotObject),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    pub(super) fn into_members(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.0.into_iter()
    }

    fn has_duplicate(&self) -> bool {
        let members = &self.0;
        if members.len() <= FEW {
            return members
                .iter()
                .enumerate()
                .any(|(i, (key, _))| members[..i].iter().any(|(k, _)| k == key));
        }
        let mut names: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// Reads one value, knowing how deep it is; says in `flaw` what serde's error cannot carry.
#[derive(Clone, Copy)]
struct Value<'f> {
    depth: usize,
    flaw: &'f Cell<Option<JsonFlaw>>,
}

impl Value<'_> {
    fn refuse<E: Error>(self, flaw: JsonFlaw) -> E {
        self.flaw.set(Some(flaw));
        E::custom("refused")
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(JsonFlaw::Depth));
        }
        Ok(Value { depth: self.depth + 1, ..self })
    }

    /// Only an escaped string can hold U+0000, and escaped strings are never borrowed.
    fn owned<'a, E: Error>(self, text: &str) -> Result<Cow<'a, str>, E> {
        if text.contains('\0') { Err(self.refuse(JsonFlaw::Nul)) } else { Ok(Cow::Owned(text.to_owned())) }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json<'de>;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Number, Json::Int))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number)
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        self.owned(text).map(Json::Text)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut object = Object(Vec::with_capacity(8));
        while let Some(key) = members.next_key_seed(Name(inner))? {
            object.0.push((key, members.next_value_seed(inner)?));
        }
        if object.has_duplicate() { Err(self.refuse(JsonFlaw::Duplicate)) } else { Ok(Json::Object(object)) }
    }
}

/// Reads the name of a member.
struct Name<'f>(Value<'f>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Cow<'de, str>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        self.0.owned(text)
    }
}
