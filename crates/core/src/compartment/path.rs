//! `search_path` on entering a compartment.

use super::id_of_schema;

/// One element of a list of identifiers, as it is written, and the name it means.
struct Element<'a> {
    written: &'a str,
    name: String,
}

fn elements(path: &str) -> Vec<Element<'_>> {
    let mut found = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, character) in path.char_indices().chain([(path.len(), ',')]) {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted || at == path.len() => {
                let written = path[start..at].trim();
                if !written.is_empty() {
                    found.push(Element { written, name: meaning(written) });
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn meaning(written: &str) -> String {
    match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => written.to_ascii_lowercase(),
    }
}

/// The path with a compartment's schema first (or with none), and no other compartment's; `None` if that is what it is. What else
/// stands in it stays as it is written.
pub fn entered_path(path: &str, schema: Option<&str>) -> Option<String> {
    let elements = elements(path);
    let mut theirs = elements.iter().filter(|element| id_of_schema(element.name.as_bytes()).is_some());
    let as_it_should_be = match schema {
        Some(schema) => elements.first().is_some_and(|first| first.name == schema) && theirs.nth(1).is_none(),
        None => theirs.next().is_none(),
    };
    if as_it_should_be {
        return None;
    }
    let others = elements
        .iter()
        .filter(|element| id_of_schema(element.name.as_bytes()).is_none())
        .map(|element| element.written);
    Some(schema.into_iter().chain(others).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::schema_of;
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_schema_comes_first_and_once() {
        let (a, b) = (schema_of(Uuid::from_u128(1)), schema_of(Uuid::from_u128(2)));
        let entered = |path: &str| entered_path(path, Some(&a));
        assert_eq!(entered("\"$user\", public"), Some(format!("{a}, \"$user\", public")));
        assert_eq!(entered(&format!("{b}, public")), Some(format!("{a}, public")));
        assert_eq!(entered(&format!("public,\"{b}\",{}", a.to_uppercase())), Some(format!("{a}, public")));
        assert_eq!(entered(""), Some(a.clone()));
        assert_eq!(entered("\"\""), Some(format!("{a}, \"\"")));
        assert_eq!(entered(&format!("{a}, public")), None);
        assert_eq!(entered(&format!("{a}, public, {b}")), Some(format!("{a}, public")));
    }

    #[test]
    fn leaving_takes_it_away() {
        let a = schema_of(Uuid::from_u128(1));
        assert_eq!(entered_path("public", None), None);
        assert_eq!(entered_path(&format!("{a}, public"), None), Some("public".to_owned()));
    }

    #[test]
    fn names_with_commas_and_quotes_stay_one() {
        let a = schema_of(Uuid::from_u128(1));
        let path = "\"a,b\", \"c\"\"d,e\", f";
        assert_eq!(entered_path(path, Some(&a)), Some(format!("{a}, {path}")));
    }
}
