//! PostgreSQL minor versions with known holes in row security.

use crate::{Code, Fault};

/// The first minors that fix CVE-2026-14666 (cached row security policies outlive changes of role membership) and
/// everything before it, as `server_version_num`.
const FIXED: [u32; 4] = [150_019, 160_015, 170_011, 180_006];

/// What to say about a server of this version; `None` if it is recent enough.
pub fn old_server(version_num: u32) -> Option<Fault> {
    let fixed = FIXED.into_iter().find(|fixed| fixed / 10_000 == version_num / 10_000)?;
    if version_num >= fixed {
        return None;
    }
    let show = |version: u32| format!("{}.{}", version / 10_000, version % 10_000);
    Some(
        Fault::new(
            Code::NotInPrerequisiteState,
            format!("PostgreSQL {} has known holes in row security", show(version_num)),
        )
        .detail("Cached row security policies survive changes of role membership (CVE-2026-14666).")
        .hint(format!("Update to PostgreSQL {} or later.", show(fixed))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_minors_are_named() {
        let fault = old_server(150_018).unwrap();
        assert_eq!(fault.message, "PostgreSQL 15.18 has known holes in row security");
        assert_eq!(fault.hint.as_deref(), Some("Update to PostgreSQL 15.19 or later."));
        assert!(old_server(180_001).is_some());
    }

    #[test]
    fn fixed_and_unknown_ones_are_not() {
        for version in [150_019, 150_020, 170_011, 180_006, 190_000, 0] {
            assert_eq!(old_server(version), None);
        }
    }
}
