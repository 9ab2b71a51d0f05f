//! What may be created and changed, by where it lies.

use super::id_of_schema;
use crate::{Code, Fault};

/// Who asks: the context, as far as it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside<'a> {
    /// The schema of the compartment in force, if it has one of its own.
    pub schema: Option<&'a str>,
    /// It goes with its session.
    pub ephemeral: bool,
}

/// Where temporary objects lie, as event triggers call it.
pub const TEMPORARY: &str = "pg_temp";

/// The kinds of object in an ephemeral compartment's schema that would write its rows into the write-ahead log or elsewhere.
const KEEPING: [&str; 3] = ["materialized view", "foreign table", "statistics object"];

/// A schema that is not there, or not there for this context: the same.
pub fn no_such_schema(name: &str) -> Fault {
    Fault::new(Code::UndefinedSchema, format!("schema \"{name}\" does not exist"))
}

/// Whether a command may have made or changed an object of this kind that lies in `home` (`None`: in no schema).
///
/// # Errors
/// 3F000 for what lies in another compartment; 42501 for what lies outside of one's own; 0A000 for what an ephemeral compartment
/// cannot have.
pub fn may_touch(inside: Inside<'_>, kind: &str, home: Option<&str>) -> Result<(), Fault> {
    if home == inside.schema && home.is_some() {
        return if inside.ephemeral && KEEPING.contains(&kind) {
            Err(Fault::new(
                Code::FeatureNotSupported,
                format!("an ephemeral compartment cannot have a {kind}"),
            )
            .detail("It would write rows where they outlive the compartment.")
            .hint("Create an ordinary table."))
        } else {
            Ok(())
        };
    }
    if let Some(home) = home.filter(|home| id_of_schema(home.as_bytes()).is_some()) {
        return Err(no_such_schema(home));
    }
    if inside.schema.is_none() {
        return Ok(());
    }
    match home {
        Some(TEMPORARY) if inside.ephemeral => Err(Fault::new(
            Code::FeatureNotSupported,
            "an ephemeral compartment cannot have temporary objects",
        )
        .detail("They would stay on the connection when the session has ended.")
        .hint("Create an ordinary table: it goes with the compartment.")),
        Some(TEMPORARY) => Ok(()),
        _ => Err(outside()),
    }
}

/// Whether a command may have dropped an object that lay in `home`.
///
/// # Errors
/// 42501
pub fn may_drop(inside: Inside<'_>, home: Option<&str>, temporary: bool) -> Result<(), Fault> {
    if temporary || home == inside.schema && home.is_some() {
        return Ok(());
    }
    if home.is_some_and(|home| id_of_schema(home.as_bytes()).is_some()) {
        return Err(Fault::new(
            Code::InsufficientPrivilege,
            "cannot drop what belongs to another compartment",
        )
        .hint("A superuser can, with watertight.bypass on."));
    }
    if inside.schema.is_some() { Err(outside()) } else { Ok(()) }
}

/// Something outside of the compartment's schema.
pub fn outside() -> Fault {
    Fault::new(
        Code::InsufficientPrivilege,
        "cannot create, change or drop what is outside of the compartment",
    )
    .detail("Whatever is made inside of a compartment lies in its own schema, and goes with it.")
    .hint("Leave out the schema's name, or do it outside of the compartment.")
}

/// A table that is tied to one outside.
pub fn tied(what: &str) -> Fault {
    Fault::new(Code::InsufficientPrivilege, format!("cannot {what} a table outside of the compartment"))
        .detail("What is outside would depend on what is inside, or be kept by it.")
        .hint("Use a table in the compartment's own schema.")
}

/// Something outside that would keep what is inside from being dropped.
pub fn depends(what: &str) -> Fault {
    Fault::new(Code::FeatureNotSupported, "a temporary object cannot depend on what is in the compartment")
        .detail(format!("The compartment could not be dropped as long as the connection has it: {what}."))
        .hint("Create it without TEMPORARY: it goes with the compartment.")
}

/// What a command does to a schema itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSchema {
    /// CREATE SCHEMA, or RENAME to this name.
    Make,
    /// DROP, RENAME, OWNER, GRANT, COMMENT and the like.
    Change,
    /// Puts something into it.
    Into,
}

