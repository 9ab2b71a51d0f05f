//! Names and definitions in statements.

use crate::sql::{ident, literal};
use crate::{Code, Fault};

/// `"schema"."name"`
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

/// A role, or PUBLIC.
pub fn grantee(role: Option<&str>) -> String {
    role.map_or_else(|| "PUBLIC".to_owned(), ident)
}

/// Storage parameters (`name=value`) as a list in parentheses; nothing if there are none.
pub fn options<'a>(options: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let list: Vec<String> = options
        .into_iter()
        .map(|(prefix, option)| {
            let (name, value) = option.split_once('=').unwrap_or((option, "true"));
            format!("{prefix}{} = {}", ident(name), literal(value))
        })
        .collect();
    if list.is_empty() { String::new() } else { format!(" ({})", list.join(", ")) }
}

/// Puts `new` where a definition says `before` and then one of `names`, outside of quotes.
///
/// # Errors
/// 55000 where it does not say so: a bug of ours.
pub fn rename(definition: &str, before: &[&str], names: &[&str], new: &str) -> Result<String, Fault> {
    let mut quote = None;
    for (at, byte) in definition.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, _) => {
                let Some(rest) = definition.get(at..) else { continue };
                let found = before.iter().find_map(|before| {
                    let rest = rest.strip_prefix(before)?;
                    let tail = names.iter().find_map(|name| whole(rest, name))?;
                    Some((before, tail))
                });
                if let Some((before, tail)) = found {
                    let head = definition.get(..at).unwrap_or_default();
                    return Ok(format!("{head}{before}{new}{tail}"));
                }
            }
        }
    }
    Err(unreadable(definition))
}

/// What follows a name, if that is the end of the name.
fn whole<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let tail = text.strip_prefix(name)?;
    let ends = name.ends_with('(') || tail.starts_with([' ', '\n', '(', ';']) || tail.is_empty();
    ends.then_some(tail)
}

/// What the catalogs say is not what we know how to read.
pub fn unreadable(what: &str) -> Fault {
    Fault::new(Code::NotInPrerequisiteState, format!("watertight could not read the template: {what}"))
}
