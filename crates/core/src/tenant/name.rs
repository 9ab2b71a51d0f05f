//! A tenant's name: it stands in text tenant columns and in tokens, so it must mean one thing only.

use crate::{Code, Fault};
use uuid::Uuid;

/// The longest name, in characters.
pub const MAX_LENGTH: usize = 200;

/// Checks a name for a new tenant.
///
/// # Errors
/// 22023 for an empty or too long name, surrounding white space, control or invisible formatting characters, or a
/// name that reads as a uuid (a token's tenant claim that is a uuid means a tenant's id).
pub fn check_name(name: &str) -> Result<(), Fault> {
    let refuse = |why: &str| {
        Err(Fault::new(Code::InvalidParameter, "invalid tenant name")
            .detail(why)
            .hint("Use a short, stable name such as a slug: it is stored in rows and cannot be changed."))
    };
    if name.is_empty() {
        return refuse("The name is empty.");
    }
    if name.chars().count() > MAX_LENGTH {
        return refuse("The name is longer than 200 characters.");
    }
    if name.trim() != name {
        return refuse("The name starts or ends with white space.");
    }
    if name.chars().any(|c| c.is_control() || is_invisible(c)) {
        return refuse("The name contains control or invisible characters.");
    }
    if Uuid::try_parse(name).is_ok() {
        return refuse("The name reads as a uuid, which would be taken for a tenant's id.");
    }
    Ok(())
}

/// Characters that make two different names look the same: zero-width, direction and soft-hyphen marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass() {
        for name in ["hospital_a", "Acme GmbH & Co. KG", "医院", "42", "o'brien"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn ambiguous_names_are_refused() {
        let long = "x".repeat(201);
        for name in [
            "",
            " a",
            "a ",
            "a\0b",
            "a\nb",
            "ac\u{200b}me",
            "\u{202e}emca",
            "67e55044-10b1-426f-9247-bb680e5fe0c8",
            "67e5504410b1426f9247bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
            &long,
        ] {
            assert_eq!(check_name(name).map_err(|f| f.code), Err(Code::InvalidParameter), "{name:?}");
        }
    }
}
