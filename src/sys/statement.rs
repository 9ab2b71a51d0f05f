//! Utility statements, as far as somebody decides by them.

use super::tree::elements;
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::ffi::{CStr, c_char};

/// A change that ALTER TABLE makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// DISABLE ROW LEVEL SECURITY
    DisableRowSecurity,
    /// NO FORCE ROW LEVEL SECURITY
    NoForceRowSecurity,
    /// DROP COLUMN
    DropColumn,
    /// ALTER COLUMN DROP NOT NULL
    DropNotNull,
    /// ALTER COLUMN TYPE
    AlterType,
    /// DISABLE TRIGGER (one, USER or ALL), or ENABLE REPLICA
    DisableTrigger,
    /// ADD FOREIGN KEY, unless NOT VALID: looks for rows that violate it
    AddForeignKey,
    /// VALIDATE CONSTRAINT: looks for rows that violate it
    Validate,
    /// DROP CONSTRAINT
    DropConstraint,
    /// OF a composite type, whose changes are then the table's
    OfType,
    /// SET LOGGED
    SetLogged,
}

/// A utility statement. Names are as the parser left them; relations are resolved.
#[derive(Debug)]
pub enum Statement<'a> {
    /// DECLARE CURSOR.
    DeclareCursor {
        /// WITH HOLD.
        hold: bool,
    },
    /// ALTER TABLE: only the changes of [`Change`].
    AlterTable {
        /// The table.
        relation: Oid,
        /// What changes, with the column or trigger it names.
        changes: Vec<(Change, &'a str)>,
    },
    /// ALTER POLICY, ALTER POLICY or TRIGGER RENAME, ALTER TRIGGER DEPENDS ON EXTENSION.
    AlterPart {
        /// The table.
        relation: Oid,
        /// The policy or trigger.
        name: &'a str,
    },
    /// DROP POLICY or DROP TRIGGER.
    DropPart {
        /// The table.
        relation: Oid,
        /// The policy or trigger.
        name: &'a str,
    },
    /// ALTER TABLE RENAME COLUMN.
    RenameColumn {
        /// The table.
        relation: Oid,
        /// The column's present name.
        column: &'a str,
    },
    /// CREATE or REFRESH MATERIALIZED VIEW.
    FillMaterializedView,
    /// EXPLAIN ANALYZE of CREATE TABLE AS, SELECT INTO or CREATE MATERIALIZED VIEW: it creates the relation.
    ExplainInto,
    /// DROP DATABASE, ALTER DATABASE RENAME or SET TABLESPACE, CREATE DATABASE as a copy: nobody may be connected to it.
    Lonely {
        /// The database.
        database: &'a str,
        /// It is copied, not changed.
        copy: bool,
    },
    /// Anything else.
    Other,
}

impl<'a> Statement<'a> {
    /// Reads what matters of a parse tree.
    ///
    /// # Safety
    /// `tree` must be a valid utility statement that outlives the result.
    pub unsafe fn read(tree: *mut pg_sys::Node) -> Statement<'a> {
        if tree.is_null() {
            return Statement::Other;
        }
        // SAFETY: by the caller; each cast follows the node's tag.
        unsafe {
            match (*tree).type_ {
                NodeTag::T_DeclareCursorStmt => {
                    let declare = &*tree.cast::<pg_sys::DeclareCursorStmt>();
                    Statement::DeclareCursor { hold: declare.options & pg_sys::CURSOR_OPT_HOLD as i32 != 0 }
                }
                NodeTag::T_AlterTableStmt => alter_table(&*tree.cast::<pg_sys::AlterTableStmt>()),
                NodeTag::T_AlterPolicyStmt => {
                    let alter = &*tree.cast::<pg_sys::AlterPolicyStmt>();
                    Statement::AlterPart { relation: resolve(alter.table), name: text(alter.policy_name) }
                }
                NodeTag::T_RenameStmt => rename(&*tree.cast::<pg_sys::RenameStmt>()),
                NodeTag::T_DropStmt => drop_part(&*tree.cast::<pg_sys::DropStmt>()),
                NodeTag::T_AlterObjectDependsStmt => depend(&*tree.cast::<pg_sys::AlterObjectDependsStmt>()),
                NodeTag::T_RefreshMatViewStmt => Statement::FillMaterializedView,
                NodeTag::T_CreateTableAsStmt => match (*tree.cast::<pg_sys::CreateTableAsStmt>()).objtype {
                    pg_sys::ObjectType::OBJECT_MATVIEW => Statement::FillMaterializedView,
                    _ => Statement::Other,
                },
                NodeTag::T_DropdbStmt => Statement::Lonely {
                    database: text((*tree.cast::<pg_sys::DropdbStmt>()).dbname),
                    copy: false,
                },
                NodeTag::T_AlterDatabaseStmt => {
                    let alter = &*tree.cast::<pg_sys::AlterDatabaseStmt>();
                    match option(alter.options, "tablespace") {
                        Some(_) => Statement::Lonely { database: text(alter.dbname), copy: false },
                        None => Statement::Other,
                    }
                }
                NodeTag::T_CreatedbStmt => {
                    let create = &*tree.cast::<pg_sys::CreatedbStmt>();
                    let template =
                        option(create.options, "template").filter(|option| !(**option).arg.is_null());
                    let database = template.map_or("template1", |option| text(pg_sys::defGetString(option)));
                    Statement::Lonely { database, copy: true }
                }
                NodeTag::T_ExplainStmt => explain(&*tree.cast::<pg_sys::ExplainStmt>()),
                _ => Statement::Other,
            }
        }
    }
}

