//! Quoting, exactly as PostgreSQL's `quote_identifier` (always quoting) and `quote_literal` do it.

/// Quotes an identifier, doubling embedded quotes. Always quotes: never wrong, and never a keyword.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a literal, with an escape string where there is a backslash (safe whatever
/// `standard_conforming_strings` says).
pub fn literal(value: &str) -> String {
    let doubled = value.replace('\'', "''");
    if doubled.contains('\\') {
        format!(" E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_always_quoted() {
        assert_eq!(ident("orders"), "\"orders\"");
        assert_eq!(ident("a\"; drop table x; --"), "\"a\"\"; drop table x; --\"");
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal("o'brien"), "'o''brien'");
        assert_eq!(literal("a\\'b"), " E'a\\\\''b'");
    }
}
