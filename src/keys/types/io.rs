//! Input and output. In a context: what the plain type would take and give. Without one: the sealed form.

use super::kinds::{Bytea, Form, Jsonb, Searchable, Text, Type};
use super::literals;
use super::value::{
    from_client, here, nothing, open, put_out, reader, refuse_in_alter_table, restore_from_client,
};
use crate::keys::ring::Here;
use crate::pg::error::raise;
use crate::sys::function::{Call, raw_function};
use crate::sys::message;
use pgrx::pg_sys::Datum;
use watertight_core::keys::{Kind, invalid};

fn input<T: Type>(call: Call) -> Datum {
    let Some(text) = call.cstring(0) else { return call.null() };
    refuse_conversion(call);
    match here() {
        Some(here) => seal_text::<T>(here, text),
        None if literals::is_for_nobody(call) => nothing(T::KIND),
        None => restore_from_client(T::KIND, text),
    }
}

fn seal_text<T: Type>(here: Here, text: &[u8]) -> Datum {
    match T::from_text(text) {
        Some(plaintext) => from_client(T::KIND, here, plaintext),
        None => raise(invalid(T::KIND)),
    }
}

fn output<T: Type>(call: Call) -> Datum {
    let Some(value) = call.content(0) else { return call.null() };
    refuse_conversion(call);
    to_text::<T>(value)
}

/// A conversion by way of text is a cast: refused also where a sealed form is put out for a message.
#[inline]
fn refuse_conversion(call: Call) {
    if call.is_in_expression() {
        refuse_in_alter_table();
    }
}

fn to_text<T: Type>(value: &[u8]) -> Datum {
    match reader() {
        Some(here) => T::to_text(|form| open(T::KIND, here, None, value, form, T::IS_TEXT)),
        None => put_out(value, Form::CString),
    }
}

fn receive<T: Type>(call: Call) -> Datum {
    match here() {
        Some(here) if T::KIND == Kind::Bytea => from_client(T::KIND, here, message::bytes(call)),
        Some(here) => seal_text::<T>(here, message::text(call)),
        None => restore_from_client(T::KIND, message::text(call)),
    }
}

fn send<T: Type>(call: Call) -> Datum {
    let Some(value) = call.content(0) else { return call.null() };
    match reader() {
        Some(here) if T::KIND == Kind::Bytea => open(T::KIND, here, None, value, Form::Varlena, false),
        _ => message::send_text(to_text::<T>(value)),
    }
}

raw_function!(wt_encrypted_text_in, pg_finfo_wt_encrypted_text_in, input::<Text>);
raw_function!(wt_encrypted_text_out, pg_finfo_wt_encrypted_text_out, output::<Text>);
raw_function!(wt_encrypted_text_recv, pg_finfo_wt_encrypted_text_recv, receive::<Text>);
raw_function!(wt_encrypted_text_send, pg_finfo_wt_encrypted_text_send, send::<Text>);
raw_function!(wt_encrypted_bytea_in, pg_finfo_wt_encrypted_bytea_in, input::<Bytea>);
raw_function!(wt_encrypted_bytea_out, pg_finfo_wt_encrypted_bytea_out, output::<Bytea>);
raw_function!(wt_encrypted_bytea_recv, pg_finfo_wt_encrypted_bytea_recv, receive::<Bytea>);
raw_function!(wt_encrypted_bytea_send, pg_finfo_wt_encrypted_bytea_send, send::<Bytea>);
raw_function!(wt_encrypted_jsonb_in, pg_finfo_wt_encrypted_jsonb_in, input::<Jsonb>);
raw_function!(wt_encrypted_jsonb_out, pg_finfo_wt_encrypted_jsonb_out, output::<Jsonb>);
raw_function!(wt_encrypted_jsonb_recv, pg_finfo_wt_encrypted_jsonb_recv, receive::<Jsonb>);
raw_function!(wt_encrypted_jsonb_send, pg_finfo_wt_encrypted_jsonb_send, send::<Jsonb>);
raw_function!(wt_searchable_text_in, pg_finfo_wt_searchable_text_in, input::<Searchable>);
raw_function!(wt_searchable_text_out, pg_finfo_wt_searchable_text_out, output::<Searchable>);
raw_function!(wt_searchable_text_recv, pg_finfo_wt_searchable_text_recv, receive::<Searchable>);
raw_function!(wt_searchable_text_send, pg_finfo_wt_searchable_text_send, send::<Searchable>);
