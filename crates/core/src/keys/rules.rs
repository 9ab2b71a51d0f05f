//! Who may open what, and what is said to whoever may not.

use super::sealed::Kind;
use crate::{Code, Fault};
use uuid::Uuid;

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The tenant.
    pub tenant: Uuid,
    /// The compartment; nil for global.
    pub compartment: Uuid,
}

/// What is put out for a sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The plaintext.
    Plaintext,
    /// The value as it is stored.
    SealedForm,
}

/// What a context makes of a value of `holder`'s key. `context` is its tenant, and which compartments it reads; `None` without one.
///
/// # Errors
/// 42501 for a context that is another tenant's, or does not read the compartment. The sealed form would be no harm to the value, but
/// an application would take it for the plaintext, and store it again as that.
#[inline]
pub fn may_open(
    context: Option<(&Uuid, impl FnOnce(&Uuid) -> bool)>,
    holder: &Holder,
) -> Result<Opening, Fault> {
    let Some((tenant, reads)) = context else { return Ok(Opening::SealedForm) };
    if *tenant != holder.tenant {
        return Err(refused("another tenant"));
    }
    if !reads(&holder.compartment) {
        return Err(refused("another compartment"));
    }
    Ok(Opening::Plaintext)
}

#[cold]
fn refused(whose: &str) -> Fault {
    Fault::new(Code::InsufficientPrivilege, format!("the value is sealed for {whose}"))
        .detail("It opens where it belongs, and nowhere else.")
}

/// No context, and a text that is not in the sealed form.
pub fn sealed_form_only(kind: Kind) -> Fault {
    Fault::new(
        Code::InvalidAuthorization,
        format!("no tenant context to seal a value of type {} in", kind.type_name()),
    )
    .detail("Without a context, only the sealed form is accepted, as a dump has it.")
    .hint("Start the transaction with SELECT watertight.begin($1), or SET LOCAL watertight.token.")
}

/// No context, and the sealed form from somebody who may write into his own tenant's rows only: it may be another one's value.
#[cold]
pub fn sealed_form_refused(kind: Kind) -> Fault {
    Fault::new(
        Code::InsufficientPrivilege,
        format!("permission denied to store a sealed value of type {}", kind.type_name()),
    )
    .detail("Without a context, the sealed form is accepted from roles that row security does not bind, as for a restore.")
    .hint("Restore as a superuser or a role with BYPASSRLS; to write, start the transaction with SELECT watertight.begin($1).")
}

/// No context, and a value that has to be sealed, opened or searched for.
pub fn no_context(kind: Kind) -> Fault {
    let message = match kind {
        Kind::Function => "no tenant context to encrypt or decrypt in".to_owned(),
        _ => format!("no tenant context to use values of type {} in", kind.type_name()),
    };
    Fault::new(Code::InvalidAuthorization, message)
        .hint("Start the transaction with SELECT watertight.begin($1), or SET LOCAL watertight.token.")
}

/// A literal that would be kept for all contexts: in a default, a view, a rule, a policy.
pub fn literal_kept(kind: Kind) -> Fault {
    let name = kind.type_name();
    Fault::new(Code::FeatureNotSupported, format!("cannot keep a literal of type {name}"))
        .detail("It would be one tenant's value, sealed now, for everybody and for ever.")
        .hint(format!("Write a cast, which is sealed when it runs: 'value'::text::{name}."))
}

/// What a client has sent is no value of the plain type. What is wrong with it is not said: that would be a part of the value.
pub fn invalid(kind: Kind) -> Fault {
    Fault::new(Code::InvalidText, format!("invalid input for type {}", kind.type_name()))
}

/// Not a sealed value of this kind.
pub fn malformed(kind: Kind) -> Fault {
    let message = match kind {
        Kind::Function => "not what watertight.encrypt() has returned".to_owned(),
        _ => format!("not a sealed value of type {}", kind.type_name()),
    };
    Fault::new(Code::InvalidText, message)
        .detail("It is cut off, spelled otherwise than it was put out, or of another type.")
}

/// What is stored is not a sealed value at all.
#[cold]
pub fn not_sealed() -> Fault {
    Fault::new(Code::DataCorrupted, "a stored value is not a sealed value")
        .detail("It is not put out, because nothing would take it in again.")
}

/// The tag is not the one of these bytes under their key. `context_given`: by whoever called `decrypt()`, so it may be a wrong one.
pub fn not_genuine(context_given: bool) -> Fault {
    if context_given {
        return Fault::new(Code::InvalidParameter, "the value does not open with this context")
            .detail("It was sealed with another context, or is not what was sealed.");
    }
    Fault::new(Code::DataCorrupted, "a sealed value is not genuine")
        .detail("It was changed after it was sealed, or is not the value that was sealed under its key.")
}

/// A value names a key that is not in this database.
pub fn unknown_key() -> Fault {
    Fault::new(Code::UndefinedObject, "the key of the value is not in this database").detail(
        "The value was sealed in another installation, or the tables of the keys were not restored with it.",
    )
}

/// A value, or a tenant, whose key was destroyed.
pub fn shredded() -> Fault {
    Fault::new(Code::NotInPrerequisiteState, "the key of the value was destroyed")
        .detail("Nothing that was sealed under it can be read again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_where_it_belongs() {
        let (ours, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (global, room, else_where) = (Uuid::nil(), Uuid::from_u128(7), Uuid::from_u128(8));
        let reads = |id: &Uuid| *id == global || *id == room;
        let ask = |tenant: &Uuid, compartment| {
            may_open(Some((tenant, reads)), &Holder { tenant: ours, compartment }).map_err(|fault| fault.code)
        };
        assert_eq!(ask(&ours, global), Ok(Opening::Plaintext));
        assert_eq!(ask(&ours, room), Ok(Opening::Plaintext));
        assert_eq!(ask(&ours, else_where), Err(Code::InsufficientPrivilege));
        assert_eq!(ask(&other, global), Err(Code::InsufficientPrivilege));
        let nobody = None::<(&Uuid, fn(&Uuid) -> bool)>;
        for compartment in [global, room, else_where] {
            assert_eq!(may_open(nobody, &Holder { tenant: ours, compartment }), Ok(Opening::SealedForm));
        }
    }
}