/// Whether a command may do this to a schema.
///
/// # Errors
/// 3F000, 42501
pub fn may_on_schema(inside: Inside<'_>, what: OnSchema, schema: &str) -> Result<(), Fault> {
    let theirs = id_of_schema(schema.as_bytes()).is_some();
    match what {
        OnSchema::Make if theirs => {
            Err(Fault::new(Code::InsufficientPrivilege, "schemas of this name belong to compartments")
                .hint("Choose another name. Compartments' schemas are created with the compartments."))
        }
        OnSchema::Make | OnSchema::Change if Some(schema) == inside.schema || !theirs => {
            match inside.schema {
                Some(own) if own == schema => {
                    Err(Fault::new(Code::InsufficientPrivilege, "cannot change the schema of a compartment")
                        .hint("It comes and goes with the compartment."))
                }
                Some(_) => Err(outside()),
                None => Ok(()),
            }
        }
        _ if Some(schema) == inside.schema => Ok(()),
        _ if theirs => Err(no_such_schema(schema)),
        // What is temporary is looked at where it has been made.
        _ if inside.schema.is_some() && !schema.starts_with(TEMPORARY) => Err(outside()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema_of;
    use super::*;
    use uuid::Uuid;

    fn code(result: Result<(), Fault>) -> Option<Code> {
        result.err().map(|fault| fault.code)
    }

    #[test]
    fn what_is_made_lies_inside() {
        let (own, other) = (schema_of(Uuid::from_u128(1)), schema_of(Uuid::from_u128(2)));
        for ephemeral in [false, true] {
            let inside = Inside { schema: Some(&own), ephemeral };
            assert_eq!(code(may_touch(inside, "table", Some(&own))), None);
            assert_eq!(code(may_touch(inside, "table", Some(&other))), Some(Code::UndefinedSchema));
            for home in [Some("public"), None] {
                assert_eq!(code(may_touch(inside, "table", home)), Some(Code::InsufficientPrivilege));
                assert_eq!(code(may_drop(inside, home, false)), Some(Code::InsufficientPrivilege));
            }
            assert_eq!(code(may_drop(inside, Some("pg_temp"), true)), None);
        }
    }

    #[test]
    fn an_ephemeral_compartment_keeps_nothing() {
        let own = schema_of(Uuid::from_u128(1));
        let inside = |ephemeral| Inside { schema: Some(&own), ephemeral };
        for (kind, home) in [("materialized view", own.as_str()), ("table", "pg_temp")] {
            assert_eq!(code(may_touch(inside(true), kind, Some(home))), Some(Code::FeatureNotSupported));
            assert_eq!(code(may_touch(inside(false), kind, Some(home))), None);
        }
    }

    #[test]
    fn elsewhere_only_what_belongs_to_compartments_is_closed() {
        let other = schema_of(Uuid::from_u128(2));
        let inside = Inside { schema: None, ephemeral: false };
        for home in [Some("public"), None, Some("pg_temp")] {
            assert_eq!(code(may_touch(inside, "table", home)), None);
            assert_eq!(code(may_drop(inside, home, false)), None);
        }
        assert_eq!(code(may_touch(inside, "table", Some(&other))), Some(Code::UndefinedSchema));
        assert_eq!(code(may_drop(inside, Some(&other), false)), Some(Code::InsufficientPrivilege));
    }

    #[test]
    fn schemas_of_compartments_are_nobodys_to_change() {
        let (own, other) = (schema_of(Uuid::from_u128(1)), schema_of(Uuid::from_u128(2)));
        let (at_home, elsewhere) =
            (Inside { schema: Some(&own), ephemeral: false }, Inside { schema: None, ephemeral: false });
        let denied = Some(Code::InsufficientPrivilege);
        for name in [&own, &other] {
            assert_eq!(code(may_on_schema(at_home, OnSchema::Make, name)), denied);
            assert_eq!(code(may_on_schema(elsewhere, OnSchema::Make, name)), denied);
            assert_eq!(code(may_on_schema(elsewhere, OnSchema::Change, name)), Some(Code::UndefinedSchema));
        }
        assert_eq!(code(may_on_schema(at_home, OnSchema::Change, &own)), denied);
        assert_eq!(code(may_on_schema(at_home, OnSchema::Into, &own)), None);
        assert_eq!(code(may_on_schema(at_home, OnSchema::Make, "mine")), denied);
        assert_eq!(code(may_on_schema(elsewhere, OnSchema::Make, "mine")), None);
        assert_eq!(code(may_on_schema(at_home, OnSchema::Into, "public")), denied);
        assert_eq!(code(may_on_schema(at_home, OnSchema::Into, "pg_temp_3")), None);
        assert_eq!(code(may_on_schema(elsewhere, OnSchema::Into, "public")), None);
    }
}
