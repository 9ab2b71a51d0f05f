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
    // One that is searched for is a literal like any other.
    let what = if kind == Kind::Searchable { "encrypt or search for" } else { "encrypt" };
    Fault::new(
        Code::InvalidAuthorization,
        format!("cannot {what} a value of type {} without a tenant context", kind.type_name()),
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
        Kind::Function => "cannot encrypt or decrypt without a tenant context".to_owned(),
        Kind::Searchable => {
            format!("cannot search for a value of type {} without a tenant context", kind.type_name())
        }
        _ => format!("cannot decrypt a value of type {} without a tenant context", kind.type_name()),
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

/// PostgreSQL opens a value where it works for everybody: for statistics, an index, a materialized view.
pub fn opened_for_all(kind: Kind) -> Fault {
    let message = match kind {
        Kind::Function => "cannot decrypt for statistics, an index or a materialized view".to_owned(),
        _ => format!(
            "cannot open a value of type {} for statistics, an index or a materialized view",
            kind.type_name()
        ),
    };
    Fault::new(Code::FeatureNotSupported, message)
        .detail("It would be kept in the clear, for everybody.")
        .hint("Drop the statistics object, index or view whose expression opens values, or leave the opening to whoever reads. Before protect() with backfill, fill the column by hand where a constraint or trigger opens values.")
}

/// Where the results of an expression are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// A statistics object.
    Statistics,
    /// An index, its condition, or an exclusion constraint.
    Index,
    /// A stored generated column.
    Column,
    /// The key of a partitioned table.
    PartitionKey,
}

/// An expression whose results are kept hands a sealed value to a function that may open it.
pub fn opened_value_kept(keeper: Keeper) -> Fault {
    let keeper = match keeper {
        Keeper::Statistics => "a statistics object",
        Keeper::Index => "an index",
        Keeper::Column => "a generated column",
        Keeper::PartitionKey => "a partition key",
    };
    Fault::new(Code::FeatureNotSupported, format!("cannot keep what an encrypted value says in {keeper}"))
        .detail("An expression gives such a value to a function, or uses one of watertight's that depend on the context. What comes out would be kept in the clear, for everybody.")
        .hint("Drop what has the expression, or leave it out. To search for equal values, give the column the type watertight.searchable_text.")
}

/// What is known of a function that an expression calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called {
    /// The extension's own.
    pub ours: bool,
    /// The server's own.
    pub built_in: bool,
    /// Declared as IMMUTABLE.
    pub immutable: bool,
}

impl Called {
    /// It may stand in an expression whose results are kept. What the extension computes in a context may not.
    pub fn may_be_kept(self) -> bool {
        self.immutable || !self.ours
    }

    /// It may be given a sealed value there. What the server and we call IMMUTABLE opens nothing: putting a value out is STABLE. What a
    /// user calls so may be anything.
    pub fn may_be_given_sealed(self) -> bool {
        self.immutable && (self.ours || self.built_in)
    }
}

/// ALTER TABLE would seal or open the values of all rows in the one context that it has, or in none.
pub fn in_alter_table() -> Fault {
    Fault::new(Code::FeatureNotSupported, "cannot encrypt or decrypt in ALTER TABLE")
        .detail("A value belongs to the tenant of its row, and ALTER TABLE knows only one context, or none.")
        .hint(
            "Use watertight.encrypt_column() and watertight.decrypt_column(). Add a column without a default, and fill it under each tenant's token. If it is a foreign key that is added, a row violates it.",
        )
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
    fn nobody_else_is_given_a_value_where_results_are_kept() {
        let called = |ours, built_in, immutable| Called { ours, built_in, immutable };
        for (function, kept, given) in [
            // watertight.text(), key_id(), and of the server: format(), cardinality(); of users.
            (called(true, false, false), false, false),
            (called(true, false, true), true, true),
            (called(false, true, false), true, false),
            (called(false, true, true), true, true),
            (called(false, false, false), true, false),
            (called(false, false, true), true, false),
        ] {
            assert_eq!(
                (function.may_be_kept(), function.may_be_given_sealed()),
                (kept, given),
                "{function:?}"
            );
        }
    }

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
