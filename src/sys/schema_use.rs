//! Which schemas a utility statement names as such, beside those that PostgreSQL looks names up in.

use super::tree::elements;
use pgrx::pg_sys::{self, NodeTag, ObjectType};
use std::ffi::{CStr, c_char};

/// What a statement does to a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It will have this name.
    Make,
    /// The schema itself is changed, dropped, granted, or everything in it.
    Change,
    /// Something is put into it.
    Into,
    /// A right on something that is not in a schema, or whose schema is not named here.
    GrantElsewhere,
}

/// The schemas, and what becomes of them.
///
/// # Safety
/// `tree` must be a valid utility statement that outlives the result.
pub(super) unsafe fn read<'a>(tree: *mut pg_sys::Node) -> Vec<(Use, &'a str)> {
    // SAFETY: by the caller; each cast follows the node's tag, and lists hold what the grammar puts there.
    unsafe {
        let named = |what, name: *const c_char| Vec::from_iter(text(name).map(|name| (what, name)));
        let into = |relation: *mut pg_sys::RangeVar| {
            relation.as_ref().map_or_else(Vec::new, |relation| named(Use::Into, relation.schemaname))
        };
        match (*tree).type_ {
            NodeTag::T_CreateSchemaStmt => {
                let create = &*tree.cast::<pg_sys::CreateSchemaStmt>();
                // Without a name it is called as its owner.
                match text(create.schemaname) {
                    Some(name) => vec![(Use::Make, name)],
                    None => create
                        .authrole
                        .as_ref()
                        .map_or_else(Vec::new, |role| vec![(Use::Make, text(role.rolename).unwrap_or(""))]),
                }
            }
            NodeTag::T_RenameStmt => {
                let rename = &*tree.cast::<pg_sys::RenameStmt>();
                if rename.renameType != ObjectType::OBJECT_SCHEMA {
                    return Vec::new();
                }
                let mut found = named(Use::Change, rename.subname);
                found.extend(named(Use::Make, rename.newname));
                found
            }
            NodeTag::T_AlterOwnerStmt => {
                let alter = &*tree.cast::<pg_sys::AlterOwnerStmt>();
                one(alter.objectType, alter.object)
            }
            NodeTag::T_CommentStmt => {
                let comment = &*tree.cast::<pg_sys::CommentStmt>();
                one(comment.objtype, comment.object)
            }
            NodeTag::T_SecLabelStmt => {
                let label = &*tree.cast::<pg_sys::SecLabelStmt>();
                one(label.objtype, label.object)
            }
            NodeTag::T_DropStmt => {
                let drop = &*tree.cast::<pg_sys::DropStmt>();
                if drop.removeType != ObjectType::OBJECT_SCHEMA {
                    return Vec::new();
                }
                all(drop.objects)
            }
            NodeTag::T_AlterObjectSchemaStmt => {
                named(Use::Into, (*tree.cast::<pg_sys::AlterObjectSchemaStmt>()).newschema)
            }
            NodeTag::T_GrantStmt => grant(&*tree.cast::<pg_sys::GrantStmt>()),
            NodeTag::T_ReindexStmt => {
                let reindex = &*tree.cast::<pg_sys::ReindexStmt>();
                if reindex.kind == pg_sys::ReindexObjectType::REINDEX_OBJECT_SCHEMA {
                    return named(Use::Change, reindex.name);
                }
                Vec::new()
            }
            NodeTag::T_ImportForeignSchemaStmt => {
                named(Use::Into, (*tree.cast::<pg_sys::ImportForeignSchemaStmt>()).local_schema)
            }
            NodeTag::T_AlterDefaultPrivilegesStmt => {
                let alter = &*tree.cast::<pg_sys::AlterDefaultPrivilegesStmt>();
                elements::<pg_sys::DefElem>(alter.options)
                    .into_iter()
                    .filter(|option| text((**option).defname) == Some("schemas"))
                    .flat_map(|option| all((*option).arg.cast()))
                    .collect()
            }
            NodeTag::T_CreateStmt => into((*tree.cast::<pg_sys::CreateStmt>()).relation),
            NodeTag::T_CreateSeqStmt => into((*tree.cast::<pg_sys::CreateSeqStmt>()).sequence),
            NodeTag::T_ViewStmt => into((*tree.cast::<pg_sys::ViewStmt>()).view),
            NodeTag::T_CompositeTypeStmt => into((*tree.cast::<pg_sys::CompositeTypeStmt>()).typevar),
            NodeTag::T_CreateTableAsStmt => {
                let target = (*tree.cast::<pg_sys::CreateTableAsStmt>()).into;
                target.as_ref().map_or_else(Vec::new, |target| into(target.rel))
            }
            NodeTag::T_CreateFunctionStmt => qualified((*tree.cast::<pg_sys::CreateFunctionStmt>()).funcname),
            NodeTag::T_DefineStmt => qualified((*tree.cast::<pg_sys::DefineStmt>()).defnames),
            NodeTag::T_CreateEnumStmt => qualified((*tree.cast::<pg_sys::CreateEnumStmt>()).typeName),
            NodeTag::T_CreateRangeStmt => qualified((*tree.cast::<pg_sys::CreateRangeStmt>()).typeName),
            NodeTag::T_CreateDomainStmt => qualified((*tree.cast::<pg_sys::CreateDomainStmt>()).domainname),
            _ => Vec::new(),
        }
    }
}

