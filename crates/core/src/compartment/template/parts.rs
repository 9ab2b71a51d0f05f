//! What is added to tables and views when all of them are there.

use super::plan::{Statement, Work};
use super::print::{grantee, mentions, rename};
use super::relation::{Part, Policy, Relation};
use crate::sql::ident;
use crate::{Code, Fault};

/// Everything that hangs on relations, except late foreign keys and comments.
///
/// # Errors
/// 55000 for a definition that cannot be read.
pub fn all(work: &mut Work<'_>) -> Result<(), Fault> {
    let late = std::mem::take(&mut work.late);
    work.plan.statements.extend(late);
    let relations = &work.template.relations;
    for relation in relations {
        indexes(work, relation)?;
        statistics(work, relation)?;
    }
    sequences(work);
    for relation in relations {
        for rule in relation.rules.iter() {
            definition(work, relation, rule, &[" TO "])?;
            refuse_outer_names(work, relation, rule)?;
        }
        for part in relation.triggers.iter() {
            definition(work, relation, part, &[" ON "])?;
        }
        for policy in &relation.policies {
            let sql = create_policy(&work.name(&relation.name), policy);
            work.push(relation.owner, sql);
        }
        settings(work, relation);
    }
    // Last, so that indexes, constraints and triggers of both sides find each other and keep their names.
    for relation in relations {
        parents(work, relation);
    }
    for relation in relations {
        let states: Vec<String> = relation
            .triggers
            .iter()
            .filter(|trigger| trigger.definition.is_none())
            .filter_map(|trigger| state("TRIGGER", trigger))
            .collect();
        change(work, relation, &states);
    }
    Ok(())
}

fn change(work: &mut Work<'_>, relation: &Relation, changes: &[String]) {
    if !changes.is_empty() {
        let statement = work.alter(relation, changes);
        work.plan.statements.push(statement);
    }
}

/// The names by which definitions call a relation.
fn names(relation: &Relation) -> [String; 3] {
    [relation.label.clone(), relation.name.clone(), ident(&relation.name)]
}

fn indexes(work: &mut Work<'_>, relation: &Relation) -> Result<(), Fault> {
    let names = names(relation);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let table = work.name(&relation.name);
    for index in &relation.indexes {
        if let Some(definition) = &index.definition {
            work.push(relation.owner, rename(definition, &[" ON ONLY ", " ON "], &names, &table)?);
        }
        let name = work.name(&index.name);
        let options =
            super::print::options(index.options.iter().flatten().map(|option| ("", option.as_str())));
        if !options.is_empty() {
            work.push(relation.owner, format!("ALTER INDEX {name} SET{options}"));
        }
        if let Some(tablespace) = &index.tablespace {
            work.push(relation.owner, format!("ALTER INDEX {name} SET TABLESPACE {}", ident(tablespace)));
        }
    }
    Ok(())
}

fn statistics(work: &mut Work<'_>, relation: &Relation) -> Result<(), Fault> {
    for statistics in &relation.statistics {
        let name = work.name(&statistics.name);
        let sql = rename(&statistics.definition, &["CREATE STATISTICS "], &[&statistics.head], &name)?;
        work.push(relation.owner, sql);
        // As for columns: nothing of the rows may be written down elsewhere.
        let target = if work.options.unlogged { Some(0) } else { statistics.target };
        if let Some(target) = target {
            work.push(relation.owner, format!("ALTER STATISTICS {name} SET STATISTICS {target}"));
        }
        if statistics.owner != relation.owner
            && let Some(owner) = work.template.roles.get(&statistics.owner)
        {
            work.push_trusted(format!("ALTER STATISTICS {name} OWNER TO {}", ident(owner)));
        }
    }
    Ok(())
}

fn sequences(work: &mut Work<'_>) {
    for sequence in &work.template.sequences {
        let table = sequence.table.and_then(|oid| work.relations.get(&oid).copied());
        let (Some(table), Some(column)) = (table, &sequence.column) else { continue };
        let name = work.name(&sequence.name);
        if sequence.identity {
            // It is as its table is, unless somebody has changed that. In an ephemeral clone all are logged.
            if !work.options.unlogged && sequence.unlogged != work.is_unlogged(table) {
                let persistence = if sequence.unlogged { "UNLOGGED" } else { "LOGGED" };
                work.push(sequence.owner, format!("ALTER SEQUENCE {name} SET {persistence}"));
            }
        } else {
            let owner = format!("{}.{}", work.name(&table.name), ident(column));
            work.push(sequence.owner, format!("ALTER SEQUENCE {name} OWNED BY {owner}"));
        }
    }
}

