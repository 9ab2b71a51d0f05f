//! What the types have in common, and what not.

use crate::sys::{convert, varlena};
use pgrx::pg_sys::Datum;
use watertight_core::keys::Kind;

/// One of the types. What is sealed is bytes.
pub trait Type {
    /// The kind of its values.
    const KIND: Kind;
    /// The bytes are text in the database's encoding.
    const IS_TEXT: bool = true;

    /// What is sealed, from the text that a client sends; `None` if it is no value of the plain type.
    fn from_text(text: &[u8]) -> Option<&[u8]>;

    /// The text that a client gets, as a C string, from what was sealed. `build` makes a C string (or, where asked, a value of variable
    /// length) of it.
    fn to_text(open: impl FnOnce(Form) -> Datum) -> Datum {
        open(Form::CString)
    }
}

/// What a plaintext is written into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A C string.
    CString,
    /// A value of variable length.
    Varlena,
}

impl Form {
    /// A new one of this many bytes.
    pub fn build<R>(self, length: usize, fill: impl FnOnce(&mut [u8]) -> R) -> (Datum, R) {
        match self {
            Form::CString => varlena::build_cstring(length, fill),
            Form::Varlena => varlena::build(length, fill),
        }
    }
}

/// `encrypted_text`
pub struct Text;

impl Type for Text {
    const KIND: Kind = Kind::Text;

    fn from_text(text: &[u8]) -> Option<&[u8]> {
        Some(text)
    }
}

/// `searchable_text`
pub struct Searchable;

impl Type for Searchable {
    const KIND: Kind = Kind::Searchable;

    fn from_text(text: &[u8]) -> Option<&[u8]> {
        Some(text)
    }
}

/// `encrypted_bytea`
pub struct Bytea;

impl Type for Bytea {
    const KIND: Kind = Kind::Bytea;
    const IS_TEXT: bool = false;

    fn from_text(text: &[u8]) -> Option<&[u8]> {
        convert::bytea_from_text(text)
    }

    fn to_text(open: impl FnOnce(Form) -> Datum) -> Datum {
        convert::text_from_bytea(open(Form::Varlena)).unwrap_or(Datum::null())
    }
}

/// `encrypted_jsonb`: what is sealed is the text of the jsonb, which no other version and no other machine reads otherwise.
pub struct Jsonb;

impl Type for Jsonb {
    const KIND: Kind = Kind::Jsonb;

    fn from_text(text: &[u8]) -> Option<&[u8]> {
        convert::text_from_jsonb(convert::jsonb_from_text(text)?)
    }
}
