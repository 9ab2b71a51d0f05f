//! Functions, procedures and aggregates.

use super::facts::{Aggregate, Function};
use super::plan::Work;
use super::print::{rename, unreadable};
use super::settings::search_path;
use crate::Fault;
use crate::sql::{ident, literal};

/// What a function's body says as a string is copied as it is: nobody can tell which of its words are names. A body that
/// names the template's schema means the template still, and the rights on the template decide. `SET search_path` follows.
///
/// # Errors
/// 55000 for a definition that cannot be read.
pub fn create(work: &mut Work<'_>, function: &Function) -> Result<(), Fault> {
    let name = work.name(&function.name);
    let sql = match (&function.definition, &function.aggregate) {
        (Some(definition), _) => {
            let kinds = ["CREATE OR REPLACE FUNCTION ", "CREATE OR REPLACE PROCEDURE "];
            rename(definition, &kinds, &[&function.head], &format!("{name}("))?
        }
        (None, Some(aggregate)) => create_aggregate(&name, aggregate),
        (None, None) => return Err(unreadable(&function.name)),
    };
    let signature = format!("{}.{}", ident(work.options.schema), function.signature);
    // A superuser has vouched for this one; the copy is the same and belongs to the same role.
    match work.template.roles.get(&function.owner) {
        Some(owner) if function.superuser => {
            work.push_trusted(sql);
            work.push_trusted(format!("ALTER ROUTINE {signature} OWNER TO {}", ident(owner)));
        }
        _ => work.push(function.owner, sql),
    }
    let path = function.settings.iter().find_map(|setting| setting.strip_prefix("search_path="));
    if let Some(path) = path.and_then(|path| search_path(path, &work.template.schema, work.options.schema)) {
        work.push(function.owner, format!("ALTER ROUTINE {signature} SET search_path TO {path}"));
    }
    Ok(())
}

fn create_aggregate(name: &str, aggregate: &Aggregate) -> String {
    let arguments = if aggregate.arguments.is_empty() { "*" } else { &aggregate.arguments };
    let mut options: Vec<String> = Vec::new();
    for (option, function) in &aggregate.functions {
        options.push(format!("{option} = {function}"));
    }
    for (option, kind) in &aggregate.types {
        options.extend(kind.iter().map(|kind| format!("{option} = {kind}")));
    }
    for (option, number) in aggregate.numbers.iter().filter(|(_, number)| **number != 0) {
        options.push(format!("{option} = {number}"));
    }
    for (option, text) in &aggregate.texts {
        options.extend(text.iter().map(|text| format!("{option} = {}", literal(text))));
    }
    if aggregate.extra {
        options.push("FINALFUNC_EXTRA".into());
    }
    if aggregate.moving_extra {
        options.push("MFINALFUNC_EXTRA".into());
    }
    if aggregate.functions.contains_key("FINALFUNC") {
        options.push(format!("FINALFUNC_MODIFY = {}", modify(aggregate.modify)));
    }
    if aggregate.functions.contains_key("MFINALFUNC") {
        options.push(format!("MFINALFUNC_MODIFY = {}", modify(aggregate.moving_modify)));
    }
    if let Some(sort) = &aggregate.sort {
        options.push(format!("SORTOP = {sort}"));
    }
    if aggregate.kind == 'h' {
        options.push("HYPOTHETICAL".into());
    }
    options.push(format!(
        "PARALLEL = {}",
        match aggregate.parallel {
            's' => "SAFE",
            'r' => "RESTRICTED",
            _ => "UNSAFE",
        }
    ));
    format!("CREATE AGGREGATE {name}({arguments}) ({})", options.join(", "))
}

fn modify(modify: char) -> &'static str {
    match modify {
        's' => "SHAREABLE",
        'w' => "READ_WRITE",
        _ => "READ_ONLY",
    }
}