/// # Safety
/// `statement` must be a valid parse tree node that outlives the result.
unsafe fn alter_table<'a>(statement: &pg_sys::AlterTableStmt) -> Statement<'a> {
    let mut changes = Vec::new();
    // SAFETY: the list holds AlterTableCmd nodes.
    for command in unsafe { elements::<pg_sys::AlterTableCmd>(statement.cmds) } {
        use pg_sys::AlterTableType as T;
        // SAFETY: a node of the tree.
        let command = unsafe { &*command };
        let change = match command.subtype {
            T::AT_DisableRowSecurity => Change::DisableRowSecurity,
            T::AT_NoForceRowSecurity => Change::NoForceRowSecurity,
            T::AT_DropColumn => Change::DropColumn,
            T::AT_DropNotNull => Change::DropNotNull,
            T::AT_AlterColumnType => Change::AlterType,
            T::AT_DisableTrig | T::AT_DisableTrigAll | T::AT_DisableTrigUser | T::AT_EnableReplicaTrig => {
                Change::DisableTrigger
            }
            // SAFETY: the definition of an added constraint is a constraint node.
            T::AT_AddConstraint if unsafe { is_checked_foreign_key(command.def) } => Change::AddForeignKey,
            T::AT_ValidateConstraint => Change::Validate,
            T::AT_DropConstraint => Change::DropConstraint,
            T::AT_AddOf => Change::OfType,
            T::AT_SetLogged => Change::SetLogged,
            _ => continue,
        };
        // SAFETY: null or a C string of the tree.
        changes.push((change, unsafe { text(command.name) }));
    }
    if changes.is_empty() {
        return Statement::Other;
    }
    // SAFETY: a range variable of the tree.
    Statement::AlterTable { relation: unsafe { resolve(statement.relation) }, changes }
}

/// # Safety
/// `definition` must be null or a node of the tree.
unsafe fn is_checked_foreign_key(definition: *mut pg_sys::Node) -> bool {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        if definition.is_null() || (*definition).type_ != NodeTag::T_Constraint {
            return false;
        }
        let constraint = &*definition.cast::<pg_sys::Constraint>();
        constraint.contype == pg_sys::ConstrType::CONSTR_FOREIGN && !constraint.skip_validation
    }
}

/// # Safety
/// As for `alter_table`.
unsafe fn rename<'a>(statement: &pg_sys::RenameStmt) -> Statement<'a> {
    // SAFETY: strings and range variable of the tree.
    unsafe {
        match statement.renameType {
            pg_sys::ObjectType::OBJECT_COLUMN => Statement::RenameColumn {
                relation: resolve(statement.relation),
                column: text(statement.subname),
            },
            pg_sys::ObjectType::OBJECT_POLICY | pg_sys::ObjectType::OBJECT_TRIGGER => {
                Statement::AlterPart { relation: resolve(statement.relation), name: text(statement.subname) }
            }
            pg_sys::ObjectType::OBJECT_DATABASE => {
                Statement::Lonely { database: text(statement.subname), copy: false }
            }
            _ => Statement::Other,
        }
    }
}

