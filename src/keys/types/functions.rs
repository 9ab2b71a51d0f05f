//! `encrypt()` and `decrypt()`: for callers that bind a value to something of their own.

use super::kinds::Form;
use super::value::{here, open, refuse_in_alter_table, seal};
use crate::pg::error::raise;
use crate::sys::function::{Call, raw_function};
use crate::sys::xact;
use pgrx::pg_sys::Datum;
use watertight_core::keys::{Kind, no_context};
use watertight_core::{Code, Fault};

fn encrypt(call: Call) -> Datum {
    let (Some(text), Some(context)) = (call.content(0), call.content(1)) else { return call.null() };
    refuse_in_alter_table();
    let Some(here) = here() else { raise(no_context(Kind::Function)) };
    // The client can keep it, and uses of keys are not counted here.
    if xact::in_recovery() {
        raise(Fault::new(Code::NotInPrerequisiteState, "cannot encrypt on a standby"));
    }
    seal(Kind::Function, here, context, text)
}

fn decrypt(call: Call) -> Datum {
    let (Some(value), Some(context)) = (call.content(0), call.content(1)) else { return call.null() };
    refuse_in_alter_table();
    let Some(here) = here() else { raise(no_context(Kind::Function)) };
    open(Kind::Function, here, Some(context), value, Form::Varlena, true)
}

raw_function!(wt_encrypt, pg_finfo_wt_encrypt, encrypt);
raw_function!(wt_decrypt, pg_finfo_wt_decrypt, decrypt);