fn definition(work: &mut Work<'_>, relation: &Relation, part: &Part, before: &[&str]) -> Result<(), Fault> {
    let Some(definition) = &part.definition else { return Ok(()) };
    let names = names(relation);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sql = rename(definition, before, &names, &work.name(&relation.name))?;
    work.push(relation.owner, sql);
    Ok(())
}

/// Rules are printed with the template behind `pg_catalog`: what has a name that is there, too, is printed with the template's.
fn refuse_outer_names(work: &Work<'_>, relation: &Relation, rule: &Part) -> Result<(), Fault> {
    let copied = work.plan.statements.last();
    if copied.is_some_and(|copied| mentions(&copied.sql, &work.template.quoted)) {
        let label = format!("{}.{}", work.template.schema, relation.name);
        return Err(Fault::new(
            Code::FeatureNotSupported,
            format!("cannot clone rule \"{}\" of \"{label}\"", rule.name),
        )
        .detail("It uses something that has a name of an object of the system."));
    }
    Ok(())
}

fn state(kind: &str, part: &Part) -> Option<String> {
    let how = match part.enabled? {
        'D' => "DISABLE",
        'R' => "ENABLE REPLICA",
        'A' => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    Some(format!("{how} {kind} {}", ident(&part.name)))
}

fn create_policy(table: &str, policy: &Policy) -> String {
    let command = match policy.command {
        'r' => "SELECT",
        'a' => "INSERT",
        'w' => "UPDATE",
        'd' => "DELETE",
        _ => "ALL",
    };
    let roles: Vec<String> = policy.roles.iter().map(|role| grantee(role.as_deref())).collect();
    let mut sql = format!(
        "CREATE POLICY {} ON {table} AS {} FOR {command} TO {}",
        ident(&policy.name),
        if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" },
        roles.join(", ")
    );
    if let Some(using) = &policy.using {
        sql.push_str(&format!(" USING ({using})"));
    }
    if let Some(check) = &policy.check {
        sql.push_str(&format!(" WITH CHECK ({check})"));
    }
    sql
}

fn settings(work: &mut Work<'_>, relation: &Relation) {
    let mut changes = Vec::new();
    if let Some(kind) = &relation.of_type {
        changes.push(format!("OF {kind}"));
    }
    if let Some(index) = relation.indexes.iter().find(|index| index.clustered) {
        changes.push(format!("CLUSTER ON {}", ident(&index.name)));
    }
    let identity = relation.indexes.iter().find(|index| index.replica_identity);
    match (relation.replica_identity, identity) {
        ('f', _) => changes.push("REPLICA IDENTITY FULL".into()),
        ('n', _) if relation.kind != 'v' => changes.push("REPLICA IDENTITY NOTHING".into()),
        ('i', Some(index)) => changes.push(format!("REPLICA IDENTITY USING INDEX {}", ident(&index.name))),
        _ => {}
    }
    changes.extend(relation.rules.iter().filter_map(|rule| state("RULE", rule)));
    let own = relation.triggers.iter().filter(|trigger| trigger.definition.is_some());
    changes.extend(own.filter_map(|trigger| state("TRIGGER", trigger)));
    change(work, relation, &changes);
}

/// Row security comes after everything that looks at rows: PostgreSQL checks the foreign keys of new partitions by queries, which
/// a policy could refuse, although there is no row.
pub fn row_security(work: &mut Work<'_>) {
    for relation in &work.template.relations {
        let mut changes = Vec::new();
        if relation.row_security {
            changes.push("ENABLE ROW LEVEL SECURITY".to_owned());
        }
        if relation.forced {
            changes.push("FORCE ROW LEVEL SECURITY".to_owned());
        }
        if !changes.is_empty() {
            let statement = work.alter(relation, &changes);
            work.plan.last.push(statement);
        }
    }
}

fn parents(work: &mut Work<'_>, child: &Relation) {
    let name = work.name(&child.name);
    for parent in &child.parents {
        let parent = work.name(&parent.name);
        let sql = match &child.bound {
            Some(bound) if child.partition => {
                format!("ALTER TABLE ONLY {parent} ATTACH PARTITION {name} {bound}")
            }
            _ => format!("ALTER TABLE ONLY {name} INHERIT {parent}"),
        };
        work.plan.statements.push(Statement { role: Some(child.owner), sql });
    }
}
