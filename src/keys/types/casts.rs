//! Casts from and to the plain types.

use super::kinds::{Bytea, Form, Jsonb, Searchable, Text, Type};
use super::value::{here, open, put_out, put_out_quoted, refuse_in_alter_table, restore, seal};
use crate::keys::ring::Here;
use crate::pg::error::raise;
use crate::sys::convert;
use crate::sys::function::{Call, raw_function};
use pgrx::pg_sys::Datum;
use watertight_core::keys::{invalid, malformed, no_context, sealed_form_only};

fn text_to<T: Type>(call: Call) -> Datum {
    let Some(text) = call.content(0) else { return call.null() };
    refuse_in_alter_table();
    match here() {
        Some(here) => seal(T::KIND, here, b"", text),
        None => restore(T::KIND, text),
    }
}

fn to_text<T: Type>(call: Call) -> Datum {
    let Some(value) = call.content(0) else { return call.null() };
    refuse_in_alter_table();
    match here() {
        Some(here) => open(T::KIND, here, None, value, Form::Varlena, true),
        None => put_out(value, Form::Varlena),
    }
}

fn bytea_to(call: Call) -> Datum {
    let Some(bytes) = call.content(0) else { return call.null() };
    refuse_in_alter_table();
    let Some(here) = here() else { raise(sealed_form_only(Bytea::KIND)) };
    seal(Bytea::KIND, here, b"", bytes)
}

fn to_bytea(call: Call) -> Datum {
    let Some(value) = call.content(0) else { return call.null() };
    refuse_in_alter_table();
    let Some(here) = here() else { raise(no_context(Bytea::KIND)) };
    open(Bytea::KIND, here, None, value, Form::Varlena, false)
}

fn jsonb_to(call: Call) -> Datum {
    let Some(value) = call.word(0) else { return call.null() };
    refuse_in_alter_table();
    let Some(here) = here() else { raise(sealed_form_only(Jsonb::KIND)) };
    seal_jsonb(here, Datum::from(value))
}

pub(super) fn seal_jsonb(here: Here, value: Datum) -> Datum {
    match convert::text_from_jsonb(value) {
        Some(text) => seal(Jsonb::KIND, here, b"", text),
        None => raise(malformed(Jsonb::KIND)),
    }
}

fn json_to(call: Call) -> Datum {
    let Some(text) = call.content(0) else { return call.null() };
    refuse_in_alter_table();
    let Some(here) = here() else { raise(sealed_form_only(Jsonb::KIND)) };
    match Jsonb::from_text(text) {
        Some(text) => seal(Jsonb::KIND, here, b"", text),
        None => raise(invalid(Jsonb::KIND)),
    }
}

fn to_jsonb(call: Call) -> Datum {
    let Some(value) = call.content(0) else { return call.null() };
    refuse_in_alter_table();
    let Some(here) = here() else { raise(no_context(Jsonb::KIND)) };
    jsonb_of(open(Jsonb::KIND, here, None, value, Form::CString, true))
}

/// The value whose text was sealed.
pub(super) fn jsonb_of(text: Datum) -> Datum {
    convert::jsonb_from_cstring(text).unwrap_or_else(|| raise(malformed(Jsonb::KIND)))
}

/// As it is put out: JSON in a context, and without one a string, the sealed form.
fn to_json(call: Call) -> Datum {
    let Some(value) = call.content(0) else { return call.null() };
    refuse_in_alter_table();
    match here() {
        Some(here) => open(Jsonb::KIND, here, None, value, Form::Varlena, true),
        None => put_out_quoted(value),
    }
}

raw_function!(wt_text_to_encrypted_text, pg_finfo_wt_text_to_encrypted_text, text_to::<Text>);
raw_function!(wt_encrypted_text_to_text, pg_finfo_wt_encrypted_text_to_text, to_text::<Text>);
raw_function!(wt_text_to_searchable_text, pg_finfo_wt_text_to_searchable_text, text_to::<Searchable>);
raw_function!(wt_searchable_text_to_text, pg_finfo_wt_searchable_text_to_text, to_text::<Searchable>);
raw_function!(wt_bytea_to_encrypted_bytea, pg_finfo_wt_bytea_to_encrypted_bytea, bytea_to);
raw_function!(wt_encrypted_bytea_to_bytea, pg_finfo_wt_encrypted_bytea_to_bytea, to_bytea);
raw_function!(wt_jsonb_to_encrypted_jsonb, pg_finfo_wt_jsonb_to_encrypted_jsonb, jsonb_to);
raw_function!(wt_json_to_encrypted_jsonb, pg_finfo_wt_json_to_encrypted_jsonb, json_to);
raw_function!(wt_encrypted_jsonb_to_json, pg_finfo_wt_encrypted_jsonb_to_json, to_json);
raw_function!(wt_encrypted_jsonb_to_jsonb, pg_finfo_wt_encrypted_jsonb_to_jsonb, to_jsonb);
