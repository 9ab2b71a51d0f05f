//! The order of things.

use super::comments;
use super::create::create;
use super::facts::{Need, Sequence, Template};
use super::order::{Placed, Unit, order};
use super::parts;
use super::print::{grantee, qualified};
use super::relation::{Constraint, Relation};
use super::{functions, refuse, types};
use crate::Fault;
use crate::sql::ident;
use std::collections::{BTreeMap, BTreeSet};

/// How to copy.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The new schema.
    pub schema: &'a str,
    /// Nothing of the copy's rows may outlast a crash or reach the write-ahead log.
    pub unlogged: bool,
}

/// A statement and whose rights it runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The owner of what it makes; `None` is the owner of the extension.
    pub role: Option<u32>,
    /// Its text.
    pub sql: String,
}

/// What is copied from catalog to catalog, by oids of the template's objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Copies {
    /// Default privileges have put grants on the copies that are not the template's.
    pub clear: bool,
    /// Grants of the schema.
    pub schema: bool,
    /// Grants of relations.
    pub relations: Vec<u32>,
    /// Grants and statistics targets of columns.
    pub columns: Vec<u32>,
    /// Grants of types.
    pub types: Vec<u32>,
    /// Grants of functions, with their signatures.
    pub functions: Vec<(u32, String)>,
    /// Relations without statistics.
    pub without_statistics: Vec<u32>,
    /// Children and partitions, whose columns and constraints are not all their own.
    pub children: Vec<u32>,
}

/// All that is to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// First.
    pub statements: Vec<Statement>,
    /// Then.
    pub copies: Copies,
    /// What needs grants that have been copied.
    pub last: Vec<Statement>,
}