/// # Safety
/// `object` must be what the grammar gives an object of this kind.
unsafe fn one<'a>(kind: ObjectType::Type, object: *mut pg_sys::Node) -> Vec<(Use, &'a str)> {
    if kind != ObjectType::OBJECT_SCHEMA {
        return Vec::new();
    }
    // SAFETY: a schema is a string.
    unsafe { string(object) }.map(|name| (Use::Change, name)).into_iter().collect()
}

/// # Safety
/// `names` must be null or a list of strings.
unsafe fn all<'a>(names: *mut pg_sys::List) -> Vec<(Use, &'a str)> {
    // SAFETY: by the caller.
    unsafe { elements::<pg_sys::Node>(names).into_iter().filter_map(|name| string(name)) }
        .map(|name| (Use::Change, name))
        .collect()
}

/// # Safety
/// `names` must be null or a qualified name.
unsafe fn qualified<'a>(names: *mut pg_sys::List) -> Vec<(Use, &'a str)> {
    // SAFETY: by the caller.
    let parts = unsafe { elements::<pg_sys::Node>(names) };
    let schema = parts.len().checked_sub(2).and_then(|at| parts.get(at));
    // SAFETY: as above.
    schema.and_then(|part| unsafe { string(*part) }).map(|name| (Use::Into, name)).into_iter().collect()
}

/// # Safety
/// `grant` must be a valid statement.
unsafe fn grant<'a>(grant: &pg_sys::GrantStmt) -> Vec<(Use, &'a str)> {
    // SAFETY: lists as the grammar makes them.
    unsafe {
        let in_schemas = grant.targtype == pg_sys::GrantTargetType::ACL_TARGET_ALL_IN_SCHEMA;
        if in_schemas || grant.objtype == ObjectType::OBJECT_SCHEMA {
            return all(grant.objects);
        }
        if !matches!(grant.objtype, ObjectType::OBJECT_TABLE | ObjectType::OBJECT_SEQUENCE) {
            return vec![(Use::GrantElsewhere, "")];
        }
        elements::<pg_sys::RangeVar>(grant.objects)
            .into_iter()
            .filter_map(|relation| {
                let oid = super::statement::resolve(relation);
                let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(oid));
                text(schema).map(|name| (Use::Into, name))
            })
            .collect()
    }
}

/// # Safety
/// `node` must be null or a node.
unsafe fn string<'a>(node: *mut pg_sys::Node) -> Option<&'a str> {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        if node.is_null() || (*node).type_ != NodeTag::T_String {
            return None;
        }
        text((*node.cast::<pg_sys::String>()).sval)
    }
}

/// # Safety
/// `name` must be null or a C string that outlives the result.
unsafe fn text<'a>(name: *const c_char) -> Option<&'a str> {
    if name.is_null() {
        return None;
    }
    // SAFETY: by the caller.
    unsafe { CStr::from_ptr(name) }.to_str().ok()
}
