//! `SET search_path` of functions.

use crate::sql::literal;

/// A search path with `new` for `old`, as SET wants it; `None` if `old` is not in it.
pub fn search_path(path: &str, old: &str, new: &str) -> Option<String> {
    let names = split(path);
    if !names.iter().any(|name| name == old) {
        return None;
    }
    let names: Vec<String> = names
        .iter()
        .map(|name| literal(if name == old { new } else { name }).trim_start().to_owned())
        .collect();
    Some(names.join(", "))
}

/// The names of a list of identifiers, as PostgreSQL stores it: separated by commas, in quotes where necessary. A name
/// without quotes is in lower case there already.
fn split(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quoted = false;
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                name.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            character if character.is_whitespace() && !quoted => {}
            character => name.push(character),
        }
    }
    names.push(name);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_becomes_the_copy() {
        assert_eq!(
            search_path("app, pg_catalog, pg_temp", "app", "wt_1").as_deref(),
            Some("'wt_1', 'pg_catalog', 'pg_temp'")
        );
    }

    #[test]
    fn other_paths_stay() {
        assert_eq!(search_path("pg_catalog, pg_temp", "app", "wt_1"), None);
        assert_eq!(search_path("\"$user\", application", "app", "wt_1"), None);
        assert_eq!(search_path("\"\"", "app", "wt_1"), None);
    }

    #[test]
    fn quoted_names_are_read() {
        assert_eq!(
            search_path("\"My \"\"app\"\", x\", \"$user\", public", "My \"app\", x", "wt_1").as_deref(),
            Some("'wt_1', '$user', 'public'")
        );
    }
}
