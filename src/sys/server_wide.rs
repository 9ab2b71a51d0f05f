//! Statements on objects of the whole server: of these no event trigger hears.

use pgrx::pg_sys::{self, NodeTag, ObjectType};

/// Whether a statement makes, changes or drops a role, a database, a tablespace or a setting of the server, what is stored for one
/// of them (ALTER ROLE SET), or says something about one (COMMENT).
///
/// # Safety
/// `tree` must be null or a valid utility statement.
pub(super) unsafe fn concerns(tree: *mut pg_sys::Node) -> bool {
    if tree.is_null() {
        return false;
    }
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        match (*tree).type_ {
            NodeTag::T_CreateRoleStmt
            | NodeTag::T_AlterRoleStmt
            | NodeTag::T_AlterRoleSetStmt
            | NodeTag::T_DropRoleStmt
            | NodeTag::T_GrantRoleStmt
            | NodeTag::T_CreatedbStmt
            | NodeTag::T_DropdbStmt
            | NodeTag::T_AlterDatabaseStmt
            | NodeTag::T_AlterDatabaseSetStmt
            | NodeTag::T_AlterDatabaseRefreshCollStmt
            | NodeTag::T_CreateTableSpaceStmt
            | NodeTag::T_DropTableSpaceStmt
            | NodeTag::T_AlterTableSpaceOptionsStmt
            | NodeTag::T_AlterSystemStmt => true,
            NodeTag::T_RenameStmt => is_one((*tree.cast::<pg_sys::RenameStmt>()).renameType),
            NodeTag::T_AlterOwnerStmt => is_one((*tree.cast::<pg_sys::AlterOwnerStmt>()).objectType),
            NodeTag::T_CommentStmt => is_one((*tree.cast::<pg_sys::CommentStmt>()).objtype),
            NodeTag::T_SecLabelStmt => is_one((*tree.cast::<pg_sys::SecLabelStmt>()).objtype),
            NodeTag::T_GrantStmt => is_one((*tree.cast::<pg_sys::GrantStmt>()).objtype),
            _ => false,
        }
    }
}

fn is_one(kind: ObjectType::Type) -> bool {
    matches!(
        kind,
        ObjectType::OBJECT_ROLE
            | ObjectType::OBJECT_DATABASE
            | ObjectType::OBJECT_TABLESPACE
            | ObjectType::OBJECT_PARAMETER_ACL
    )
}