/// # Safety
/// `options` must be a list of definitions of the tree.
unsafe fn option(options: *mut pg_sys::List, name: &str) -> Option<*mut pg_sys::DefElem> {
    // SAFETY: by the caller.
    unsafe {
        elements::<pg_sys::DefElem>(options).into_iter().find(|option| text((**option).defname) == name)
    }
}

/// # Safety
/// As for `alter_table`.
unsafe fn drop_part<'a>(statement: &pg_sys::DropStmt) -> Statement<'a> {
    use pg_sys::ObjectType::{OBJECT_POLICY, OBJECT_TRIGGER};
    if !matches!(statement.removeType, OBJECT_POLICY | OBJECT_TRIGGER) {
        return Statement::Other;
    }
    // SAFETY: for these kinds the list holds one list of names: the relation's, then the object's. The grammar allows
    // one object per statement.
    unsafe {
        let Some(names) = elements::<pg_sys::List>(statement.objects).into_iter().next() else {
            return Statement::Other;
        };
        let mut parts: Vec<*mut pg_sys::Node> = elements::<pg_sys::Node>(names);
        let Some(last) = parts.pop() else { return Statement::Other };
        let mut relation_names = std::ptr::null_mut();
        for part in parts {
            relation_names = pg_sys::lappend(relation_names, part.cast());
        }
        let relation = resolve(pg_sys::makeRangeVarFromNameList(relation_names));
        Statement::DropPart { relation, name: string_value(last) }
    }
}

/// # Safety
/// As for `alter_table`.
unsafe fn depend<'a>(statement: &pg_sys::AlterObjectDependsStmt) -> Statement<'a> {
    if statement.objectType != pg_sys::ObjectType::OBJECT_TRIGGER || statement.remove {
        return Statement::Other;
    }
    // SAFETY: for a trigger the object is a list of its name, beside the relation.
    unsafe {
        let Some(name) = elements::<pg_sys::Node>(statement.object.cast()).pop() else {
            return Statement::Other;
        };
        Statement::AlterPart { relation: resolve(statement.relation), name: string_value(name) }
    }
}

/// # Safety
/// As for `alter_table`.
unsafe fn explain<'a>(statement: &pg_sys::ExplainStmt) -> Statement<'a> {
    // SAFETY: the options are definitions, the query is a node; each cast follows the node's tag.
    unsafe {
        if (*statement.query).type_ != NodeTag::T_Query {
            return Statement::Other;
        }
        let query = &*statement.query.cast::<pg_sys::Query>();
        let into = !query.utilityStmt.is_null() && (*query.utilityStmt).type_ == NodeTag::T_CreateTableAsStmt;
        let analyze = |option: &*mut pg_sys::DefElem| {
            text((**option).defname) == "analyze" && pg_sys::defGetBoolean(*option)
        };
        if into && elements::<pg_sys::DefElem>(statement.options).iter().any(analyze) {
            return Statement::ExplainInto;
        }
        Statement::Other
    }
}

/// # Safety
/// `node` must be a String node.
unsafe fn string_value<'a>(node: *mut pg_sys::Node) -> &'a str {
    // SAFETY: by the caller.
    unsafe { text((*node.cast::<pg_sys::String>()).sval) }
}

/// # Safety
/// `name` must be null or a C string that outlives the result.
unsafe fn text<'a>(name: *const c_char) -> &'a str {
    if name.is_null() {
        return "";
    }
    // SAFETY: by the caller.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap_or("")
}

/// The relation a range variable means now; `InvalidOid` where there is none (the statement will say so itself).
///
/// # Safety
/// `relation` must be null or a valid range variable.
pub(super) unsafe fn resolve(relation: *mut pg_sys::RangeVar) -> Oid {
    if relation.is_null() {
        return Oid::INVALID;
    }
    // SAFETY: looks the name up without locking; does not raise for a missing relation.
    unsafe {
        pg_sys::RangeVarGetRelidExtended(
            relation,
            pg_sys::NoLock as i32,
            pg_sys::RVROption::RVR_MISSING_OK,
            None,
            std::ptr::null_mut(),
        )
    }
}