/// Where statements are collected, and what every rule wants to know.
pub(super) struct Work<'a> {
    pub template: &'a Template,
    pub options: Options<'a>,
    pub relations: BTreeMap<u32, &'a Relation>,
    /// Identity sequences by table and column.
    pub identities: BTreeMap<(u32, &'a str), &'a Sequence>,
    /// Changes of relations that may need anything, in the order of relations.
    pub late: Vec<Statement>,
    /// Comments that are not made yet, by class, oid and part.
    pub comments: BTreeMap<(&'a str, u32, i32), &'a str>,
    pub plan: Plan,
}

impl<'a> Work<'a> {
    /// A name in the new schema.
    pub fn name(&self, name: &str) -> String {
        qualified(self.options.schema, name)
    }

    /// A statement that runs as `role`.
    pub fn push(&mut self, role: u32, sql: String) {
        self.plan.statements.push(Statement { role: Some(role), sql });
    }

    /// A statement that takes a superuser.
    pub fn push_trusted(&mut self, sql: String) {
        self.plan.statements.push(Statement { role: None, sql });
    }

    /// Changes a relation.
    pub fn alter(&self, relation: &Relation, changes: &[String]) -> Statement {
        // PostgreSQL refuses some changes of partitioned tables without their partitions. There are none yet.
        let only = if relation.kind == 'r' { "ONLY " } else { "" };
        let sql = format!("ALTER TABLE {only}{} {}", self.name(&relation.name), changes.join(", "));
        Statement { role: Some(relation.owner), sql }
    }

    /// Changes a relation when everything has been created.
    pub fn late(&mut self, relation: &Relation, changes: Vec<String>) {
        if !changes.is_empty() {
            let statement = self.alter(relation, &changes);
            self.late.push(statement);
        }
    }

    /// Adds a foreign key when the grants have been copied: it may take one to reference the other table.
    pub fn late_key(&mut self, relation: &Relation, key: &Constraint, definition: &str) {
        let statement = self.alter(relation, &[format!("ADD {definition}")]);
        self.plan.last.push(statement);
        if let Some(comment) = self.comments.remove(&("pg_constraint", key.oid, 0)) {
            let on = format!("CONSTRAINT {} ON {}", ident(&key.name), self.name(&relation.name));
            self.plan
                .last
                .push(Statement { role: Some(relation.owner), sql: comments::comment(&on, comment) });
        }
    }

    /// Is the copy of a relation unlogged?
    pub fn is_unlogged(&self, relation: &Relation) -> bool {
        // From PostgreSQL 18 on a partitioned table, which has no rows itself, cannot be.
        (self.options.unlogged || relation.unlogged)
            && (relation.kind == 'r' || relation.kind == 'p' && self.template.version < 180_000)
    }
}

/// What has to be run to copy a template. `needs` may be empty where [`Template::has_needs`] says so.
///
/// # Errors
/// 0A000 for anything that cannot be copied.
pub fn plan(template: &Template, needs: &[Need], options: Options<'_>) -> Result<Plan, Fault> {
    refuse::refuse(template, options)?;
    let mut work = Work {
        template,
        options,
        relations: template.relations.iter().map(|relation| (relation.oid, relation)).collect(),
        identities: template
            .sequences
            .iter()
            .filter(|sequence| sequence.identity)
            .filter_map(|sequence| Some(((sequence.table?, sequence.column.as_deref()?), sequence)))
            .collect(),
        late: Vec::new(),
        comments: template
            .comments
            .iter()
            .map(|comment| ((comment.class.as_str(), comment.oid, comment.part), comment.text.as_str()))
            .collect(),
        plan: Plan::default(),
    };
    schema(&mut work);
    for Placed { unit, late_defaults, late_keys } in order(template, needs)? {
        match unit {
            Unit::Sequence(sequence) => types::sequence(&mut work, sequence),
            Unit::Type(kind) => types::create(&mut work, kind)?,
            Unit::Function(function) => functions::create(&mut work, function)?,
            Unit::Relation(relation) => create(&mut work, relation, late_defaults, &late_keys)?,
        }
    }
    parts::all(&mut work)?;
    comments::all(&mut work);
    default_privileges(&mut work);
    work.plan.copies = copies(template, options);
    Ok(work.plan)
}

fn schema(work: &mut Work<'_>) {
    let template = work.template;
    let Some(owner) = template.roles.get(&template.owner) else { return };
    let name = ident(work.options.schema);
    work.push_trusted(format!("CREATE SCHEMA {name} AUTHORIZATION {}", ident(owner)));
    // Owners of single objects make theirs themselves; what they need for it is taken away when the grants are copied.
    let others: Vec<String> = template
        .roles
        .iter()
        .filter(|(oid, _)| **oid != template.owner)
        .map(|(_, role)| ident(role))
        .collect();
    if !others.is_empty() {
        work.push(template.owner, format!("GRANT USAGE, CREATE ON SCHEMA {name} TO {}", others.join(", ")));
    }
}

/// They hold for what is created later, so they come after everything else.
fn default_privileges(work: &mut Work<'_>) {
    let schema = ident(work.options.schema);
    for default in &work.template.defaults {
        let kind = match default.kind {
            'r' => "TABLES",
            'S' => "SEQUENCES",
            'f' => "FUNCTIONS",
            'T' => "TYPES",
            _ => continue,
        };
        let sql = format!(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {} ON {kind} TO {}{}",
            default.privilege,
            grantee(default.grantee.as_deref()),
            if default.grantable { " WITH GRANT OPTION" } else { "" },
        );
        work.push(default.role, sql);
    }
}

fn copies(template: &Template, options: Options<'_>) -> Copies {
    let clear = template.default_privileges;
    let tables = || template.relations.iter().filter(|relation| matches!(relation.kind, 'r' | 'p'));
    let relations = template.relations.iter().filter(|relation| relation.acl || clear);
    let sequences = template.sequences.iter().filter(|sequence| sequence.acl || clear);
    let mut without_statistics = BTreeSet::new();
    if options.unlogged {
        for table in tables() {
            without_statistics.insert(table.oid);
            let expressions = table.indexes.iter().filter(|index| index.expressions);
            without_statistics.extend(expressions.map(|index| index.oid));
        }
    }
    Copies {
        clear,
        schema: template.acl || clear || template.roles.len() > 1,
        relations: relations
            .map(|relation| relation.oid)
            .chain(sequences.map(|sequence| sequence.oid))
            .collect(),
        columns: template
            .relations
            .iter()
            .filter(|relation| relation.columns.iter().any(|column| column.acl || column.target))
            .map(|relation| relation.oid)
            .chain(
                template
                    .relations
                    .iter()
                    .flat_map(|relation| &relation.indexes)
                    .filter(|index| index.expressions)
                    .map(|index| index.oid),
            )
            .collect(),
        types: template.types.iter().filter(|kind| kind.acl || clear).map(|kind| kind.oid).collect(),
        functions: template
            .functions
            .iter()
            .filter(|function| function.acl || clear)
            .map(|function| (function.oid, function.signature.clone()))
            .collect(),
        without_statistics: without_statistics.into_iter().collect(),
        children: tables().filter(|table| !table.parents.is_empty()).map(|table| table.oid).collect(),
    }
}
