//! What a compartment may be called.

use crate::tenant;
use crate::{Code, Fault};

/// What Global is called in tokens and functions.
pub const GLOBAL_NAME: &str = "global";

/// Checks a name for a new compartment. The rules are a tenant's (a token may name a compartment, too), and nothing but Global
/// is called global.
///
/// # Errors
/// 22023 for a name that could be misread.
pub fn check_name(name: &str) -> Result<(), Fault> {
    tenant::check_name(name).map_err(|fault| Fault {
        message: "invalid compartment name".to_owned(),
        hint: Some("Choose another name.".to_owned()),
        ..fault
    })?;
    if name.eq_ignore_ascii_case(GLOBAL_NAME) {
        return Err(Fault::new(Code::InvalidParameter, "invalid compartment name")
            .detail("Every tenant has a compartment of this name, which is what is shared.")
            .hint("Choose another name."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_global_is_global() {
        for name in ["global", "Global", "GLOBAL", "", " a", "67e55044-10b1-426f-9247-bb680e5fe0c8"] {
            assert_eq!(check_name(name).map_err(|fault| fault.code), Err(Code::InvalidParameter), "{name:?}");
        }
        for name in ["client a", "globals", "研究"] {
            assert_eq!(check_name(name), Ok(()), "{name:?}");
        }
    }
}
