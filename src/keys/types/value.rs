//! Sealing and opening one value in the context of the statement.

use super::kinds::Form;
use super::{in_row, literals};
use crate::context;
use crate::keys::ring::{self, Here};
use crate::pg::error::{OrRaise, raise};
use crate::pg::role;
use crate::sys::{analysis, varlena};
use pgrx::pg_sys::Datum;
use watertight_core::keys::{
    BLIND_INDEX_BYTES, Kind, SEARCH_PREFIX, Sealed, decode_text, decoded_text_len, encode_text,
    encoded_text_len, in_alter_table, is_text_form, malformed, not_genuine, not_sealed, opened_for_all,
    probe, sealed_form_only, sealed_form_refused, sealed_len,
};
use watertight_core::{Code, Fault};

/// The context of the statement, if it has one.
#[inline]
pub fn here() -> Option<Here> {
    context::place().or_raise().map(|(tenant, compartment)| Here { tenant, compartment })
}

/// The context that values are put out for. PostgreSQL puts them out in messages, also where nothing is opened.
#[inline]
pub fn reader() -> Option<Here> {
    here().filter(|_| !role::is_restricted())
}

/// Where rows are sealed or opened: not in ALTER TABLE, which goes through those of all tenants.
#[inline]
pub fn refuse_in_alter_table() {
    if analysis::is_altering() {
        raise(in_alter_table());
    }
}

/// No sealed form in ALTER TABLE, which could write it into rows as something else. Output functions are called through others (`array_out`,
/// `format`, `to_jsonb`), so who calls them says nothing. PostgreSQL needs it for its messages while it builds an index. That is a
/// security-restricted operation inside of the statement; nor is it for `encrypt_column()`, whose statement is inside of one.
#[inline]
fn refuse_to_put_out() {
    if analysis::is_altering()
        && !in_row::is_at_work()
        && (analysis::is_altering_restricted() || !role::is_restricted())
    {
        raise(in_alter_table());
    }
}

/// A value is sealed because a client, or the text of a statement, has written it.
pub fn from_client(kind: Kind, here: Here, plaintext: &[u8]) -> Datum {
    literals::sealed(kind);
    seal(kind, here, b"", plaintext)
}

/// A new sealed value.
pub fn seal(kind: Kind, here: Here, context: &[u8], plaintext: &[u8]) -> Datum {
    let length = sealed_len(kind, plaintext.len());
    if length > varlena::MAX_CONTENT {
        raise(Fault::new(Code::ProgramLimitExceeded, "the value is too long to be sealed"));
    }
    let index = (kind == Kind::Searchable).then(|| ring::index(here, plaintext).or_raise());
    let (value, sealed) = varlena::build(length, |out| {
        ring::seal(here, |sealer, nonce| {
            sealer.seal_into(kind, index.as_ref(), context, nonce, plaintext, out)
        })
    });
    if !sealed.or_raise() {
        raise(Fault::new(Code::ProgramLimitExceeded, "the value cannot be sealed"));
    }
    value
}

/// A client, or the text of a statement, has written the sealed form, without a context.
pub fn restore_from_client(kind: Kind, text: &[u8]) -> Datum {
    literals::sealed(kind);
    restore(kind, text)
}

/// A value for a literal that nobody will ever see.
pub fn nothing(kind: Kind) -> Datum {
    literals::sealed(kind);
    varlena::build(SEARCH_PREFIX, |out| out.copy_from_slice(&probe(&[0; BLIND_INDEX_BYTES]))).0
}

/// Without a context: a value from its sealed form, as it was put out. It may be of anybody, so it is for those who may write into anybody's
/// rows.
pub fn restore(kind: Kind, text: &[u8]) -> Datum {
    if !is_text_form(text) {
        raise(sealed_form_only(kind));
    }
    if !role::bypasses_row_security(role::current()) {
        raise(sealed_form_refused(kind));
    }
    let length = decoded_text_len(text).map_err(|_| malformed(kind)).or_raise();
    let (value, read) = varlena::build(length, |out| {
        decode_text(text, out).and_then(|()| Sealed::parse(out).map(|sealed| sealed.kind == kind))
    });
    match read {
        Ok(true) => value,
        _ => raise(malformed(kind)),
    }
}

/// The sealed form of a value. What is none is not put out: a dump that has it could not be restored.
pub fn put_out(sealed: &[u8], form: Form) -> Datum {
    refuse_to_put_out();
    if Sealed::parse(sealed).is_err() {
        raise(not_sealed());
    }
    let length = encoded_text_len(sealed.len()).unwrap_or(usize::MAX);
    let (text, written) = form.build(length, |out| encode_text(sealed, out));
    if !written {
        raise(too_long_to_put_out());
    }
    text
}

/// The same as a JSON string: nothing in it needs to be escaped.
pub fn put_out_quoted(sealed: &[u8]) -> Datum {
    refuse_to_put_out();
    if Sealed::parse(sealed).is_err() {
        raise(not_sealed());
    }
    let length =
        encoded_text_len(sealed.len()).and_then(|length| length.checked_add(2)).unwrap_or(usize::MAX);
    let (text, written) = Form::Varlena.build(length, |out| match out {
        [first, middle @ .., last] => {
            (*first, *last) = (b'"', b'"');
            encode_text(sealed, middle)
        }
        _ => false,
    });
    if !written {
        raise(too_long_to_put_out());
    }
    text
}

fn too_long_to_put_out() -> Fault {
    Fault::new(Code::ProgramLimitExceeded, "the value is too long to be put out in its sealed form")
}

/// What was sealed. Not in ALTER TABLE, whoever calls. Not in a security-restricted operation, whoever's it is: PostgreSQL keeps what it
/// computes there for everybody, and has it computed also inside of what we do with the rights of a table's owner.
pub fn open(
    kind: Kind,
    here: Here,
    context: Option<&[u8]>,
    value: &[u8],
    form: Form,
    is_text: bool,
) -> Datum {
    refuse_in_alter_table();
    if role::is_restricted() {
        raise(opened_for_all(kind));
    }
    open_for_row(kind, here, context, value, form, is_text)
}

/// The same for the statement of `decrypt_column()`, which is in one: whoever calls this has seen its ticket.
pub fn open_for_row(
    kind: Kind,
    here: Here,
    context: Option<&[u8]>,
    value: &[u8],
    form: Form,
    is_text: bool,
) -> Datum {
    let sealed = Sealed::parse(value).ok().filter(|sealed| sealed.kind == kind);
    let Some(sealed) = sealed else { raise(malformed(kind)) };
    let (plaintext, opened) = form.build(sealed.plaintext_len(), |out| {
        let opened = ring::open(here, sealed.key, |sealer| {
            sealer.open_into(&sealed, context.unwrap_or_default(), out)
        })?;
        opened.map_err(|_| not_genuine(context.is_some()))?;
        // It may come from a database with another encoding.
        if is_text && !varlena::is_text(out) {
            return Err(malformed(kind).detail("It is not text in the encoding of this database."));
        }
        Ok(())
    });
    opened.or_raise();
    plaintext
}
