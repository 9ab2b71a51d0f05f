//! Commands that would leave a registered table unprotected. `unprotect` is the way.

use crate::pg::error::raise;
use crate::pg::role;
use crate::protect::{POLICY, TRIGGER, is_changing};
use crate::registry::protected::{self, ProtectedTable};
use crate::sys::statement::{Change, Statement};
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use watertight_core::{Code, Fault};

/// Raises 42501 for a statement that would end the protection of a registered table.
pub fn check(statement: &Statement<'_>) {
    let relation = match statement {
        Statement::AlterTable { relation, .. }
        | Statement::AlterPart { relation, .. }
        | Statement::DropPart { relation, .. }
        | Statement::RenameColumn { relation, .. } => *relation,
        _ => return,
    };
    if relation == Oid::INVALID || is_changing(relation) {
        return;
    }
    let Some(table) = protected::get(relation) else { return };
    if let Statement::AlterTable { changes, .. } = statement {
        changes.iter().for_each(|change| foreign_key(relation, change));
    }
    if let Some(what) = ends_protection(statement, relation, &table) {
        raise(
            Fault::new(Code::InsufficientPrivilege, format!("cannot {what} of a protected table"))
                .hint("To take the protection away, use watertight.unprotect()."),
        );
    }
}

/// A new foreign key is checked by a query of the table's owner. Under row security that query would see the rows of one
/// tenant, or none, and the constraint would be called valid all the same.
fn foreign_key(relation: Oid, (change, name): &(Change, &str)) {
    let checks = match change {
        Change::AddForeignKey => true,
        Change::Validate => is_foreign_key(relation, name),
        _ => false,
    };
    if checks && !role::bypasses_row_security(role::current()) {
        raise(
            Fault::new(
                Code::FeatureNotSupported,
                "cannot check a foreign key of a protected table under row security",
            )
            .detail("The check would see the rows of one tenant only.")
            .hint("Add it NOT VALID, which holds for new rows, and have a superuser validate it."),
        );
    }
}

fn is_foreign_key(relation: Oid, name: &str) -> bool {
    let query = "SELECT true FROM pg_catalog.pg_constraint AS k
                 WHERE k.conrelid OPERATOR(pg_catalog.=) $1 AND k.conname OPERATOR(pg_catalog.=) $2::pg_catalog.text
                   AND k.contype OPERATOR(pg_catalog.=) 'f'";
    matches!(Spi::get_one_with_args::<bool>(query, &[relation.into(), name.into()]), Ok(Some(true)))
}

/// From PostgreSQL 18 on NOT NULL is a constraint with a name.
fn is_not_null(relation: Oid, constraint: &str, column: &str) -> bool {
    let query = "SELECT true FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_attribute AS a
                     ON a.attrelid OPERATOR(pg_catalog.=) k.conrelid
                     AND a.attnum OPERATOR(pg_catalog.=) ANY (k.conkey)
                 WHERE k.conrelid OPERATOR(pg_catalog.=) $1 AND k.conname OPERATOR(pg_catalog.=) $2::pg_catalog.text
                   AND k.contype OPERATOR(pg_catalog.=) 'n' AND a.attname OPERATOR(pg_catalog.=) $3::pg_catalog.text";
    let arguments = [relation.into(), constraint.into(), column.into()];
    matches!(Spi::get_one_with_args::<bool>(query, &arguments), Ok(Some(true)))
}

fn ends_protection(statement: &Statement<'_>, relation: Oid, table: &ProtectedTable) -> Option<&'static str> {
    let is_tenant = |name: &str| *name == *table.tenant_column;
    let compartment = table.compartment_column.as_deref();
    let is_compartment = |name: &str| compartment == Some(name);
    let is_creator = |name: &str| table.creator_column.as_deref() == Some(name);
    match statement {
        Statement::AlterTable { changes, .. } => changes.iter().find_map(|(change, name)| match change {
            Change::DisableRowSecurity | Change::NoForceRowSecurity => Some("disable row security"),
            Change::DropColumn if is_tenant(name) => Some("drop the tenant column"),
            Change::DropColumn if is_compartment(name) => Some("drop the compartment column"),
            Change::DropColumn if is_creator(name) => Some("drop the creator column"),
            Change::DropNotNull if is_tenant(name) => Some("allow nulls in the tenant column"),
            Change::DropConstraint if is_not_null(relation, name, &table.tenant_column) => {
                Some("allow nulls in the tenant column")
            }
            Change::DropNotNull if is_compartment(name) => Some("allow nulls in the compartment column"),
            Change::DropConstraint
                if compartment.is_some_and(|column| is_not_null(relation, name, column)) =>
            {
                Some("allow nulls in the compartment column")
            }
            Change::AlterType if is_tenant(name) => Some("change the type of the tenant column"),
            Change::AlterType if is_compartment(name) => Some("change the type of the compartment column"),
            Change::OfType => Some("make a typed table"),
            Change::DisableTrigger
                if table.creator_column.is_some() && (name.is_empty() || *name == TRIGGER) =>
            {
                Some("disable the creator trigger")
            }
            _ => None,
        }),
        Statement::AlterPart { name, .. } if *name == POLICY || *name == TRIGGER => {
            Some("alter the policy or trigger")
        }
        Statement::DropPart { name, .. } if *name == POLICY || *name == TRIGGER => {
            Some("drop the policy or trigger")
        }
        Statement::RenameColumn { column, .. } if is_tenant(column) || is_creator(column) => {
            Some("rename the tenant or creator column")
        }
        Statement::RenameColumn { column, .. } if is_compartment(column) => {
            Some("rename the compartment column")
        }
        _ => None,
    }
}
